"""Asking a person to look, over HTTP: thanked only when it is kept."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import frames
from server.protocol.flagging import Flagged, NewFlag
from server.services import messages

router = APIRouter(prefix="/api/rooms", tags=["rooms"])


@router.post(
    "/{room_id}/messages/{message_id}/flags",
    operation_id="message_flag",
    openapi_extra={"x-access": "frame.flag"},
)
async def flag(room_id: UUID, message_id: UUID, body: NewFlag, ask: Ask) -> Flagged:
    """Ask a moderator to look at a message. Repeating it is safe."""
    frame = frames.Flag(
        type="flag", room=room_id, message=message_id, **body.model_dump(exclude={"client_id"})
    )
    return await ask.do(
        "frame.flag", lambda work: messages.flag(work, ask.actor, frame, body.client_id)
    )
