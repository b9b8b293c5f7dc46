"""One's own wellbeing guard over HTTP, and the totals that a steward may see."""

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import guard as wire
from server.services import guard

router = APIRouter(prefix="/api", tags=["guard"])

_OWN = {"x-access": "guard.own"}


@router.get("/me/guard", operation_id="guard_read", openapi_extra=_OWN)
async def read_guard(ask: Ask) -> wire.Guard:
    """How my shift stands; told to nobody else."""
    return await ask.read("guard.own", lambda work: guard.read_mine(work, ask.actor))


@router.patch("/me/guard", operation_id="guard_change", openapi_extra=_OWN)
async def change_guard(patch: wire.GuardPatch, ask: Ask) -> wire.Guard:
    """On or off, and how much is enough."""
    return await ask.do("guard.own", lambda work: guard.change_mine(work, ask.actor, patch))


@router.put("/me/guard/pause", operation_id="guard_pause", openapi_extra=_OWN)
async def pause(asked: wire.ShortPause, ask: Ask) -> wire.Guard:
    """A few minutes for myself; my shift goes on."""
    return await ask.do("guard.own", lambda work: guard.pause(work, ask.actor, asked.minutes))


@router.delete("/me/guard/pause", operation_id="guard_pause_end", openapi_extra=_OWN)
async def end_pause(ask: Ask) -> wire.Guard:
    """I am back, or I need none."""
    return await ask.do("guard.own", lambda work: guard.end_pause(work, ask.actor))


@router.get(
    "/steward/wellbeing",
    operation_id="steward_wellbeing",
    openapi_extra={"x-access": "steward.wellbeing"},
)
async def read_totals(ask: Ask) -> wire.GuardTotals:
    """Whole weeks, about eight people at least; nobody in particular."""
    return await ask.do("steward.wellbeing", lambda work: guard.read_totals(work, ask.actor))
