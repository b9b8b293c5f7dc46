"""Group sessions over HTTP: what comes, planning, being reminded, and a file for one's own calendar."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from server.api.depend import Ask
from server.protocol import group_sessions as bodies
from server.services import group_sessions

router = APIRouter(prefix="/api", tags=["group sessions"])

_CHANGE = {"x-access": "group_session.change"}
_REMIND = {"x-access": "group_session.remind"}


@router.get(
    "/group-sessions",
    operation_id="group_session_list",
    openapi_extra={"x-access": "group_session.list"},
)
async def list_mine(ask: Ask) -> bodies.GroupSessions:
    """What comes in all my rooms."""
    return await ask.read(
        "group_session.list", lambda work: group_sessions.list_mine(work, ask.actor)
    )


@router.get(
    "/rooms/{room_id}/group-sessions",
    operation_id="room_group_sessions",
    openapi_extra={"x-access": "group_session.read"},
)
async def list_in(room_id: UUID, ask: Ask) -> bodies.GroupSessions:
    """What comes in one room; for those who keep it, also what was."""
    return await ask.read(
        "group_session.read", lambda work: group_sessions.list_in(work, ask.actor, room_id)
    )


@router.get(
    "/rooms/{room_id}/group-sessions/hosts",
    operation_id="group_session_hosts",
    openapi_extra=_CHANGE,
)
async def list_hosts(room_id: UUID, ask: Ask) -> bodies.SessionHosts:
    """Who may host here."""
    return await ask.read(
        "group_session.change", lambda work: group_sessions.list_hosts(work, ask.actor, room_id)
    )


@router.post(
    "/rooms/{room_id}/group-sessions",
    status_code=201,
    operation_id="group_session_plan",
    openapi_extra=_CHANGE,
)
async def plan(room_id: UUID, new: bodies.NewGroupSession, ask: Ask) -> bodies.GroupSession:
    """A new session."""
    return await ask.do(
        "group_session.change", lambda work: group_sessions.plan(work, ask.actor, room_id, new)
    )


@router.patch(
    "/group-sessions/{session_id}", operation_id="group_session_change", openapi_extra=_CHANGE
)
async def change(
    session_id: UUID, patch: bodies.GroupSessionPatch, ask: Ask
) -> bodies.GroupSession:
    """Move it, or say something else about it."""
    return await ask.do(
        "group_session.change",
        lambda work: group_sessions.change(work, ask.actor, session_id, patch),
    )


@router.post(
    "/group-sessions/{session_id}/cancellation",
    status_code=201,
    operation_id="group_session_cancel",
    openapi_extra=_CHANGE,
)
async def cancel(session_id: UUID, end: bodies.GroupSessionEnd, ask: Ask) -> bodies.GroupSession:
    """It does not take place."""
    return await ask.do(
        "group_session.change",
        lambda work: group_sessions.cancel(work, ask.actor, session_id, end),
    )


@router.put(
    "/group-sessions/{session_id}/reminder",
    operation_id="group_session_remind",
    openapi_extra=_REMIND,
)
async def remind(session_id: UUID, ask: Ask) -> bodies.GroupSession:
    """Remind me a day and a quarter of an hour before."""
    return await ask.do(
        "group_session.remind",
        lambda work: group_sessions.remind(work, ask.actor, session_id, wanted=True),
    )


@router.delete(
    "/group-sessions/{session_id}/reminder",
    operation_id="group_session_forget",
    openapi_extra=_REMIND,
)
async def forget(session_id: UUID, ask: Ask) -> bodies.GroupSession:
    """Do not remind me."""
    return await ask.do(
        "group_session.remind",
        lambda work: group_sessions.remind(work, ask.actor, session_id, wanted=False),
    )


@router.get(
    "/group-sessions/{session_id}/calendar.ics",
    operation_id="group_session_calendar",
    openapi_extra={"x-access": "group_session.read"},
    response_class=Response,
)
async def calendar(session_id: UUID, ask: Ask) -> Response:
    """Its time and this place's name, and nothing of the room."""
    file = await ask.read(
        "group_session.read", lambda work: group_sessions.calendar(work, ask.actor, session_id)
    )
    headers = {
        "content-disposition": 'attachment; filename="calendar.ics"', "cache-control": "no-store",
    }  # fmt: skip
    return Response(file, media_type="text/calendar", headers=headers)
