"""What members share with the clinicians of a group: who, what, until when."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists
from sqlmodel import and_, col, or_, select

from server.store.consents import is_standing
from server.store.tables import Consent, Member, Membership, Room
from server.store.work import Work


def of_member(work: Work, member_id: UUID) -> Sequence[tuple[Consent, Room]]:
    """Everything a member ever shared with a group, newest first."""
    query = (
        select(Consent, Room)
        .join(Room, col(Room.id) == Consent.room_id)
        .where(Consent.member_id == member_id)
    )
    return work.session.exec(query.order_by(col(Consent.given_at).desc(), col(Consent.id))).all()


def unwithdrawn(
    work: Work, member_id: UUID, room_id: UUID, scopes: Collection[str]
) -> Sequence[Consent]:
    """Each that was given to this group and not taken back, locked where the engine locks rows."""
    query = select(Consent).where(
        Consent.member_id == member_id,
        Consent.room_id == room_id,
        col(Consent.scope).in_(scopes),
        col(Consent.withdrawn_at).is_(None),
    )
    return work.session.exec(query.order_by(col(Consent.id)).with_for_update()).all()


def hold(work: Work, consent: Consent) -> bool:
    """Keep it as it is until the commit, where the engine locks rows. False: it was just taken back.

    A look and a withdrawal so come one after the other, and never at once.
    """
    query = select(Consent.withdrawn_at).where(Consent.id == consent.id).with_for_update(read=True)
    return work.session.exec(query).one() is None


def people(work: Work, room_id: UUID, but: UUID) -> Sequence[tuple[Member, Consent]]:
    """Members with a seat in the room and what each shares there now, by name."""
    query = (
        select(Member, Consent)
        .join(Membership, col(Membership.member_id) == Member.id)
        .join(Consent, col(Consent.member_id) == Member.id)
        .where(
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
            Consent.room_id == room_id,
            Member.state == "active",
            Member.id != but,
            is_standing(work.now),
        )
    )
    return work.session.exec(query.order_by(Member.pseudonym, col(Consent.given_at))).all()


def rooms_with_clinician(work: Work, room_ids: Collection[UUID]) -> set[UUID]:
    """Those of these rooms in which a clinician sits who is active."""
    query = (
        select(Membership.room_id)
        .join(Member, col(Member.id) == Membership.member_id)
        .where(
            col(Membership.room_id).in_(room_ids),
            col(Membership.left_at).is_(None),
            Membership.seat == "clinician",
            Member.role == "clinician",
            Member.state == "active",
        )
    )
    return set(work.session.exec(query.distinct()).all())


def groups_of(work: Work, member_id: UUID) -> Sequence[Room]:
    """Open rooms in which a member sits, and others that something was given to and still stands."""
    sits = exists().where(
        col(Membership.room_id) == Room.id,
        col(Membership.member_id) == member_id,
        col(Membership.left_at).is_(None),
        col(Room.state) == "open",
    )
    given = exists().where(
        col(Consent.room_id) == Room.id, col(Consent.member_id) == member_id, is_standing(work.now)
    )
    query = select(Room).where(Room.kind == "room", or_(sits, given))
    return work.session.exec(query.order_by(Room.name)).all()


def ending(work: Work, within: timedelta, limit: int) -> Sequence[Consent]:
    """What ends so soon and whose member has not been told, the first to end first."""
    query = select(Consent).where(_is_ending(work.now, within))
    ordered = query.order_by(col(Consent.until), col(Consent.id)).limit(limit)
    return work.session.exec(ordered.with_for_update()).all()


def has_ending(work: Work, within: timedelta) -> bool:
    """Whether there is any."""
    query = select(Consent.id).where(_is_ending(work.now, within))
    return work.session.exec(query.limit(1)).first() is not None


def _is_ending(now: datetime, within: timedelta) -> ColumnElement[bool]:
    return and_(
        col(Consent.room_id).is_not(None),
        col(Consent.end_told_at).is_(None),
        col(Consent.until) <= now + within,
        is_standing(now),
    )
