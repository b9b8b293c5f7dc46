"""The place over HTTP: what a visitor may know."""

from fastapi import APIRouter

from server.api.depend import AskPublic
from server.protocol import bodies
from server.services import place

router = APIRouter(prefix="/api/place", tags=["place"])


@router.get("", operation_id="place_read", openapi_extra={"x-access": "place.read"})
async def read_place(ask: AskPublic) -> bodies.Place:
    """Who this place is for, and on which terms."""
    settings = ask.parts.settings
    return await ask.read("place.read", lambda work: place.read_place(work, ask.actor, settings))
