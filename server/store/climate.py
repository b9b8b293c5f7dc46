"""What a room's week is made of: who and when, never words. Each row names the person behind it."""

import datetime as dates
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from moderation.cases import CLINICIANS_ONLY
from server.store.sealing import Spot
from server.store.tables import (
    Assessment,
    Case,
    ClimateNote,
    ClimateWeek,
    FeltHeard,
    Member,
    Message,
    NudgeShown,
    Reaction,
    Room,
)
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Span:
    """A room, from `start` up to, not with, `end`."""

    room: UUID
    start: datetime
    end: datetime


class Said(NamedTuple):
    """One message that stands. `replies`: it answers another person."""

    id: UUID
    author: UUID
    at: datetime
    ask: bool
    replies: bool


class Read(NamedTuple):
    """What the newest reading of a message says. `levels`: of empathy, by signal, 0 to 2."""

    urgency: str
    levels: dict[str, float]


class Raised(NamedTuple):
    """One case."""

    subject: UUID
    urgency: str
    opened_at: datetime
    due_at: datetime
    first_human_at: datetime | None


@dataclass(frozen=True, slots=True)
class Happened:
    """One room's week. What is in `said` and not in `read` was read by nothing."""

    said: Sequence[Said]
    first_replies: dict[UUID, datetime]
    shared: frozenset[UUID]
    read: dict[UUID, Read]
    nudges: Sequence[tuple[UUID, str]]
    answers: Sequence[tuple[UUID, str]]
    cases: Sequence[Raised]


def happened(work: Work, span: Span) -> Happened:
    """All that a week is counted from."""
    return Happened(
        said=_said(work, span),
        first_replies=_first_replies(work, span),
        shared=_shared(work, span),
        read=_read(work, span),
        nudges=_nudges(work, span),
        answers=_answers(work, span),
        cases=_cases(work, span),
    )


def newest_weeks(work: Work) -> list[tuple[UUID, datetime, dates.date | None]]:
    """Each room, when it was made, and the newest week that was counted; None: none yet."""
    query = (
        select(col(Room.id), col(Room.created_at), func.max(col(ClimateWeek.start)))
        .join(ClimateWeek, col(ClimateWeek.room_id) == col(Room.id), isouter=True)
        .where(col(Room.kind) == "room")
        .group_by(col(Room.id), col(Room.created_at))
    )
    return [(room, made, start) for room, made, start in _rows(work, query)]


def weeks(
    work: Work, room_id: UUID, first: dates.date, last: dates.date
) -> Sequence[tuple[dates.date, dict[str, float | None]]]:
    """The counted weeks that begin in these days, both included, oldest first."""
    query = (
        select(col(ClimateWeek.start), col(ClimateWeek.figures))
        .where(
            col(ClimateWeek.room_id) == room_id,
            col(ClimateWeek.start) >= first,
            col(ClimateWeek.start) <= last,
        )
        .order_by(col(ClimateWeek.start))
    )
    return [(start, figures) for start, figures in _rows(work, query)]


def is_counted(work: Work, room_id: UUID, start: dates.date) -> bool:
    """Whether that week stands already."""
    return work.session.get(ClimateWeek, (room_id, start)) is not None


def add_note(work: Work, room_id: UUID, author_id: UUID, day: dates.date, text: str) -> ClimateNote:
    """Words beside a day, sealed under their author's key."""
    note = ClimateNote(room_id=room_id, author_id=author_id, day=day, sealed=b"", at=work.now)
    note.sealed = work.sealer.seal(author_id, text, _spot(note))
    work.session.add(note)
    work.session.flush()
    return note


def open_note(work: Work, note: ClimateNote) -> str | None:
    """Its words; None when they can no longer be read."""
    return work.sealer.opened(note.author_id, note.sealed, _spot(note))


def notes(work: Work, room_id: UUID) -> Sequence[tuple[ClimateNote, str]]:
    """Each note of a room and its author's role, by day."""
    query = (
        select(ClimateNote, col(Member.role))
        .join(Member, col(Member.id) == col(ClimateNote.author_id))
        .where(col(ClimateNote.room_id) == room_id)
        .order_by(col(ClimateNote.day), col(ClimateNote.at))
    )
    return [(note, role) for note, role in _rows(work, query)]


def find_note(work: Work, room_id: UUID, note_id: UUID) -> ClimateNote | None:
    """A note of this room; the id of another room's note finds nothing."""
    note = work.session.get(ClimateNote, note_id)
    return note if note and note.room_id == room_id else None


