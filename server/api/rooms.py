"""Rooms over HTTP: the list, one room, a seat, and history. What happens in a room goes over the socket."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import bodies
from server.services import rooms

router = APIRouter(prefix="/api/rooms", tags=["rooms"])


@router.get("", operation_id="room_list", openapi_extra={"x-access": "room.list"})
async def list_rooms(ask: Ask) -> bodies.Rooms:
    """Every open room, and my conversations."""
    here = ask.parts.hub.here()
    return await ask.read("room.list", lambda work: rooms.list_rooms(work, ask.actor, here))


@router.get("/{room_id}", operation_id="room_get", openapi_extra={"x-access": "room.list"})
async def get_room(room_id: UUID, ask: Ask) -> bodies.RoomDetail:
    """One room and who keeps it."""
    here = {room_id: ask.parts.hub.here_in(room_id)}
    return await ask.read("room.list", lambda work: rooms.get_room(work, ask.actor, room_id, here))


@router.put("/{room_id}/seat", operation_id="room_enter", openapi_extra={"x-access": "room.enter"})
async def enter(room_id: UUID, ask: Ask) -> bodies.Room:
    """Take a seat."""
    await ask.parts.limits.count("join", str(ask.actor.id))
    here = {room_id: ask.parts.hub.here_in(room_id)}
    return await ask.do("room.enter", lambda work: rooms.enter(work, ask.actor, room_id, here))


@router.delete(
    "/{room_id}/seat",
    status_code=204,
    operation_id="room_leave",
    openapi_extra={"x-access": "room.leave"},
)
async def leave(room_id: UUID, ask: Ask) -> None:
    """Give the seat back."""
    await ask.do("room.leave", lambda work: rooms.leave(work, ask.actor, room_id))


@router.get(
    "/{room_id}/messages", operation_id="room_read", openapi_extra={"x-access": "room.read"}
)
async def history(
    room_id: UUID,
    ask: Ask,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = rooms.PAGE,
) -> bodies.History:
    """A page of history, oldest first."""
    return await ask.read(
        "room.read", lambda work: rooms.history(work, ask.actor, room_id, before, limit)
    )
