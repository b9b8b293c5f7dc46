"""What I share with a group's clinicians, who looked, and how I am: over HTTP, for oneself alone."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import care as bodies
from server.protocol.base import Storable
from server.services import moods, receipts, sharing

router = APIRouter(prefix="/api/me", tags=["care"])

Language = Annotated[Storable, Query(max_length=35)]
_CHANGE = {"x-access": "care.change"}
_MOOD = {"x-access": "mood.own"}


@router.get("/care", operation_id="care_read", openapi_extra={"x-access": "care.read"})
async def read_care(ask: Ask, language: Language = "en") -> bodies.Care:
    """What I can share with whom, in full words, and what I share and shared."""
    return await ask.read("care.read", lambda work: sharing.read_care(work, ask.actor, language))


@router.put("/care/{room_id}/{care_scope}", operation_id="care_give", openapi_extra=_CHANGE)
async def give(
    room_id: UUID, care_scope: bodies.Scope, asked: bodies.NewShare, ask: Ask
) -> bodies.Care:
    """I share this with the clinicians of this group. 409 when the words have changed, or none is there."""
    return await ask.do(
        "care.change", lambda work: sharing.give(work, ask.actor, room_id, care_scope, asked)
    )


@router.delete("/care/{room_id}/{care_scope}", operation_id="care_withdraw", openapi_extra=_CHANGE)
async def withdraw(
    room_id: UUID, care_scope: bodies.Scope, ask: Ask, language: Language = "en"
) -> bodies.Care:
    """I take it back: from this answer on nobody sees it."""
    return await ask.do(
        "care.change", lambda work: sharing.withdraw(work, ask.actor, room_id, care_scope, language)
    )


@router.delete("/care/{room_id}", operation_id="care_withdraw_all", openapi_extra=_CHANGE)
async def withdraw_all(room_id: UUID, ask: Ask, language: Language = "en") -> bodies.Care:
    """I take back all that I share with this group."""
    return await ask.do(
        "care.change", lambda work: sharing.withdraw(work, ask.actor, room_id, None, language)
    )


@router.get("/receipts", operation_id="receipt_list", openapi_extra={"x-access": "receipt.list"})
async def list_receipts(ask: Ask) -> bodies.Receipts:
    """Who looked at what is mine: by role, by day, and what allowed it."""
    return await ask.read("receipt.list", lambda work: receipts.list_mine(work, ask.actor))


@router.get("/moods", operation_id="mood_list", openapi_extra=_MOOD)
async def list_moods(ask: Ask) -> bodies.Moods:
    """My check-ins of the last 90 days."""
    return await ask.read("mood.own", lambda work: moods.read_mine(work, ask.actor))


@router.post("/moods", status_code=201, operation_id="mood_check_in", openapi_extra=_MOOD)
async def check_in(new: bodies.NewMood, ask: Ask) -> bodies.Mood:
    """How I am now."""
    return await ask.do("mood.own", lambda work: moods.check_in(work, ask.actor, new))


@router.delete("/moods/{mood_id}", status_code=204, operation_id="mood_remove", openapi_extra=_MOOD)
async def remove_mood(mood_id: UUID, ask: Ask) -> None:
    """Take one of mine away."""
    await ask.do("mood.own", lambda work: moods.remove(work, ask.actor, mood_id))
