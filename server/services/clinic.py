"""The rooms of a clinician."""

from collections.abc import Mapping
from uuid import UUID

from server.access import Actor, check
from server.protocol import bodies
from server.services import rooms
from server.store.work import Work


def list_rooms(work: Work, actor: Actor, here: Mapping[UUID, int]) -> bodies.Clinic:
    """The rooms that the actor watches over."""
    check(actor, "clinic.list")
    listed = rooms.list_rooms(work, actor, here).rooms
    return bodies.Clinic(rooms=[room for room in listed if room.seat == "clinician"])
