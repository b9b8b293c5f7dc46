"""Queries about access in an emergency, and the sealing of why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import aliased
from sqlmodel import col, or_, select

from server.store.sealing import Spot
from server.store.tables import Emergency, Member, Membership, Room
from server.store.work import Work


def add(work: Work, emergency: Emergency, words: str) -> None:
    """Keep it; why is sealed under the member's key."""
    emergency.sealed = work.sealer.seal(emergency.member_id, words, _spot(emergency))
    work.session.add(emergency)
    work.session.flush()


def open_words(work: Work, emergency: Emergency) -> str | None:
    """Why, as it was said; None when it can no longer be read."""
    return work.sealer.opened(emergency.member_id, emergency.sealed, _spot(emergency))


def lock(work: Work, emergency_id: UUID) -> Emergency | None:
    """One of them, locked until the commit where the engine locks rows."""
    query = select(Emergency).where(Emergency.id == emergency_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def find_open(work: Work, asked_by: UUID, room_id: UUID, member_id: UUID) -> Emergency | None:
    """The one that lets a clinician see this member now."""
    query = select(Emergency).where(
        Emergency.asked_by == asked_by,
        Emergency.room_id == room_id,
        Emergency.member_id == member_id,
        *is_open(work.now),
    )
    return work.session.exec(query.order_by(col(Emergency.until).desc())).first()


def hold(work: Work, emergency: Emergency) -> bool:
    """Keep it as it is until the commit, where the engine locks rows. False: it was just ended."""
    query = (
        select(Emergency.ended_at).where(Emergency.id == emergency.id).with_for_update(read=True)
    )
    return work.session.exec(query).one() is None


def living(
    work: Work, now: datetime, asked_since: datetime, room_ids: Sequence[UUID] | None
) -> Sequence[tuple[Emergency, Room, Member, Member]]:
    """Those that are open or wait for a second person: with the room, the member and who asked.

    asked_since: what was asked before waits no more. room_ids: of these rooms only; None for all.
    """
    asker: Any = aliased(Member)
    member: Any = aliased(Member)
    waits = and_(
        ~col(Emergency.at_once),
        col(Emergency.answer).is_(None),
        col(Emergency.ended_at).is_(None),
        col(Emergency.asked_at) > asked_since,
    )
    query = (
        select(Emergency, Room, member, asker)
        .join(Room, col(Room.id) == Emergency.room_id)
        .join(member, member.id == Emergency.member_id)
        .join(asker, asker.id == Emergency.asked_by)
        .where(or_(waits, and_(*is_open(now))))
        .order_by(col(Emergency.asked_at))
    )
    if room_ids is not None:
        query = query.where(col(Emergency.room_id).in_(room_ids))
    return work.session.exec(query).all()


def has_living(
    work: Work, asked_by: UUID, room_id: UUID, member_id: UUID, asked_since: datetime
) -> bool:
    """Whether this clinician has one about this member that is open, or waits."""
    waits = and_(
        ~col(Emergency.at_once),
        col(Emergency.answer).is_(None),
        col(Emergency.ended_at).is_(None),
        col(Emergency.asked_at) > asked_since,
    )
    query = select(Emergency.id).where(
        Emergency.asked_by == asked_by,
        Emergency.room_id == room_id,
        Emergency.member_id == member_id,
        or_(waits, and_(*is_open(work.now))),
    )
    return work.session.exec(query.limit(1)).first() is not None


def was_alone(work: Work, asked_by: UUID, member_id: UUID, since: datetime) -> bool:
    """Whether this clinician opened one at once since then, in whichever group."""
    query = select(Emergency.id).where(
        Emergency.asked_by == asked_by,
        Emergency.member_id == member_id,
        col(Emergency.at_once),
        col(Emergency.asked_at) > since,
    )
    return work.session.exec(query.limit(1)).first() is not None


def untold(work: Work, limit: int) -> Sequence[Emergency]:
    """Those that were open, are over, and whose member has not been told; locked."""
    query = select(Emergency).where(*_untold(work.now)).order_by(col(Emergency.until)).limit(limit)
    return work.session.exec(query.with_for_update()).all()


def has_untold(work: Work) -> bool:
    """Whether there is any."""
    return (
        work.session.exec(select(Emergency.id).where(*_untold(work.now)).limit(1)).first()
        is not None
    )


def is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Open now."""
    return (col(Emergency.until) > now, col(Emergency.ended_at).is_(None))


def find_seated(work: Work, room_id: UUID, name_key: str) -> Member | None:
    """The active member of that name who sits in the room as nothing but a member."""
    query = (
        select(Member)
        .join(Membership, col(Membership.member_id) == Member.id)
        .where(
            Member.name_key == name_key,
            Member.state == "active",
            Membership.room_id == room_id,
            col(Membership.left_at).is_(None),
            col(Membership.seat).in_(("member", "host")),
        )
    )
    return work.session.exec(query).first()


def who_may_answer(work: Work, room_id: UUID, but: UUID) -> Sequence[Member]:
    """The room's other clinicians, and the stewards."""
    seated = select(Membership.member_id).where(
        Membership.room_id == room_id,
        col(Membership.left_at).is_(None),
        Membership.seat == "clinician",
    )
    cares = and_(col(Member.role) == "clinician", col(Member.id).in_(seated))
    query = select(Member).where(
        or_(cares, col(Member.role) == "steward"), Member.state == "active", Member.id != but
    )
    return work.session.exec(query.order_by(col(Member.id))).all()


def _untold(now: datetime) -> tuple[ColumnElement[bool], ...]:
    over = or_(col(Emergency.until) <= now, col(Emergency.ended_at).is_not(None))
    return (col(Emergency.until).is_not(None), col(Emergency.told_at).is_(None), over)


def _spot(emergency: Emergency) -> Spot:
    return Spot("emergency", "sealed", emergency.id, emergency.room_id)
