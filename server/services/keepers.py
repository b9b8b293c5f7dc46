"""Who looks at a case: those who keep the room; or, for what is not theirs, somebody from outside of it."""

from collections.abc import Sequence
from uuid import UUID

from moderation.cases import CLINICIANS_ONLY
from server.services.seats import STAFF_SEATS
from server.store import rooms, timers
from server.store.tables import Case, Member
from server.store.work import Work

OUTSIDE = "outside"
"""In place of a seat: a moderator who does not keep the room, or a steward."""


def keeps(work: Work, room_id: UUID, member_id: UUID) -> bool:
    """Whether a member keeps or cares for a room."""
    seat = rooms.find_seat(work, room_id, member_id)
    return seat is not None and seat.seat in STAFF_SEATS


def is_private(work: Work, room_id: UUID) -> bool:
    """Whether it is a conversation that only those who sit in it may read."""
    room = rooms.find_room(work, room_id)
    return room is None or room.kind != "room"


def keeps_alone(work: Work, room_id: UUID, member_id: UUID) -> bool:
    """Whether a case about this member has nobody to go to among those who keep the room."""
    if not keeps(work, room_id, member_id):
        return False
    others = (
        member.id for member, seat, _ in timers.staff_of(work, room_id) if seat == "moderator"
    )
    return not any(other != member_id for other in others)


def staff_for(work: Work, case: Case) -> Sequence[tuple[Member, str, bool]]:
    """Active members who may be asked about a case: who, their seat, and whether they are on shift."""
    staff = timers.staff_of(work, case.room_id)
    if case.kind in CLINICIANS_ONLY:
        return [one for one in staff if one[1] == "clinician"]
    if not case.aside:
        return staff
    outside = timers.staff_outside(work, case.room_id)
    carers = [one for one in staff if one[1] == "clinician"]
    return [*carers, *((member, OUTSIDE, on) for member, on in outside)]
