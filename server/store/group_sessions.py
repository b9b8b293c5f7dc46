"""Queries about group sessions, and the sealing of what they are called and about."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlmodel import col, delete, select

from server.store.sealing import Spot, Unreadable
from server.store.tables import (
    GroupSession,
    GroupSessionPresence,
    GroupSessionReminder,
    GroupSessionTimer,
    Member,
    Membership,
    Message,
)
from server.store.work import Work

UNREADABLE = "[These words can no longer be read.]"
DAY, SOON, COUNT = "day", "soon", "count"


def seal(work: Work, session: GroupSession, by: UUID, title: str, about: str | None) -> None:
    """Put title and words into it, sealed under the key of whoever wrote them."""
    words = orjson.dumps([title, about]).decode()
    session.sealed_by, session.sealed = by, work.sealer.seal(by, words, _spot(session))
    work.session.add(session)


def open_words(work: Work, session: GroupSession) -> tuple[str, str | None]:
    """Its title, and what it is about."""
    try:
        title, about = orjson.loads(
            work.sealer.open(session.sealed_by, session.sealed, _spot(session))
        )
    except Unreadable:
        return UNREADABLE, None
    return title, about


def find(work: Work, session_id: UUID) -> GroupSession | None:
    """One, whoever asks: access is the caller's duty."""
    return work.session.get(GroupSession, session_id)


def find_locked(work: Work, session_id: UUID) -> GroupSession | None:
    """The same as it is now, locked until the commit where the engine locks rows."""
    query = select(GroupSession).where(GroupSession.id == session_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def upcoming(work: Work, room_ids: Collection[UUID], limit: int) -> Sequence[GroupSession]:
    """Those that are not over and were not cancelled, what comes first first."""
    query = select(GroupSession).where(
        col(GroupSession.room_id).in_(room_ids),
        GroupSession.ends_at > work.now,
        col(GroupSession.cancelled_at).is_(None),
    )
    return work.session.exec(
        query.order_by(col(GroupSession.starts_at), col(GroupSession.id)).limit(limit)
    ).all()


def past(work: Work, room_id: UUID, limit: int) -> Sequence[GroupSession]:
    """Those that are over or were cancelled, newest first."""
    query = select(GroupSession).where(
        GroupSession.room_id == room_id,
        (col(GroupSession.ends_at) <= work.now) | col(GroupSession.cancelled_at).is_not(None),
    )
    return work.session.exec(query.order_by(col(GroupSession.starts_at).desc()).limit(limit)).all()


def overlaps(work: Work, session: GroupSession) -> bool:
    """Whether another session of this room stands in any part of its time."""
    query = select(GroupSession.id).where(
        GroupSession.room_id == session.room_id,
        GroupSession.id != session.id,
        col(GroupSession.cancelled_at).is_(None),
        GroupSession.starts_at < session.ends_at,
        GroupSession.ends_at > session.starts_at,
    )
    return work.session.exec(query.limit(1)).first() is not None


def reminded(work: Work, session_id: UUID) -> Sequence[UUID]:
    """Who asked to be reminded, and still has a seat in its room."""
    query = (
        select(GroupSessionReminder.member_id)
        .join(GroupSession, col(GroupSession.id) == GroupSessionReminder.session_id)
        .join(
            Membership,
            (col(Membership.member_id) == GroupSessionReminder.member_id)
            & (col(Membership.room_id) == GroupSession.room_id),
        )
        .join(Member, col(Member.id) == GroupSessionReminder.member_id)
        .where(
            GroupSessionReminder.session_id == session_id,
            col(Membership.left_at).is_(None),
            Member.state == "active",
        )
        .order_by(col(GroupSessionReminder.member_id))
    )
    return work.session.exec(query).all()


def my_reminders(work: Work, member_id: UUID, session_ids: Collection[UUID]) -> set[UUID]:
    """Of which of these a member wants to be reminded."""
    query = select(GroupSessionReminder.session_id).where(
        GroupSessionReminder.member_id == member_id,
        col(GroupSessionReminder.session_id).in_(session_ids),
    )
    return set(work.session.exec(query))


def timers_of(work: Work, session_id: UUID) -> dict[str, GroupSessionTimer]:
    """What is planned for one, by kind."""
    query = select(GroupSessionTimer).where(GroupSessionTimer.session_id == session_id)
    return {timer.kind: timer for timer in work.session.exec(query)}


def find_due(work: Work, limit: int) -> Sequence[UUID]:
    """Timers that are due and not done, the longest due first."""
    query = select(GroupSessionTimer.id).where(
        col(GroupSessionTimer.done_at).is_(None), GroupSessionTimer.due_at <= work.now
    )
    return work.session.exec(query.order_by(col(GroupSessionTimer.due_at)).limit(limit)).all()


def take(work: Work, timer_id: UUID) -> tuple[GroupSessionTimer, GroupSession] | None:
    """One that is still due, with its session, both locked where the engine locks rows: the session
    first, as a change locks it. None when it was done or moved meanwhile."""
    session_id = work.session.exec(
        select(GroupSessionTimer.session_id).where(GroupSessionTimer.id == timer_id)
    ).one()
    session = find_locked(work, session_id)
    query = (
        select(GroupSessionTimer)
        .where(
            GroupSessionTimer.id == timer_id,
            col(GroupSessionTimer.done_at).is_(None),
            GroupSessionTimer.due_at <= work.now,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    timer = work.session.exec(query).first()
    return (timer, session) if timer and session else None


def live(work: Work) -> Sequence[tuple[UUID, UUID]]:
    """Sessions that go on right now: each with its room."""
    query = select(GroupSession.id, GroupSession.room_id).where(
        GroupSession.starts_at <= work.now,
        GroupSession.ends_at > work.now,
        col(GroupSession.cancelled_at).is_(None),
    )
    return work.session.exec(query).all()


def present(work: Work, session_id: UUID) -> set[UUID]:
    """Who had the room open so far."""
    query = select(GroupSessionPresence.member_id).where(
        GroupSessionPresence.session_id == session_id
    )
    return set(work.session.exec(query))


def wrote(work: Work, session: GroupSession) -> set[UUID]:
    """Who said something in the room during it."""
    query = select(Message.author_id).where(
        Message.room_id == session.room_id,
        col(Message.published_at) >= session.starts_at,
        col(Message.published_at) < session.ends_at,
        Message.author_kind == "person",
    )
    return set(work.session.exec(query.distinct()))


def forget_present(work: Work, session_id: UUID) -> None:
    """Nobody looks up any more who was there."""
    work.session.exec(
        delete(GroupSessionPresence).where(col(GroupSessionPresence.session_id) == session_id)
    )


def is_over(session: GroupSession, now: datetime) -> bool:
    """Held to its end."""
    return session.cancelled_at is None and session.ends_at <= now


def _spot(session: GroupSession) -> Spot:
    return Spot("group_session", "sealed", session.id, session.room_id)
