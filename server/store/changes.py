"""What changed in a room after a `seq`, with all that is needed to show it, in one query.

Asked by everybody who joins, catches up or serves beside another worker: as the driver runs it.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Integer, bindparam
from sqlmodel import and_, col, exists, select

from server.store.messages import Said
from server.store.prepared import Prepared
from server.store.tables import Member, Membership, Message, Reaction, RoomEvent
from server.store.work import Work


class Change(NamedTuple):
    """Something that took a `seq`. message: None where it is about none; then nobody's name is there."""

    seq: int
    kind: str
    at: datetime
    message: Said | None
    name: str
    is_bot: bool
    seat: str | None
    is_reacted_to: bool


_ROOM: Any = bindparam("room")
_AFTER = Prepared(
    select(  # type: ignore[call-overload] # more columns than sqlmodel has overloads for
        RoomEvent.seq,
        RoomEvent.kind,
        RoomEvent.at,
        *(getattr(Message, name) for name in Said._fields),
        Member.pseudonym,
        Member.is_bot,
        Membership.seat,
        exists().where(col(Reaction.message_id) == Message.id),
    )
    .select_from(RoomEvent)
    .outerjoin(Message, col(Message.id) == RoomEvent.message_id)
    .outerjoin(Member, col(Member.id) == Message.author_id)
    .outerjoin(
        Membership,
        and_(col(Membership.member_id) == Message.author_id, col(Membership.room_id) == _ROOM),
    )
    .where(RoomEvent.room_id == _ROOM, col(RoomEvent.seq) > bindparam("seq"))
    .order_by(col(RoomEvent.seq))
    .limit(bindparam("most", type_=Integer()))
)


def after(work: Work, room_id: UUID, seq: int, most: int) -> list[Change]:
    """The next ones, oldest first; each message as it is now."""
    rows = _AFTER.rows(work.connection, room=room_id, seq=seq, most=most)
    return [_change(row) for row in rows]


def _change(row: tuple[Any, ...]) -> Change:
    (seq, kind, at), said, (name, is_bot, seat, is_reacted_to) = row[:3], row[3:-4], row[-4:]
    message = Said(*said) if said[0] is not None else None
    return Change(seq, kind, at, message, name, is_bot, seat, is_reacted_to)
