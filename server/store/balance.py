"""Queries about how much a member answers others, and asks that are passed on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased
from sqlmodel import col, delete, func

from server.store.tables import AskPassedOn, Membership, Message, Room
from server.store.work import Work


def count_replies(work: Work, member_id: UUID, since: datetime) -> int:
    """How often a member answered asks of others since then, as far as it can be seen."""
    query, _ = _answers(member_id, since)
    return int(work.session.exec(query.with_only_columns(func.count())).one()[0])


def asks_answered(
    work: Work, member_id: UUID, since: datetime, limit: int
) -> Sequence[tuple[Message, str]]:
    """Asks of others that a member answered since then, with the room's name, the newest answer first."""
    query, asked = _answers(member_id, since)
    seat: Any = aliased(Membership)
    answered_at = func.max(col(Message.published_at))
    found: Any = (
        query.with_only_columns(asked.id, col(Room.name))
        .join(Room, col(Room.id) == asked.room_id)
        .join(seat, (seat.room_id == asked.room_id) & (seat.member_id == member_id))
        .where(col(Room.kind) == "room", col(Room.state) == "open", seat.left_at.is_(None))
        .group_by(asked.id, col(Room.name))
        .order_by(answered_at.desc())
        .limit(limit)
    )
    rows = work.session.exec(found).all()
    messages = {row[0]: work.session.get(Message, row[0]) for row in rows}
    return [(message, name) for ask, name in rows if (message := messages[ask])]


def passed_on(work: Work, member_id: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these a member passed on."""
    query = select(AskPassedOn.message_id).where(  # type: ignore[call-overload]
        col(AskPassedOn.member_id) == member_id, col(AskPassedOn.message_id).in_(message_ids)
    )
    return {row[0] for row in work.session.exec(query).all()}


def has_answered(work: Work, member_id: UUID, message_id: UUID) -> bool:
    """Whether a member's answer to this message can be seen."""
    query: Any = select(Message.id).where(  # type: ignore[call-overload]
        col(Message.reply_to) == message_id,
        col(Message.author_id) == member_id,
        col(Message.state) == "published",
    )
    return work.session.exec(query.limit(1)).first() is not None


def forget_passed_on(work: Work, member_id: UUID, message_id: UUID) -> None:
    """The member goes on with it, or begins anew; nothing happens where nothing was."""
    query = delete(AskPassedOn).where(
        col(AskPassedOn.member_id) == member_id, col(AskPassedOn.message_id) == message_id
    )
    work.session.exec(query)


def _answers(member_id: UUID, since: datetime) -> tuple[Any, Any]:
    asked: Any = aliased(Message)
    query = (
        select(Message)
        .join(asked, col(Message.reply_to) == asked.id)
        .where(
            col(Message.author_id) == member_id,
            col(Message.state) == "published",
            col(Message.published_at) > since,
            asked.ask.is_(True),
            asked.author_id != member_id,
            asked.state == "published",
        )
    )
    return query, asked
