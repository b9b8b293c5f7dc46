"""Who no longer keeps a room."""

from uuid import UUID

from server.services import queue, seats
from server.store import staff
from server.store.work import Work


def of_room(work: Work, room_id: UUID, member_id: UUID) -> None:
    """They hold none of its cases and sit in none of their conversations."""
    queue.release_all(work, member_id, room_id)
    for held in staff.conversations_from(work, room_id, member_id):
        seats.end_seat(work, held)
