"""What a room's week is made of: who and when, never words. Each row names the person behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from server.store.tables import Assessment, Case, FeltHeard, Message, NudgeShown
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Span:
    """A room, from `start` up to, not with, `end`."""

    room: UUID
    start: datetime
    end: datetime


class Said(NamedTuple):
    """One message that was published."""

    id: UUID
    author: UUID
    at: datetime
    ask: bool
    begins: bool
    """It answers nobody."""


class Reply(NamedTuple):
    """An answer by another person to a message of the span."""

    to: UUID
    at: datetime


class Raised(NamedTuple):
    """One case."""

    subject: UUID
    urgency: str
    opened_at: datetime
    first_human_at: datetime | None


def said(work: Work, span: Span) -> list[Said]:
    """What people said, in the order of its publication."""
    query = (
        select(
            col(Message.id),
            col(Message.author_id),
            col(Message.published_at),
            col(Message.ask),
            col(Message.reply_to),
        )
        .where(_published(span))
        .order_by(col(Message.seq))
    )
    return [
        Said(message_id, author, at, ask, reply_to is None)
        for message_id, author, at, ask, reply_to in _rows(work, query)
    ]


def replies(work: Work, span: Span, until: datetime) -> list[Reply]:
    """Answers that came until a point in time, by others than who was answered; earliest first."""
    answer = aliased(Message)
    query = (
        select(col(answer.reply_to), col(answer.published_at))
        .join(Message, col(answer.reply_to) == col(Message.id))
        .where(
            _published(span),
            col(answer.author_id) != col(Message.author_id),
            col(answer.author_kind) == "person",
            col(answer.published_at) <= until,
        )
        .order_by(col(answer.published_at))
    )
    return [Reply(*row) for row in _rows(work, query)]


def nudges(work: Work, span: Span) -> Sequence[tuple[UUID, str]]:
    """Who was nudged and what they chose."""
    query = select(col(NudgeShown.member_id), col(NudgeShown.outcome)).where(
        col(NudgeShown.room_id) == span.room,
        col(NudgeShown.at) >= span.start,
        col(NudgeShown.at) < span.end,
    )
    return _rows(work, query)


def answers(work: Work, span: Span) -> Sequence[tuple[UUID, str]]:
    """Askers and whether they felt heard."""
    query = select(col(FeltHeard.asker_id), col(FeltHeard.answer)).where(
        col(FeltHeard.room_id) == span.room,
        col(FeltHeard.at) >= span.start,
        col(FeltHeard.at) < span.end,
    )
    return _rows(work, query)


def held(work: Work, span: Span) -> list[UUID]:
    """The author of each message that waited for a moderator."""
    query = (
        select(col(Message.author_id), col(Assessment.message_id))
        .join(Assessment, col(Assessment.message_id) == col(Message.id))
        .where(_assessed_in(span), col(Assessment.handling) == "hold")
        .distinct()
    )
    return [author for author, _ in _rows(work, query)]


def not_assessed(work: Work, span: Span) -> list[tuple[UUID, UUID]]:
    """Message and author of what was published and has still not been read by anything."""
    read = select(col(Assessment.message_id)).where(col(Assessment.assessed).is_(True))
    query = (
        select(col(Message.id), col(Message.author_id))
        .join(Assessment, col(Assessment.message_id) == col(Message.id))
        .where(
            _published(span),
            col(Assessment.assessed).is_(False),
            col(Message.id).not_in(read.where(col(Assessment.room_id) == span.room)),
        )
        .distinct()
    )
    return [(message, author) for message, author in _rows(work, query)]


def raised(work: Work, span: Span) -> list[Raised]:
    """Cases that were opened; appeals are about decisions, not about how people are."""
    query = select(
        col(Case.subject_id), col(Case.urgency), col(Case.opened_at), col(Case.first_human_at)
    ).where(
        col(Case.room_id) == span.room,
        col(Case.opened_at) >= span.start,
        col(Case.opened_at) < span.end,
        col(Case.kind) != "appeal",
    )
    return [Raised(*row) for row in _rows(work, query)]


def _rows(work: Work, query: Any) -> Sequence[Any]:
    found: Sequence[Any] = work.session.exec(query).all()
    return found


def _published(span: Span) -> ColumnElement[bool]:
    return and_(
        col(Message.room_id) == span.room,
        col(Message.author_kind) == "person",
        col(Message.seq).is_not(None),
        col(Message.published_at) >= span.start,
        col(Message.published_at) < span.end,
    )


def _assessed_in(span: Span) -> ColumnElement[bool]:
    return and_(
        col(Assessment.room_id) == span.room,
        col(Assessment.at) >= span.start,
        col(Assessment.at) < span.end,
    )
