"""The queue over HTTP: a page, the next case, what was not read, shifts."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from server.api.depend import Ask
from server.protocol import bodies
from server.protocol.base import Storable
from server.services import queue
from server.store.queue import Wanted

router = APIRouter(prefix="/api", tags=["queue"])

_TOKEN_LIMIT = 400


@router.get("/queue", operation_id="queue_read", openapi_extra={"x-access": "queue.read"})
async def read_queue(
    ask: Ask,
    urgency: bodies.Urgency | None = None,
    room: UUID | None = None,
    kind: bodies.CaseKind | None = None,
    state: bodies.CaseState | None = None,
    language: Annotated[Storable | None, Query(min_length=2, max_length=12)] = None,
    waits_h: Annotated[int | None, Query(ge=1, le=8_760)] = None,
    after: Annotated[str | None, Query(max_length=_TOKEN_LIMIT)] = None,
) -> bodies.Queue:
    """A page of the queue in working order. waits_h: only what opened so many hours ago or earlier."""
    waits = timedelta(hours=waits_h) if waits_h else None
    wanted = Wanted(urgency, room, kind, state, language, waits)
    return await ask.read(
        "queue.read", lambda work: queue.read_queue(work, ask.actor, wanted, after)
    )


@router.post("/queue/next", operation_id="queue_next", openapi_extra={"x-access": "queue.next"})
async def next_case(ask: Ask, anyway: bool = False) -> bodies.NextCase:
    """The most pressing case that nobody holds, claimed. anyway: whatever the guard would leave to others."""
    return await ask.do("queue.next", lambda work: queue.next_case(work, ask.actor, anyway=anyway))


@router.get(
    "/queue/languages", operation_id="queue_languages", openapi_extra={"x-access": "queue.read"}
)
async def languages(ask: Ask) -> bodies.QueueLanguages:
    """The languages of what is open."""
    return await ask.read("queue.read", lambda work: queue.languages(work, ask.actor))


@router.post(
    "/cases/{case_id}/hand-off",
    operation_id="case_hand_off",
    openapi_extra={"x-access": "case.claim"},
)
async def hand_off(case_id: UUID, ask: Ask) -> bodies.CaseLine:
    """Not for me today; nobody asks why."""
    return await ask.do("case.claim", lambda work: queue.hand_off(work, ask.actor, case_id))


@router.get(
    "/not-assessed",
    operation_id="not_assessed_read",
    openapi_extra={"x-access": "not_assessed.read"},
)
async def not_assessed(ask: Ask, room: UUID | None = None) -> bodies.NotAssessed:
    """Messages that nothing has read yet. Looking leaves an audit line."""
    return await ask.do("not_assessed.read", lambda work: queue.not_assessed(work, ask.actor, room))


@router.put("/shift", operation_id="shift_change", openapi_extra={"x-access": "shift.change"})
async def change_shift(shift: bodies.Shift, ask: Ask) -> bodies.Me:
    """I am on now, or no longer."""
    return await ask.do(
        "shift.change", lambda work: queue.change_shift(work, ask.actor, on=shift.on)
    )