def _said(work: Work, span: Span) -> list[Said]:
    answered = aliased(Message)
    query = (
        select(
            col(Message.id),
            col(Message.author_id),
            col(Message.published_at),
            col(Message.ask),
            col(answered.author_id),
        )
        .join(answered, col(answered.id) == col(Message.reply_to), isouter=True)
        .where(_stands_in(span))
        .order_by(col(Message.seq))
    )
    return [
        Said(message, author, at, ask, other is not None and other != author)
        for message, author, at, ask, other in _rows(work, query)
    ]


def _first_replies(work: Work, span: Span) -> dict[UUID, datetime]:
    """The earliest answer that stands, by a person who is not the one who was answered."""
    answer = aliased(Message)
    query = (
        select(col(Message.id), func.min(col(answer.published_at)))
        .join(answer, col(answer.reply_to) == col(Message.id))
        .where(
            _stands_in(span),
            col(answer.author_id) != col(Message.author_id),
            col(answer.author_kind) == "person",
            col(answer.state) == "published",
            col(answer.seq).is_not(None),
        )
        .group_by(col(Message.id))
    )
    return dict(_pairs(work, query))


def _shared(work: Work, span: Span) -> frozenset[UUID]:
    """Messages to which another member put the sign "same"."""
    query = (
        select(col(Message.id), col(Message.author_id))
        .join(Reaction, col(Reaction.message_id) == col(Message.id))
        .where(
            _stands_in(span),
            col(Reaction.kind) == "same",
            col(Reaction.member_id) != col(Message.author_id),
        )
        .distinct()
    )
    return frozenset(message for message, _ in _rows(work, query))


def _read(work: Work, span: Span) -> dict[UUID, Read]:
    query = (
        select(
            col(Assessment.message_id),
            col(Assessment.assessed),
            col(Assessment.urgency),
            col(Assessment.signals),
        )
        .join(Message, col(Message.id) == col(Assessment.message_id))
        .where(_stands_in(span))
        .order_by(col(Assessment.at), col(Assessment.id))
    )
    return _newest(_rows(work, query))


def _newest(readings: Iterable[tuple[UUID, bool, str, dict[str, Any]]]) -> dict[UUID, Read]:
    """By message. Whose words as they are now were not read is left out, also if they once were."""
    found: dict[UUID, Read] = {}
    unread = set()
    for message, assessed, urgency, stored in readings:
        found[message] = Read(urgency, stored.get("signals") or {})
        if not assessed:
            unread.add(message)
    return {message: read for message, read in found.items() if message not in unread}


def _nudges(work: Work, span: Span) -> Sequence[tuple[UUID, str]]:
    query = select(col(NudgeShown.member_id), col(NudgeShown.outcome)).where(
        col(NudgeShown.room_id) == span.room, _within(col(NudgeShown.at), span)
    )
    return _pairs(work, query)


def _answers(work: Work, span: Span) -> Sequence[tuple[UUID, str]]:
    query = select(col(FeltHeard.asker_id), col(FeltHeard.answer)).where(
        col(FeltHeard.room_id) == span.room, _within(col(FeltHeard.at), span)
    )
    return _pairs(work, query)


def _cases(work: Work, span: Span) -> list[Raised]:
    """Appeals and later looks are about what was done before, not about how people are."""
    query = select(
        col(Case.subject_id),
        col(Case.urgency),
        col(Case.opened_at),
        col(Case.due_at),
        col(Case.first_human_at),
    ).where(
        col(Case.room_id) == span.room,
        _within(col(Case.opened_at), span),
        col(Case.kind).not_in(("appeal", "look_again", *CLINICIANS_ONLY)),
    )
    return [Raised(*row) for row in _rows(work, query)]


def _stands_in(span: Span) -> ColumnElement[bool]:
    return and_(
        col(Message.room_id) == span.room,
        col(Message.author_kind) == "person",
        col(Message.state) == "published",
        col(Message.seq).is_not(None),
        _within(col(Message.published_at), span),
    )


def _within(column: Any, span: Span) -> ColumnElement[bool]:
    return and_(column >= span.start, column < span.end)


def _rows(work: Work, query: Any) -> Sequence[Any]:
    found: Sequence[Any] = work.session.exec(query).all()
    return found


def _pairs(work: Work, query: Any) -> list[tuple[Any, Any]]:
    return [(one, other) for one, other in _rows(work, query)]


def _spot(note: ClimateNote) -> Spot:
    return Spot("climate_note", "sealed", note.id, note.room_id)
