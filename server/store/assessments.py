"""Queries about assessments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, delete, func, select

from server.store.tables import Assessment, Message
from server.store.work import Work

COUNTED_UP_TO: Final = 1_000
"""Where a model does not know the language, all that is said is unread: beyond this nobody counts."""
_UNREAD = col(Assessment.assessed).is_(False)
_MISSED = (_UNREAD, col(Assessment.why_not).in_(("late", "broken")))


def find(work: Work, assessment_id: UUID) -> Assessment | None:
    """One reading."""
    return work.session.get(Assessment, assessment_id)


def raised_anything(work: Work, message_id: UUID) -> bool:
    """Whether any reading of this message asked a person to look."""
    query = select(Assessment.id).where(
        Assessment.message_id == message_id, Assessment.urgency != "none"
    )
    return work.session.exec(query).first() is not None


def raised_by(
    work: Work, message_ids: Sequence[UUID]
) -> list[tuple[Sequence[str], Mapping[str, Any]]]:
    """Reasons and signals of each reading of these that asked a person to look."""
    query = select(Assessment.reasons, Assessment.signals).where(
        col(Assessment.message_id).in_(message_ids), Assessment.urgency != "none"
    )
    return [(reasons, signals) for reasons, signals in work.session.exec(query)]


def is_assessed(work: Work, message_id: UUID) -> bool:
    """Whether this message's words were read as they are now. By what is there, not by time: clocks go back."""
    query = select(Assessment.assessed).where(Assessment.message_id == message_id)
    readings = work.session.exec(query).all()
    return bool(readings) and all(readings)


def newest_model(work: Work, message_id: UUID) -> str | None:
    """What read this message last; None where nothing has."""
    query = select(Assessment.model).where(
        Assessment.message_id == message_id, col(Assessment.assessed).is_(True)
    )
    newest = query.order_by(col(Assessment.at).desc(), col(Assessment.id).desc()).limit(1)
    return work.session.exec(newest).first()


def forget_unread(work: Work, message_id: UUID) -> str | None:
    """That a message could not be read: it is read anew, or its words are other ones now.

    Returns why no nudge was shown for it then.
    """
    unread = (
        delete(Assessment)
        .where(col(Assessment.message_id) == message_id, _UNREAD)
        .returning(col(Assessment.left_out))
    )
    return next((str(why) for (why,) in work.session.exec(unread) if why), None)


def left_out(work: Work, begin: datetime, end: datetime) -> Sequence[tuple[str, UUID]]:
    """Each nudge that was left out from `begin` on and before `end`: why, and of whom."""
    query = (
        select(Assessment.left_out, Message.author_id)
        .join(Message, col(Message.id) == Assessment.message_id)
        .where(col(Assessment.left_out).is_not(None), Assessment.at >= begin, Assessment.at < end)
    )
    return [(str(why), author) for why, author in work.session.exec(query)]


def waiting(work: Work, limit: int) -> Sequence[tuple[Assessment, Message]]:
    """What a model missed because it was late or broken, oldest first."""
    query = (
        select(Assessment, Message)
        .join(Message, col(Message.id) == Assessment.message_id)
        .where(*_MISSED)
        .order_by(col(Assessment.at))
        .limit(limit)
    )
    return work.session.exec(query).all()


def waiting_since(work: Work) -> datetime | None:
    """When the oldest shown message was said that a model missed; None: none waits."""
    query = (
        select(func.min(Message.at))
        .join(Assessment, col(Message.id) == Assessment.message_id)
        .where(*_MISSED, Message.state == "published")
    )
    return work.session.exec(query).one()


def count_unread(work: Work, room_ids: Sequence[UUID] | None = None) -> int:
    """Messages that are shown and that nothing has read, up to COUNTED_UP_TO. room_ids: None for all."""
    found = (
        select(Assessment.message_id)
        .join(Message, col(Message.id) == Assessment.message_id)
        .where(_UNREAD, Message.state == "published")
        .limit(COUNTED_UP_TO)
    )
    if room_ids is not None:
        found = found.where(col(Assessment.room_id).in_(room_ids))
    return work.session.exec(select(func.count()).select_from(found.subquery())).one()


def unread(work: Work, room_ids: Sequence[UUID], limit: int) -> list[tuple[Message, str | None]]:
    """The newest of these messages and why, oldest first."""
    found = [one for room_id in room_ids for one in _unread_in(work, room_id, limit)]
    return sorted(found, key=lambda one: (one[0].at, one[0].id))[-limit:]


def _unread_in(work: Work, room_id: UUID, limit: int) -> Sequence[tuple[Message, str | None]]:
    query = (
        select(Message, Assessment.why_not)
        .join(Assessment, col(Message.id) == Assessment.message_id)
        .where(Assessment.room_id == room_id, _UNREAD, Message.state == "published")
        .order_by(col(Assessment.at).desc())
        .limit(limit)
    )
    return work.session.exec(query).all()
