"""Seats: taken and ended. Each change takes the room's next `seq`, and live listeners follow it."""

from typing import Literal
from uuid import UUID

from server.access import Actor, admits, check, relation_of
from server.errors import OtherAgeGroup
from server.protocol import frames
from server.store import ages, rooms
from server.store.tables import Membership
from server.store.work import SeatEnded, SeatTaken, ToRoom, Work

STAFF_SEATS = frozenset({"moderator", "clinician"})


def take_seat(work: Work, room_id: UUID, member_id: UUID, seat: str = "member") -> Membership:
    """Seat a member, or change the seat they have. Doing it twice changes nothing.

    It also lets somebody back who was removed: whether that may be is the caller's to know. To whoever comes to a
    room for the first time what was said before is history, not news; in a conversation all of it is for them.
    Raises OtherAgeGroup where the room is not for them.
    """
    held = rooms.find_any_seat(work, room_id, member_id)
    if held and held.left_at is None and held.seat == seat:
        return held
    is_first, is_new = held is None, held is None or held.left_at is not None
    held = held or Membership(room_id=room_id, member_id=member_id, joined_at=work.now)
    held.seat, held.left_at, held.removed_at = seat, None, None
    work.session.add(held)
    group = ages.group_of(work, member_id)
    if is_new:
        seq = _announce(work, room_id, "joined", +1)
        held.read_seq = seq if is_first and _is_open(work, room_id) else held.read_seq
    if not admits(ages.room_is_for(work, room_id), group, seat):  # the room's lock is held by now
        raise OtherAgeGroup
    work.announce(SeatTaken(room_id, member_id, seat))
    return held


def may_sit(work: Work, room_id: UUID, member_id: UUID, seat: str = "member") -> bool:
    """Whether the room is for them, by what they say of their age."""
    return admits(ages.room_is_for(work, room_id), ages.group_of(work, member_id), seat)


def give_back(work: Work, room_id: UUID, member_id: UUID, seat: str) -> None:
    """A seat that somebody had, where the room is still for them; else it stays ended."""
    if may_sit(work, room_id, member_id, seat):
        take_seat(work, room_id, member_id, seat)


def check_seat(work: Work, actor: Actor, operation: str, room_id: UUID) -> Membership | None:
    """The actor's seat in a room, after asking the table what it opens. Raises as access.check does."""
    held = rooms.find_seat(work, room_id, actor.id)
    check(actor, operation, relation_of(held.seat if held else None))
    return held


def sits(work: Work, room_id: UUID, member_id: UUID) -> bool:
    """Whether somebody has a seat in this room now."""
    return rooms.find_seat(work, room_id, member_id) is not None


def seat_for(role: str) -> str:
    """The seat somebody takes in a room by what they are in this place."""
    return role if role in STAFF_SEATS else "member"


def end_seat(work: Work, held: Membership, reason: Literal["left", "removed"] = "left") -> None:
    """End a seat: nothing of this room reaches the member any more.

    removed: they do not come back by themselves. A pause that runs goes on.
    """
    held.left_at = work.now
    if held.seat in STAFF_SEATS:
        held.seat = "member"
    held.removed_at = work.now if reason == "removed" else held.removed_at
    work.session.add(held)
    _announce(work, held.room_id, "left", -1)
    work.announce(SeatEnded(held.room_id, held.member_id, reason))


def _is_open(work: Work, room_id: UUID) -> bool:
    room = rooms.find_room(work, room_id)
    return room is not None and room.kind == "room"


def _announce(work: Work, room_id: UUID, change: Literal["joined", "left"], members: int) -> int:
    seq = rooms.next_seq(work, room_id, change, members=members)
    frame = frames.Changed(room=room_id, seq=seq, change=change, at=work.now)
    work.announce(ToRoom(room_id, seq, frame))
    return seq
