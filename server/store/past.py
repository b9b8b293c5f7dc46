"""What was said here and what people decided about it, a page at a time: for a replay of a policy."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from server.store.tables import Assessment, Audit, Case, Decision, Member, Message, Room
from server.store.undo import is_undone
from server.store.work import Work

PAGE = 250


class Written(NamedTuple):
    """One message with what must be known of its room, its author, and the message it answers."""

    message: Message
    room: str
    tone_nudges: bool
    joined_at: datetime
    answered: Message | None


class Dealt(NamedTuple):
    """One decision and the claim before it, by the same person."""

    case: UUID
    by: UUID
    at: datetime


def count_since(work: Work, since: datetime) -> int:
    """How many messages there are to be read again."""
    query = select(func.count()).select_from(Message).join(Room, col(Room.id) == Message.room_id)
    return int(_rows(work, query.where(*_said(since)))[0][0])


def page_after(work: Work, since: datetime, after: UUID | None) -> list[Written]:
    """The next messages of rooms, whose words are still there, in the order of their ids."""
    answered = aliased(Message)
    query = (
        select(Message, col(Room.slug), col(Member.tone_nudges), col(Member.joined_at), answered)
        .join(Room, col(Room.id) == Message.room_id)
        .join(Member, col(Member.id) == Message.author_id)
        .outerjoin(answered, col(answered.id) == col(Message.reply_to))
        .where(*_said(since))
        .order_by(col(Message.id))
        .limit(PAGE)
    )
    if after is not None:
        query = query.where(col(Message.id) > after)
    return [Written(*row) for row in _rows(work, query)]


def readings_of(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, list[Assessment]]:
    """Every reading of these messages, oldest first."""
    query = select(Assessment).where(col(Assessment.message_id).in_(message_ids))
    found: dict[UUID, list[Assessment]] = {}
    for (row,) in _rows(work, query.order_by(col(Assessment.at), col(Assessment.id))):
        found.setdefault(row.message_id, []).append(row)
    return found


def decisions_about(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """What was decided about these messages and not taken back, oldest first: the case's kind, the action."""
    query = (
        select(col(Case.message_id), col(Case.kind), col(Decision.action))
        .join(Decision, col(Decision.case_id) == Case.id)
        .where(col(Case.message_id).in_(message_ids), ~is_undone())
        .order_by(col(Decision.at), col(Decision.id))
    )
    found: dict[UUID, list[tuple[str, str]]] = {}
    for message_id, kind, action in _rows(work, query):
        found.setdefault(message_id, []).append((kind, action))
    return found


def decided_since(work: Work, since: datetime) -> list[Dealt]:
    """Who decided on which case, and when."""
    query = select(col(Decision.case_id), col(Decision.by), col(Decision.at))
    return [Dealt(*row) for row in _rows(work, query.where(col(Decision.at) >= since))]


def claims_since(work: Work, since: datetime) -> list[Dealt]:
    """Who took which case in hand, and when: as the audit log tells it, oldest first."""
    query = (
        select(col(Audit.subject), col(Audit.actor), col(Audit.at))
        .where(col(Audit.verb) == "case.claim", col(Audit.at) >= since)
        .order_by(col(Audit.number))
    )
    return [
        Dealt(UUID(subject), actor, at)
        for subject, actor, at in _rows(work, query)
        if subject and actor
    ]


def _said(since: datetime) -> tuple[Any, ...]:
    return (
        col(Message.at) >= since,
        col(Message.author_kind) == "person",
        col(Message.sealed).is_not(None),
        col(Room.kind) == "room",
    )


def _rows(work: Work, query: Any) -> Sequence[Any]:
    found: Sequence[Any] = work.session.exec(query).all()
    return found
