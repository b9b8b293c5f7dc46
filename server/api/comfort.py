"""How I like these pages, how much I answered lately, and words I may leave out, over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol.comfort import Balance, Comfort, ComfortPatch, LeavingOut
from server.services import balance, comfort, leaving_out

router = APIRouter(prefix="/api", tags=["accounts"])

_PASS_ON = {"x-access": "ask.pass_on"}
_ASK = "/rooms/{room_id}/asks/{message_id}/passed-on"


@router.get("/me/comfort", operation_id="comfort_read", openapi_extra={"x-access": "comfort.read"})
async def read_comfort(ask: Ask) -> Comfort:
    """Language, modes, topics."""
    return await ask.read("comfort.read", lambda work: comfort.read_comfort(work, ask.actor))


@router.patch(
    "/me/comfort", operation_id="comfort_change", openapi_extra={"x-access": "comfort.change"}
)
async def change_comfort(patch: ComfortPatch, ask: Ask) -> Comfort:
    """What is left out stays."""
    return await ask.do(
        "comfort.change", lambda work: comfort.change_comfort(work, ask.actor, patch)
    )


@router.get("/me/balance", operation_id="balance_read", openapi_extra={"x-access": "balance.read"})
async def read_balance(ask: Ask) -> Balance:
    """How much I answered lately, and the asks I may pass on."""
    return await ask.read("balance.read", lambda work: balance.read_balance(work, ask.actor))


@router.put(_ASK, operation_id="ask_pass_on", openapi_extra=_PASS_ON)
async def pass_on(room_id: UUID, message_id: UUID, ask: Ask) -> Balance:
    """Another may go on: it waits for others once more, and nobody is told why."""
    return await ask.do(
        "ask.pass_on", lambda work: balance.pass_on(work, ask.actor, room_id, message_id)
    )


@router.delete(_ASK, operation_id="ask_take_up", openapi_extra=_PASS_ON)
async def take_up(room_id: UUID, message_id: UUID, ask: Ask) -> Balance:
    """I go on after all."""
    return await ask.do(
        "ask.pass_on", lambda work: balance.take_up(work, ask.actor, room_id, message_id)
    )


@router.get(
    "/rooms/{room_id}/messages/{message_id}/leaving-out",
    operation_id="leaving_out_read",
    openapi_extra={"x-access": "room.read"},
)
async def read_leaving_out(room_id: UUID, message_id: UUID, ask: Ask) -> LeavingOut:
    """Which words of my message I may leave out."""
    return await ask.read(
        "room.read", lambda work: leaving_out.find_words(work, ask.actor, room_id, message_id)
    )
