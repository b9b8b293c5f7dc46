"""Web Push over HTTP: one's own browsers, and the steward's switch."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import Ask
from server.api.proving import AskProven
from server.protocol import push as wire
from server.services import pushing

router = APIRouter(prefix="/api", tags=["push"])

_OWN = {"x-access": "push.own"}
_STEWARD = {"x-access": "steward.push"}


@router.get("/me/push", operation_id="push_read", openapi_extra=_OWN)
async def read_mine(ask: Ask) -> wire.MyPush:
    """Whether I can be called here, and on which browsers I am."""
    key = ask.parts.push.public_key
    return await ask.read("push.own", lambda work: pushing.read_mine(work, ask.actor, key))


@router.post("/me/push", status_code=201, operation_id="push_add", openapi_extra=_OWN)
async def add_device(new: wire.NewPushDevice, ask: Ask) -> wire.PushDevice:
    """Call me on this browser."""
    settings = ask.parts.settings
    return await ask.do("push.own", lambda work: pushing.add_device(work, ask.actor, new, settings))


@router.post("/me/push/test", status_code=204, operation_id="push_test", openapi_extra=_OWN)
async def test_mine(ask: Ask) -> None:
    """Show me how a call looks."""
    await ask.do("push.own", lambda work: pushing.plan_test(work, ask.actor))


@router.patch("/me/push/{device_id}", operation_id="push_change", openapi_extra=_OWN)
async def change_device(device_id: UUID, patch: wire.PushDevicePatch, ask: Ask) -> wire.PushDevice:
    """Other quiet hours."""
    return await ask.do(
        "push.own", lambda work: pushing.change_device(work, ask.actor, device_id, patch)
    )


@router.delete(
    "/me/push/{device_id}", status_code=204, operation_id="push_drop", openapi_extra=_OWN
)
async def drop_device(device_id: UUID, ask: Ask) -> None:
    """Not on this browser any more."""
    await ask.do("push.own", lambda work: pushing.drop_device(work, ask.actor, device_id))


@router.get("/steward/push", operation_id="steward_push", openapi_extra=_STEWARD)
async def read_push(ask: Ask) -> wire.StewardPush:
    """Is it on, whose servers does it use, and how did it go?"""
    settings = ask.parts.settings
    return await ask.read("steward.push", lambda work: pushing.read_push(work, ask.actor, settings))


@router.patch("/steward/push", operation_id="steward_push_change", openapi_extra=_STEWARD)
async def change_push(patch: wire.StewardPushPatch, ask: AskProven) -> wire.StewardPush:
    """On or off, for the whole place. Proved once more who asks."""
    settings = ask.parts.settings
    return await ask.do(
        "steward.push", lambda work: pushing.change_push(work, ask.actor, patch, settings)
    )
