"""Queries about members, their sessions and invitations."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import Invitation, Member, Session, Shift
from server.store.work import Work


def find_member(work: Work, member_id: UUID) -> Member | None:
    """A member, whatever their state."""
    return work.session.get(Member, member_id)


def roles_of(work: Work, member_ids: Collection[UUID]) -> dict[UUID, str]:
    """What each of them is in this place, by id."""
    query = select(Member.id, Member.role).where(col(Member.id).in_(member_ids))
    return {member_id: role for member_id, role in work.session.exec(query)}  # noqa: C416 - rows are not pairs to mypy


def find_by_name_key(work: Work, name_key: str) -> Member | None:
    """Who has this folded pseudonym."""
    return work.session.exec(select(Member).where(Member.name_key == name_key)).first()


def hold_by_code(work: Work, name_key: str, code_digest: bytes) -> Member | None:
    """Whose pseudonym and recovery code these are, locked until the commit where the engine locks rows.

    Of two who come with one code, one is second. A wrong code takes as long as nobody.
    """
    query = select(Member).where(Member.name_key == name_key, Member.recovery_digest == code_digest)
    return work.session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).first()


def live_sessions(work: Work, member_id: UUID, now: datetime) -> Sequence[Session]:
    """A member's sessions that still stand, newest first."""
    query = select(Session).where(
        Session.member_id == member_id, col(Session.ended_at).is_(None), Session.expires_at > now
    )
    return work.session.exec(query.order_by(col(Session.created_at).desc())).all()


def ended_sessions(work: Work) -> set[UUID]:
    """Every session that is over before its time."""
    return set(work.session.exec(select(Session.id).where(col(Session.ended_at).is_not(None))))


def end_sessions(work: Work, which: Collection[UUID] | None) -> None:
    """Those of them that still stand; None: all."""
    for session in work.session.exec(select(Session).where(col(Session.ended_at).is_(None))):
        if which is None or session.id in which:
            session.ended_at = work.now
            work.session.add(session)


def open_invitation(work: Work, code_digest: bytes) -> Invitation | None:
    """An invitation that opens the door now, locked until the commit. One that did takes as long as none."""
    query = select(Invitation).where(
        Invitation.code_digest == code_digest,
        col(Invitation.redeemed_at).is_(None),
        Invitation.expires_at > work.now,
    )
    return work.session.exec(query.with_for_update()).first()


def open_shift(work: Work, member_id: UUID) -> Shift | None:
    """The shift a member is on."""
    query = select(Shift).where(Shift.member_id == member_id, col(Shift.ended_at).is_(None))
    return work.session.exec(query).first()


def has_steward(work: Work) -> bool:
    """Whether anybody runs this place yet."""
    query = select(Member.id).where(Member.role == "steward", Member.state == "active")
    return work.session.exec(query).first() is not None


def open_steward_invitations(work: Work) -> Sequence[Invitation]:
    """Unused doors for a first steward, made by nobody."""
    query = select(Invitation).where(
        Invitation.role == "steward",
        col(Invitation.redeemed_at).is_(None),
        col(Invitation.made_by).is_(None),
        Invitation.expires_at > work.now,
    )
    return work.session.exec(query).all()


def all_members(work: Work) -> Sequence[Member]:
    """Everybody, by pseudonym."""
    return work.session.exec(select(Member).order_by(Member.pseudonym)).all()
