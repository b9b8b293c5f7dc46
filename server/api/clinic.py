"""The clinician's pages over HTTP: their rooms, and what judges here."""

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import bodies
from server.services import clinic, policy

router = APIRouter(prefix="/api/clinic", tags=["clinic"])


@router.get("", operation_id="clinic_list", openapi_extra={"x-access": "clinic.list"})
async def list_rooms(ask: Ask) -> bodies.Clinic:
    """The rooms I watch over."""
    here = ask.parts.hub.here()
    return await ask.read("clinic.list", lambda work: clinic.list_rooms(work, ask.actor, here))


@router.get("/policy", operation_id="policy_read", openapi_extra={"x-access": "policy.read"})
async def read_policy(ask: Ask) -> bodies.PolicyText:
    """Thresholds, phrases and wording in force, as they are written."""
    return await ask.read("policy.read", lambda work: policy.read_policy(work, ask.actor))


@router.put("/policy", operation_id="policy_confirm", openapi_extra={"x-access": "policy.confirm"})
async def confirm_policy(review: bodies.PolicyReview, ask: Ask) -> bodies.PolicyText:
    """I have read this edition and stand by it. 409 when another is in force by now."""
    return await ask.do("policy.confirm", lambda work: policy.confirm(work, ask.actor, review))
