"""One case over HTTP: read, claim, give back, decide."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.protocol import bodies
from server.services import case_view, decisions, queue

router = APIRouter(prefix="/api/cases", tags=["cases"])


@router.get("/{case_id}", operation_id="case_read", openapi_extra={"x-access": "case.read"})
async def read_case(case_id: UUID, ask: Ask) -> bodies.Case:
    """The whole case. Looking does not claim it, and leaves an audit line."""
    return await ask.do("case.read", lambda work: case_view.read_case(work, ask.actor, case_id))


@router.put("/{case_id}/claim", operation_id="case_claim", openapi_extra={"x-access": "case.claim"})
async def claim(case_id: UUID, body: bodies.Claim, ask: Ask) -> bodies.CaseLine:
    """I look at this, for a quarter of an hour."""
    return await ask.do(
        "case.claim", lambda work: queue.claim(work, ask.actor, case_id, body.version)
    )


@router.delete(
    "/{case_id}/claim", operation_id="case_release", openapi_extra={"x-access": "case.claim"}
)
async def release(case_id: UUID, ask: Ask) -> bodies.CaseLine:
    """Back to the queue."""
    return await ask.do("case.claim", lambda work: queue.release(work, ask.actor, case_id))


@router.post(
    "/{case_id}/decisions",
    status_code=201,
    operation_id="case_decide",
    openapi_extra={"x-access": "case.decide"},
)
async def decide(case_id: UUID, body: bodies.NewDecision, ask: Ask) -> bodies.Case:
    """Decide on the version that was read; 409 `stale` when it moved on."""
    return await ask.do(
        "case.decide", lambda work: decisions.decide(work, ask.actor, case_id, body)
    )
