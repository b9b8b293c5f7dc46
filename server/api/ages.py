"""Age groups over HTTP: what I say of myself, and what others say that a person confirms."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.api.proving import AskProven
from server.protocol.ages import AgeAnswer, AgeChanges, NewAge, OwnAge
from server.services import ages

router = APIRouter(prefix="/api", tags=["accounts"])

_OWN = {"x-access": "age.own"}


@router.get("/me/age", operation_id="age_read", openapi_extra=_OWN)
async def read_own(ask: Ask) -> OwnAge:
    """What I say of my age group, and what waits."""
    return await ask.read("age.own", lambda work: ages.read_own(work, ask.actor))


@router.put("/me/age", operation_id="age_say", openapi_extra=_OWN)
async def say(body: NewAge, ask: Ask) -> OwnAge:
    """I am under 18, or an adult."""
    return await ask.do("age.own", lambda work: ages.say(work, ask.actor, body.age_group))


@router.get("/age-changes", operation_id="age_changes", openapi_extra={"x-access": "age.list"})
async def list_asked(ask: Ask) -> AgeChanges:
    """Who says that they are in the other group now."""
    return await ask.read("age.list", lambda work: ages.list_asked(work, ask.actor))


@router.post(
    "/age-changes/{change_id}",
    status_code=204,
    operation_id="age_answer",
    openapi_extra={"x-access": "age.answer"},
)
async def answer(change_id: UUID, body: AgeAnswer, ask: AskProven) -> None:
    """Confirm it, or say no and why. It opens rooms: proved once more who asks."""
    await ask.do("age.answer", lambda work: ages.answer(work, ask.actor, change_id, body))
