"""Queries about assessments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, delete, func, select

from server.store.tables import Assessment, Message
from server.store.work import Work

_MISSED = (
    col(Assessment.assessed).is_(False),
    col(Assessment.why_not).in_(("late", "broken")),
)


def find(work: Work, assessment_id: UUID) -> Assessment | None:
    """One reading."""
    return work.session.get(Assessment, assessment_id)


def raised_anything(work: Work, message_id: UUID) -> bool:
    """Whether any reading of this message asked a person to look."""
    query = select(Assessment.id).where(
        Assessment.message_id == message_id, Assessment.urgency != "none"
    )
    return work.session.exec(query).first() is not None


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
        .where(col(Assessment.message_id) == message_id, col(Assessment.assessed).is_(False))
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
