"""A clinician's people over HTTP. What shows something of theirs is written down before it is answered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import care as bodies
from server.services import people

router = APIRouter(prefix="/api/clinic/rooms/{room_id}/people", tags=["clinic"])

_LOOK = {"x-access": "member.look"}


@router.get("", operation_id="people_list", openapi_extra=_LOOK)
async def list_people(room_id: UUID, ask: Ask) -> bodies.People:
    """Those who share something with the clinicians of this room."""
    return await ask.read("member.look", lambda work: people.list_people(work, ask.actor, room_id))


@router.get("/{member_id}", operation_id="person_read", openapi_extra=_LOOK)
async def read_person(room_id: UUID, member_id: UUID, ask: Ask) -> bodies.Person:
    """What one of them shares; nothing of it is shown."""
    return await ask.read(
        "member.look", lambda work: people.read_person(work, ask.actor, room_id, member_id)
    )


@router.get("/{member_id}/moods", operation_id="person_moods", openapi_extra=_LOOK)
async def look_at_mood(room_id: UUID, member_id: UUID, ask: Ask) -> bodies.Moods:
    """Their check-ins. They see that I looked."""
    return await ask.do(
        "member.look", lambda work: people.look_at_mood(work, ask.actor, room_id, member_id)
    )


@router.get("/{member_id}/messages", operation_id="person_messages", openapi_extra=_LOOK)
async def look_at_messages(
    room_id: UUID,
    member_id: UUID,
    ask: Ask,
    before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
) -> bodies.PersonMessages:
    """What they said in this room. They see that I looked."""
    return await ask.do(
        "member.look",
        lambda work: people.look_at_messages(work, ask.actor, room_id, member_id, before),
    )
