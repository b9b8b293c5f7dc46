"""What a member is asked, apart from sign-up, and what they said to it."""

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import consents as bodies
from server.protocol.base import Storable
from server.services import consents

router = APIRouter(prefix="/api/me/consents", tags=["consents"])

Language = Annotated[Storable, Query(max_length=35)]
_READ = {"x-access": "consent.read"}
_CHANGE = {"x-access": "consent.change"}


@router.get("", operation_id="consent_read", openapi_extra=_READ)
async def read_consents(ask: Ask, language: Language = "en") -> bodies.Consents:
    """What I am asked, in full words, and what I ever agreed to."""
    return await ask.read(
        "consent.read", lambda work: consents.read_consents(work, ask.actor, language)
    )


@router.put("/{scope}", operation_id="consent_give", openapi_extra=_CHANGE)
async def give(scope: bodies.Scope, asked: bodies.NewConsent, ask: Ask) -> bodies.Consents:
    """I agree. 409 when the words have changed, or the place does not ask."""
    return await ask.do(
        "consent.change", lambda work: consents.give(work, ask.actor, scope, asked.wording)
    )


@router.delete("/{scope}", operation_id="consent_withdraw", openapi_extra=_CHANGE)
async def withdraw(scope: bodies.Scope, ask: Ask, language: Language = "en") -> bodies.Consents:
    """I take it back."""
    return await ask.do(
        "consent.change", lambda work: consents.withdraw(work, ask.actor, scope, language)
    )
