"""Queries about posts and their replies, and about asks nobody has answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col, func

from server.store.tables import AskPassedOn, FirstReply, Membership, Message, QuietPerson, Room
from server.store.work import Work


class Asked(NamedTuple):
    """One ask, and when another person first answered it."""

    room: UUID
    by: UUID
    at: datetime
    answered_at: datetime | None


def count_replies(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many replies each of these messages has that can be seen."""
    query = (
        select(col(Message.reply_to), func.count())
        .where(col(Message.reply_to).in_(message_ids), col(Message.state) == "published")
        .group_by(col(Message.reply_to))
    )
    return {message_id: count for message_id, count in _rows(work, query)}  # noqa: C416 - rows are no pairs


def replies_to(work: Work, message: Message, after: int, limit: int) -> Sequence[Message]:
    """What answers a message directly, oldest first, from after a `seq`."""
    query = (
        select(Message)
        .where(
            col(Message.reply_to) == message.id,
            col(Message.room_id) == message.room_id,
            col(Message.seq) > after,
        )
        .order_by(col(Message.seq))
        .limit(limit)
    )
    return [row[0] for row in _rows(work, query)]


def waiting_asks(work: Work, member_id: UUID, limit: int) -> Sequence[tuple[Message, str]]:
    """Asks by others in the member's rooms that no other person has answered, or that somebody passed on, with
    the room's name; oldest first.

    Without those of people who left the room, or whom the member does not hear, or who blocked the member.
    """
    mine, theirs = aliased(Membership), aliased(Membership)
    query = (
        select(Message, col(Room.name))
        .join(Room, col(Room.id) == col(Message.room_id))
        .join(mine, and_(col(mine.room_id) == col(Room.id), col(mine.member_id) == member_id))
        .join(
            theirs,
            and_(
                col(theirs.room_id) == col(Room.id), col(theirs.member_id) == col(Message.author_id)
            ),
        )
        .where(
            _is_ask(),
            col(Room.kind) == "room",
            col(Room.state) == "open",
            col(mine.left_at).is_(None),
            col(theirs.left_at).is_(None),
            col(Message.author_id) != member_id,
            or_(~_answered(), _passed_on(member_id)),
            ~_apart(member_id),
        )
        .order_by(col(Message.published_at), col(Message.id))
        .limit(limit)
    )
    return [(message, name) for message, name in _rows(work, query)]


def asks_since(work: Work, room_ids: Sequence[UUID], since: datetime) -> list[Asked]:
    """Every ask of these rooms since a point in time that can be seen."""
    answer = aliased(Message)
    query = (
        select(
            col(Message.room_id),
            col(Message.author_id),
            col(Message.published_at),
            func.min(col(answer.published_at)),
        )
        .outerjoin(answer, _answers(answer))
        .where(_is_ask(), col(Message.room_id).in_(room_ids), col(Message.published_at) >= since)
        .group_by(
            col(Message.id),
            col(Message.room_id),
            col(Message.author_id),
            col(Message.published_at),
        )
    )
    return [Asked(*row) for row in _rows(work, query)]


def kept_replies(work: Work, room_ids: Sequence[UUID]) -> Sequence[FirstReply]:
    """What was last counted of these rooms."""
    query = select(FirstReply).where(col(FirstReply.room_id).in_(room_ids))
    return [row for (row,) in _rows(work, query)]


def keep_reply(work: Work, room_id: UUID, asks: int | None, median_s: float | None) -> None:
    """What was counted of a room just now."""
    row = work.session.get(FirstReply, room_id) or FirstReply(room_id=room_id, counted_at=work.now)
    row.asks, row.median_s, row.counted_at = asks, median_s, work.now
    work.session.add(row)


def _is_ask() -> ColumnElement[bool]:
    return and_(
        col(Message.ask).is_(True),
        col(Message.state) == "published",
        col(Message.author_kind) == "person",
    )


def _answers(answer: Any) -> ColumnElement[bool]:
    """Another person's reply that can be seen."""
    return and_(
        col(answer.reply_to) == col(Message.id),
        col(answer.author_id) != col(Message.author_id),
        col(answer.author_kind) == "person",
        col(answer.state) == "published",
    )


def _answered() -> ColumnElement[bool]:
    answer = aliased(Message)
    return exists().where(_answers(answer)).correlate(Message)


def _passed_on(member_id: UUID) -> ColumnElement[bool]:
    """Somebody else who answered would like another to go on, and nobody has since."""
    passed, answer = aliased(AskPassedOn), aliased(Message)
    since = and_(_answers(answer), col(answer.published_at) > col(passed.at))
    return (
        exists()
        .where(
            col(passed.message_id) == col(Message.id),
            ~exists().where(since).correlate(Message, passed),
        )
        .correlate(Message)
    ) & ~exists().where(
        col(AskPassedOn.message_id) == col(Message.id), col(AskPassedOn.member_id) == member_id
    ).correlate(Message)


def _apart(member_id: UUID) -> ColumnElement[bool]:
    """The author is not heard by the member, or blocked them."""
    quiet = aliased(QuietPerson)
    not_heard = and_(
        col(quiet.member_id) == member_id, col(quiet.person_id) == col(Message.author_id)
    )
    blocked = and_(
        col(quiet.member_id) == col(Message.author_id),
        col(quiet.person_id) == member_id,
        col(quiet.blocked).is_(True),
    )
    return exists().where(or_(not_heard, blocked)).correlate(Message)


def _rows(work: Work, query: Any) -> Sequence[Any]:
    found: Sequence[Any] = work.session.exec(query).all()
    return found
