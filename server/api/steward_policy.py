"""The steward's policy over HTTP: read it, check another one, replay it, apply it, take it back."""

from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from server.access import check
from server.api.depend import Ask
from server.api.proving import AskProven
from server.protocol import policy as bodies
from server.services import policies, policy_page

router = APIRouter(prefix="/api/steward/policy", tags=["steward"])

_ACCESS = {"x-access": "steward.policy"}


@router.get("", operation_id="steward_policy_read", openapi_extra=_ACCESS)
async def read_policy(ask: Ask) -> bodies.StewardPolicy:
    """What judges here, what is on trial, and the history of both."""
    return await ask.read("steward.policy", lambda work: policies.read(work, ask.actor))


@router.post("/check", operation_id="steward_policy_check", openapi_extra=_ACCESS)
async def check_policy(draft: bodies.PolicyDraft, ask: Ask) -> bodies.PolicyChecked:
    """Every mistake with its line, or what this policy would change."""
    return await ask.read(
        "steward.policy", lambda work: policies.check_draft(work, ask.actor, draft)
    )


@router.post(
    "/replays", status_code=202, operation_id="steward_policy_replay", openapi_extra=_ACCESS
)
async def start_replay(new: bodies.NewPolicyReplay, ask: Ask) -> bodies.PolicyReplay:
    """Begin to replay a policy over what was said here. 409 when it cannot be read, 429 while another runs."""
    await ask.read(
        "steward.policy", lambda work: policies.check_readable(work, ask.actor, new.text)
    )
    return await ask.parts.replays.start(ask.actor.id, new)


@router.get(
    "/replays/{replay_id}", operation_id="steward_policy_replay_read", openapi_extra=_ACCESS
)
async def read_replay(replay_id: UUID, ask: Ask) -> bodies.PolicyReplay:
    """How far it is, and its report once it is done."""
    check(ask.actor, "steward.policy")
    return await ask.parts.replays.find(replay_id)


@router.get(
    "/replays/{replay_id}/page",
    operation_id="steward_policy_replay_page",
    openapi_extra=_ACCESS,
    response_class=HTMLResponse,
)
async def read_page(replay_id: UUID, ask: Ask) -> HTMLResponse:
    """The report as a page of its own, to keep or to hand on. 404 until it is done."""
    check(ask.actor, "steward.policy")
    found = await ask.parts.replays.find(replay_id)
    headers = {"content-disposition": 'attachment; filename="policy-replay.html"'}
    return HTMLResponse(policy_page.page(policies.report_of(found)), headers=headers)


@router.post(
    "/editions", status_code=201, operation_id="steward_policy_take", openapi_extra=_ACCESS
)
async def take_policy(new: bodies.NewPolicyEdition, ask: AskProven) -> bodies.StewardPolicy:
    """Apply a policy that was replayed, or put one on trial."""
    taken = await ask.do("steward.policy", lambda work: policies.take(work, ask.actor, new))
    await ask.parts.reader.standing.refresh(ask.parts.database)
    return taken


@router.post("/rollback", operation_id="steward_policy_rollback", openapi_extra=_ACCESS)
async def roll_back(asked: bodies.PolicyRollback, ask: AskProven) -> bodies.StewardPolicy:
    """An earlier edition judges again, at once."""
    taken = await ask.do("steward.policy", lambda work: policies.roll_back(work, ask.actor, asked))
    await ask.parts.reader.standing.refresh(ask.parts.database)
    return taken


@router.post("/trial/end", operation_id="steward_policy_trial_end", openapi_extra=_ACCESS)
async def end_trial(asked: bodies.PolicyTrialEnd, ask: AskProven) -> bodies.StewardPolicy:
    """Nothing is on trial any more."""
    taken = await ask.do("steward.policy", lambda work: policies.end_trial(work, ask.actor, asked))
    await ask.parts.reader.standing.refresh(ask.parts.database)
    return taken
