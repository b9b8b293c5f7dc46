"""Private conversations: rooms of another kind, opened by staff or by a refused post."""

import secrets
from collections.abc import Sequence
from uuid import UUID

from server.services import seats, wording
from server.store import cases, comfort, rooms
from server.store.tables import Member, Room, RoomHead
from server.store.work import Work


def open_conversation(
    work: Work, room_id: UUID, member_id: UUID, staff_ids: Sequence[UUID], name: str
) -> Room:
    """A new private room for a member and some staff of `room_id`, whose language it takes."""
    origin = rooms.find_room(work, room_id)
    room = Room(
        slug=f"private-{secrets.token_hex(8)}",
        name=name,
        purpose=wording.conversation("purpose", comfort.language_of(work, member_id)),
        kind="conversation",
        language=origin.language if origin else "en",
        created_at=work.now,
    )
    work.session.add(room)
    work.session.flush()
    work.session.add(RoomHead(room_id=room.id))
    work.session.flush()
    seats.take_seat(work, room.id, member_id, "member")
    for staff_id in staff_ids:
        seats.take_seat(work, room.id, staff_id, staff_seat(work, staff_id))
    return room


def open_line(work: Work, member_id: UUID, from_room: UUID) -> Room:
    """The member's private line to the moderators of a room: the one they have, or a new one.

    Its case is the caller's to raise, with `conversation_id`, or the line is not found again.
    """
    staff_ids = line_staff(work, from_room, member_id)
    line = _standing_line(work, member_id, from_room)
    if line is None:
        language = comfort.language_of(work, member_id)
        name = wording.conversation("line_name", language)
        line = open_conversation(work, from_room, member_id, staff_ids, name)
        line.purpose = wording.conversation("line_purpose", language)
        work.session.add(line)
        return line
    for staff_id in staff_ids:
        seats.take_seat(work, line.id, staff_id, staff_seat(work, staff_id))
    return line


def line_staff(work: Work, room_id: UUID, member_id: UUID) -> list[UUID]:
    """A room's moderators, or where it has none its clinicians; never the member themselves."""
    keepers = [
        (held.seat, member)
        for held, member in rooms.keepers_of(work, room_id)
        if member.id != member_id and member.state == "active"
    ]
    for wanted in ("moderator", "clinician"):
        ids = [member.id for seat_name, member in keepers if seat_name == wanted]
        if ids:
            return ids
    return []


def staff_seat(work: Work, member_id: UUID) -> str:
    """The seat that fits what somebody is in this place."""
    member = work.session.get(Member, member_id)
    return seats.seat_for(member.role) if member else "member"


def _standing_line(work: Work, member_id: UUID, from_room: UUID) -> Room | None:
    line_id = cases.line_of(work, from_room, member_id)
    line = rooms.find_room(work, line_id) if line_id else None
    if line is None or line.state != "open" or not rooms.find_seat(work, line.id, member_id):
        return None
    return line
