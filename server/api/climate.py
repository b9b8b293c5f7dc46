"""The climate of a room over HTTP: for those who watch over it, and for those who sit there."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import climate as bodies
from server.services import climate

router = APIRouter(tags=["climate"])


@router.get(
    "/api/clinic/rooms/{room_id}/climate",
    operation_id="climate_read",
    openapi_extra={"x-access": "clinic.climate"},
)
async def read(room_id: UUID, ask: Ask) -> bodies.Climate:
    """The weeks of a year, each counted once; and notes."""
    return await ask.do("clinic.climate", lambda work: climate.read(work, ask.actor, room_id))


@router.get(
    "/api/clinic/rooms/{room_id}/climate/compare",
    operation_id="climate_compare",
    openapi_extra={"x-access": "clinic.climate"},
)
async def compare(
    room_id: UUID, first: date, last: date, other_first: date, other_last: date, ask: Ask
) -> bodies.Comparison:
    """Two periods, from what their weeks show."""
    return await ask.read(
        "clinic.climate",
        lambda work: climate.compare(
            work, ask.actor, room_id, (first, last), (other_first, other_last)
        ),
    )


@router.post(
    "/api/clinic/rooms/{room_id}/climate/notes",
    status_code=201,
    operation_id="climate_note",
    openapi_extra={"x-access": "climate.note"},
)
async def add_note(room_id: UUID, asked: bodies.NewClimateNote, ask: Ask) -> bodies.ClimateNote:
    """Say what happened on a day: an event, a new host."""
    return await ask.do(
        "climate.note", lambda work: climate.add_note(work, ask.actor, room_id, asked)
    )


@router.delete(
    "/api/clinic/rooms/{room_id}/climate/notes/{note_id}",
    status_code=204,
    operation_id="climate_note_remove",
    openapi_extra={"x-access": "climate.note"},
)
async def remove_note(room_id: UUID, note_id: UUID, ask: Ask) -> None:
    """Take one's own note away."""
    await ask.do(
        "climate.note", lambda work: climate.remove_note(work, ask.actor, room_id, note_id)
    )


@router.get(
    "/api/rooms/{room_id}/climate",
    operation_id="room_climate",
    openapi_extra={"x-access": "room.climate"},
)
async def read_as_member(room_id: UUID, ask: Ask) -> bodies.Climate:
    """How we are with each other here: for everybody in the room."""
    return await ask.read(
        "room.climate", lambda work: climate.read_as_member(work, ask.actor, room_id)
    )
