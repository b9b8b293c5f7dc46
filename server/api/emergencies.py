"""Access in an emergency over HTTP: asked for, answered by a second person, ended."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.api.proving import AskProven
from server.protocol import care as bodies
from server.services import emergencies

router = APIRouter(prefix="/api", tags=["clinic"])


@router.get(
    "/emergencies", operation_id="emergency_list", openapi_extra={"x-access": "emergency.list"}
)
async def list_living(ask: Ask) -> bodies.Emergencies:
    """Those that wait for a second person, or are open."""
    return await ask.read("emergency.list", lambda work: emergencies.list_living(work, ask.actor))


@router.post(
    "/clinic/rooms/{room_id}/emergencies",
    status_code=201,
    operation_id="emergency_ask",
    openapi_extra={"x-access": "emergency.ask"},
)
async def ask_for(room_id: UUID, new: bodies.NewEmergency, ask: AskProven) -> bodies.Emergencies:
    """I need to see what a member did not share. The others are told now."""
    return await ask.do(
        "emergency.ask", lambda work: emergencies.ask(work, ask.actor, room_id, new)
    )


@router.post(
    "/emergencies/{emergency_id}/answer",
    operation_id="emergency_answer",
    openapi_extra={"x-access": "emergency.answer"},
)
async def answer(
    emergency_id: UUID, given: bodies.EmergencyAnswer, ask: AskProven
) -> bodies.Emergencies:
    """As a second person: it may be, or it may not. 409 when it waits no more."""
    return await ask.do(
        "emergency.answer",
        lambda work: emergencies.answer(work, ask.actor, emergency_id, confirm=given.confirm),
    )


@router.delete(
    "/emergencies/{emergency_id}",
    operation_id="emergency_end",
    openapi_extra={"x-access": "emergency.end"},
)
async def end(emergency_id: UUID, ask: Ask) -> bodies.Emergencies:
    """It is over now."""
    return await ask.do(
        "emergency.end", lambda work: emergencies.end(work, ask.actor, emergency_id)
    )
