"""What must be known before a post is said, in one query; and its rows, many posts at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import SQLModel, and_, col, exists, select, update

from server.store.prepared import Prepared, Rows
from server.store.sealing import Spot
from server.store.tables import (
    Assessment,
    Edit,
    Member,
    Membership,
    Message,
    NudgeShown,
    QuietPerson,
    Room,
    RoomEvent,
    RoomHead,
)
from server.store.work import Work

Row = dict[str, Any]


class Facts(NamedTuple):
    """Of a seat, its room, its member, and of what a post answers (None where it answers nothing there)."""

    seat: str
    left_at: datetime | None
    paused_until: datetime | None
    room_state: str
    room_kind: str
    room_slug: str
    name: str
    is_bot: bool
    tone_nudges: bool
    answered_id: UUID | None
    answered_author: UUID | None
    answered_ask: bool | None
    answered_sealed: bytes | None
    answered_raised: bool
    answered_blocks: bool
    """Its author blocked whoever answers."""
    client_id_known: bool
    """A message, an edit or a nudge already has this client_id."""


_AUTHOR: Any = bindparam("author")
_CLIENT_ID: Any = bindparam("client_id")
_ANSWERED: Any = bindparam("answered")
_ROOM: Any = bindparam("room")
_FACTS = Prepared(
    select(  # type: ignore[call-overload] # more columns than sqlmodel has overloads for
        Membership.seat,
        Membership.left_at,
        Membership.paused_until,
        Room.state,
        Room.kind,
        Room.slug,
        Member.pseudonym,
        Member.is_bot,
        Member.tone_nudges,
        Message.id,
        Message.author_id,
        Message.ask,
        Message.sealed,
        exists().where(col(Assessment.message_id) == _ANSWERED, col(Assessment.urgency) != "none"),
        exists().where(
            col(QuietPerson.member_id) == Message.author_id,
            col(QuietPerson.person_id) == _AUTHOR,
            col(QuietPerson.blocked),
        ),
        exists().where(col(Message.author_id) == _AUTHOR, col(Message.client_id) == _CLIENT_ID)
        | exists().where(col(Edit.author_id) == _AUTHOR, col(Edit.client_id) == _CLIENT_ID)
        | exists().where(
            col(NudgeShown.member_id) == _AUTHOR, col(NudgeShown.client_id) == _CLIENT_ID
        ),
    )
    .select_from(Membership)
    .join(Room, col(Room.id) == Membership.room_id)
    .join(Member, col(Member.id) == Membership.member_id)
    .outerjoin(Message, and_(col(Message.id) == _ANSWERED, col(Message.room_id) == _ROOM))
    .where(Membership.room_id == _ROOM, Membership.member_id == _AUTHOR)
)
_BUMP = Prepared(
    update(RoomHead)
    .where(col(RoomHead.room_id) == _ROOM)
    .values(seq=RoomHead.seq + bindparam("count"))
    .returning(col(RoomHead.seq))
)


def _rows(table: type[SQLModel]) -> Rows:
    return Rows(SQLModel.metadata.tables[str(table.__tablename__)])


_MESSAGES, _EVENTS, _ASSESSMENTS = _rows(Message), _rows(RoomEvent), _rows(Assessment)


def find_facts(
    work: Work, room_id: UUID, author_id: UUID, client_id: UUID, answered: UUID | None
) -> Facts | None:
    """None where the author never had a seat."""
    found = _FACTS.first(
        work.connection, room=room_id, author=author_id, client_id=client_id, answered=answered
    )
    return Facts(*found) if found else None


def open_answered(work: Work, room_id: UUID, facts: Facts) -> str:
    """The words a post answers, nothing where they cannot be read."""
    if facts.answered_sealed is None or facts.answered_id is None or facts.answered_author is None:
        return ""
    spot = Spot("message", "sealed", facts.answered_id, room_id)
    return work.sealer.opened(facts.answered_author, facts.answered_sealed, spot) or ""


def next_seqs(work: Work, room_id: UUID, count: int) -> range:
    """The room's next `count` numbers; its head stays locked until the commit."""
    found = _BUMP.first(work.connection, room=room_id, count=count)
    assert found is not None  # noqa: S101 - every room has a head
    return range(found[0] - count + 1, found[0] + 1)


def add_all(
    work: Work, said: Sequence[Row], events: Sequence[Row], assessments: Sequence[Row]
) -> None:
    """Messages with what took their `seq` and how they were read; every column of each."""
    _MESSAGES.add(work.connection, said)
    _EVENTS.add(work.connection, events)
    _ASSESSMENTS.add(work.connection, assessments)
