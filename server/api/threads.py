"""Posts with their replies, and asks that wait, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol.threads import Thread, WaitingAsks
from server.services import threads

router = APIRouter(prefix="/api", tags=["rooms"])


@router.get(
    "/rooms/{room_id}/threads/{message_id}",
    operation_id="thread_read",
    openapi_extra={"x-access": "room.read"},
)
async def read_thread(
    room_id: UUID,
    message_id: UUID,
    ask: Ask,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Thread:
    """A post and what answers it, oldest first."""
    return await ask.read(
        "room.read",
        lambda work: threads.read_thread(work, ask.actor, room_id, message_id, after),
    )


@router.get("/asks", operation_id="ask_list", openapi_extra={"x-access": "ask.list"})
async def list_waiting(ask: Ask) -> WaitingAsks:
    """Asks in my rooms that no other person has answered yet."""
    return await ask.read("ask.list", lambda work: threads.list_waiting(work, ask.actor))
