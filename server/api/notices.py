"""What was decided about me, over HTTP: read it, and ask again."""

from uuid import UUID

from fastapi import APIRouter

from server.api.depend import AskRecord
from server.protocol import bodies, frames
from server.services import appeals, notices

router = APIRouter(prefix="/api/me/notices", tags=["notices"])


@router.get("", operation_id="notice_list", openapi_extra={"x-access": "notice.list"})
async def list_mine(ask: AskRecord) -> bodies.Notices:
    """Everything that was decided about me or my words, newest first."""
    return await ask.read("notice.list", lambda work: notices.list_mine(work, ask.actor))


@router.post(
    "/{notice_id}/read",
    status_code=204,
    operation_id="notice_read",
    openapi_extra={"x-access": "notice.read"},
)
async def read(notice_id: UUID, ask: AskRecord) -> None:
    """I have seen it."""
    await ask.do("notice.read", lambda work: notices.read(work, ask.actor, notice_id))


@router.post(
    "/{notice_id}/appeal",
    operation_id="notice_appeal",
    openapi_extra={"x-access": "notice.appeal"},
)
async def appeal(notice_id: UUID, body: bodies.NewAppeal, ask: AskRecord) -> frames.Notice:
    """Please let another person look."""
    return await ask.do(
        "notice.appeal", lambda work: appeals.appeal(work, ask.actor, notice_id, body.words)
    )
