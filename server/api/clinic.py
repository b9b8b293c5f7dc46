"""The clinician's pages over HTTP: their rooms, and a room's week."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import bodies
from server.services import clinic

router = APIRouter(prefix="/api/clinic", tags=["clinic"])


@router.get("", operation_id="clinic_list", openapi_extra={"x-access": "clinic.list"})
async def list_rooms(ask: Ask) -> bodies.Clinic:
    """The rooms I watch over."""
    here = ask.parts.hub.here()
    return await ask.read("clinic.list", lambda work: clinic.list_rooms(work, ask.actor, here))


@router.get(
    "/rooms/{room_id}/week", operation_id="clinic_week", openapi_extra={"x-access": "clinic.week"}
)
async def read_week(room_id: UUID, ask: Ask, start: date | None = None) -> bodies.Week:
    """Seven days of a room: the calendar week that holds `start`, or the last seven days."""
    return await ask.do(
        "clinic.week", lambda work: clinic.read_week(work, ask.actor, room_id, start)
    )
