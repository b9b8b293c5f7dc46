"""My own plan for hard times, over HTTP: for oneself alone."""

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import plans as bodies
from server.services import plans

router = APIRouter(prefix="/api/me", tags=["care"])

_OWN = {"x-access": "plan.own"}


@router.get("/plan", operation_id="plan_read", openapi_extra=_OWN)
async def read_plan(ask: Ask) -> bodies.OwnPlan:
    """What I wrote, or the ciphertext of it."""
    return await ask.read("plan.own", lambda work: plans.read_mine(work, ask.actor))


@router.put("/plan", operation_id="plan_change", openapi_extra=_OWN)
async def change_plan(new: bodies.NewPlan, ask: Ask) -> bodies.OwnPlan:
    """Keep it. 409 when another version stands there: read it, nothing is lost."""
    return await ask.do("plan.own", lambda work: plans.change(work, ask.actor, new))


@router.delete("/plan", status_code=204, operation_id="plan_remove", openapi_extra=_OWN)
async def remove_plan(ask: Ask) -> None:
    """Let go of it, also where its key is lost."""
    await ask.do("plan.own", lambda work: plans.remove(work, ask.actor))
