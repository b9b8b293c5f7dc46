"""No nudge for today, over HTTP. Holds, help and what a person looks at go on."""

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol.nudges import NewNudgeQuiet, NudgeDay
from server.services import nudging

router = APIRouter(prefix="/api/me/nudges", tags=["accounts"])

_ACCESS = {"x-access": "me.change"}


@router.get("", operation_id="nudges_read", openapi_extra=_ACCESS)
async def read_day(ask: Ask) -> NudgeDay:
    """How many there were, how many there may be, and whether it is quiet now."""
    return await ask.read("me.change", lambda work: nudging.read_day(work, ask.actor))


@router.put("/quiet", operation_id="nudges_quiet", openapi_extra=_ACCESS)
async def be_quiet(body: NewNudgeQuiet, ask: Ask) -> NudgeDay:
    """Not today."""
    return await ask.do("me.change", lambda work: nudging.be_quiet(work, ask.actor, body.until))


@router.delete("/quiet", operation_id="nudges_again", openapi_extra=_ACCESS)
async def speak_again(ask: Ask) -> NudgeDay:
    """I would like to be asked again."""
    return await ask.do("me.change", lambda work: nudging.speak_again(work, ask.actor))
