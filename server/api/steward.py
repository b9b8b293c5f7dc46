"""The steward's pages over HTTP. A steward configures; no route here gives anybody's words."""

from importlib.metadata import version
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from server.access import check
from server.api.depend import Ask
from server.api.proving import AskProven, check_proven
from server.protocol import bodies
from server.protocol.base import Storable
from server.services import calling, invitations, own_lines, place, steward

router = APIRouter(prefix="/api/steward", tags=["steward"])

_VERSION = version("hearth")
_STATUS = {"x-access": "steward.status"}
_PLACE = {"x-access": "steward.place"}
_ROOMS = {"x-access": "steward.rooms"}
_MEMBERS = {"x-access": "steward.members"}
_INVITATIONS = {"x-access": "steward.invitations"}
_LINES = {"x-access": "steward.help_lines"}
_CALLING = {"x-access": "steward.calling"}


@router.get("/status", operation_id="steward_status", openapi_extra=_STATUS)
async def read_status(ask: Ask) -> bodies.StewardStatus:
    """Is it well?"""
    parts = ask.parts
    settings = parts.settings
    kind = "PostgreSQL" if settings.database_url.startswith("postgres") else "SQLite"
    return await ask.read(
        "steward.status",
        lambda work: place.read_status(
            work,
            ask.actor,
            version=_VERSION,
            classifier=settings.classifier,
            classifier_state=parts.assessor.state,
            database=kind,
            sockets=len(parts.hub.sockets()),
        ),
    )


@router.patch("/place", operation_id="steward_place", openapi_extra=_PLACE)
async def change_place(patch: bodies.PlacePatch, ask: Ask) -> bodies.Place:
    """Name, sign-up, age, country."""
    settings = ask.parts.settings
    return await ask.do(
        "steward.place", lambda work: place.change_place(work, ask.actor, patch, settings)
    )


@router.get("/rooms", operation_id="steward_rooms_list", openapi_extra=_ROOMS)
async def list_rooms(ask: Ask) -> bodies.Rooms:
    """Every room, the closed ones too."""
    here = ask.parts.hub.here()
    return await ask.read("steward.rooms", lambda work: steward.list_rooms(work, ask.actor, here))


@router.post("/rooms", status_code=201, operation_id="steward_rooms_add", openapi_extra=_ROOMS)
async def add_room(new: bodies.NewRoom, ask: Ask) -> bodies.Room:
    """A new room."""
    return await ask.do("steward.rooms", lambda work: steward.add_room(work, ask.actor, new))


@router.patch("/rooms/{room_id}", operation_id="steward_rooms_change", openapi_extra=_ROOMS)
async def change_room(room_id: UUID, patch: bodies.RoomPatch, ask: Ask) -> bodies.Room:
    """Name, purpose, language, open or closed."""
    here = ask.parts.hub.here()
    return await ask.do(
        "steward.rooms", lambda work: steward.change_room(work, ask.actor, room_id, patch, here)
    )


@router.put("/rooms/{room_id}/keepers", operation_id="steward_rooms_keep", openapi_extra=_ROOMS)
async def seat_keeper(room_id: UUID, keeper: bodies.NewKeeper, ask: AskProven) -> bodies.RoomDetail:
    """Who keeps this room, and so reads its cases. Proved once more who asks."""
    here = ask.parts.hub.here()
    return await ask.do(
        "steward.rooms", lambda work: steward.seat_keeper(work, ask.actor, room_id, keeper, here)
    )


@router.get("/members", operation_id="steward_members_list", openapi_extra=_MEMBERS)
async def list_members(
    ask: Ask,
    query: Annotated[Storable | None, Query(max_length=40)] = None,
    state: Literal["active", "pending", "removed"] | None = None,
    after: Annotated[Storable | None, Query(max_length=200)] = None,
) -> bodies.StewardMembers:
    """A page of members by name."""
    return await ask.read(
        "steward.members", lambda work: steward.list_members(work, ask.actor, query, state, after)
    )


@router.patch("/members/{member_id}", operation_id="steward_members_change", openapi_extra=_MEMBERS)
async def change_member(
    member_id: UUID, patch: bodies.MemberPatch, ask: Ask
) -> bodies.StewardMember:
    """Another role, or removed: proved once more who asks. Approve, let back in."""
    check(ask.actor, "steward.members")
    if patch.role or patch.state == "removed":
        await check_proven(ask)
    return await ask.do(
        "steward.members", lambda work: steward.change_member(work, ask.actor, member_id, patch)
    )


@router.get("/invitations", operation_id="steward_invitations_list", openapi_extra=_INVITATIONS)
async def list_invitations(ask: Ask) -> bodies.Invitations:
    """Those that still open a door, and those that did."""
    return await ask.read(
        "steward.invitations", lambda work: invitations.list_invitations(work, ask.actor)
    )


@router.post(
    "/invitations",
    status_code=201,
    operation_id="steward_invitations_add",
    openapi_extra=_INVITATIONS,
)
async def invite(new: bodies.NewInvitation, ask: Ask) -> bodies.Invitation:
    """A new one; its code is told this once. To make staff, proved once more who asks."""
    check(ask.actor, "steward.invitations")
    if new.role != "peer":
        await check_proven(ask)
    await ask.parts.limits.count("invite", str(ask.actor.id))
    return await ask.do(
        "steward.invitations", lambda work: invitations.invite(work, ask.actor, new)
    )


@router.delete(
    "/invitations/{invitation_id}",
    status_code=204,
    operation_id="steward_invitations_revoke",
    openapi_extra=_INVITATIONS,
)
async def revoke(invitation_id: UUID, ask: Ask) -> None:
    """Nobody comes in by it any more."""
    await ask.do(
        "steward.invitations", lambda work: invitations.revoke(work, ask.actor, invitation_id)
    )


@router.get("/help-lines", operation_id="steward_help_lines_list", openapi_extra=_LINES)
async def list_lines(ask: Ask) -> bodies.StewardHelpLines:
    """Every line of the place's country."""
    return await ask.read("steward.help_lines", lambda work: own_lines.list_lines(work, ask.actor))


@router.post(
    "/help-lines", status_code=201, operation_id="steward_help_lines_add", openapi_extra=_LINES
)
async def add_line(new: bodies.NewHelpLine, ask: Ask) -> bodies.StewardHelpLine:
    """A line the steward checked."""
    return await ask.do("steward.help_lines", lambda work: own_lines.add_line(work, ask.actor, new))


@router.post("/help-lines/confirm", operation_id="steward_help_lines_confirm", openapi_extra=_LINES)
async def confirm_lines(ask: Ask) -> bodies.StewardHelpLines:
    """I have checked the numbers of my country."""
    return await ask.do("steward.help_lines", lambda work: own_lines.confirm(work, ask.actor))


@router.patch(
    "/help-lines/{line_id}", operation_id="steward_help_lines_change", openapi_extra=_LINES
)
async def hide_line(
    line_id: Storable, patch: bodies.HelpLinePatch, ask: Ask
) -> bodies.StewardHelpLine:
    """Hide or show one line."""
    return await ask.do(
        "steward.help_lines",
        lambda work: own_lines.hide_line(work, ask.actor, line_id, hidden=patch.hidden),
    )


@router.get("/calling", operation_id="steward_calling", openapi_extra=_CALLING)
async def read_calling(ask: Ask) -> bodies.Calling:
    """Who is called when nobody looks, and when."""
    has_command = bool(ask.parts.settings.alert_command)
    return await ask.read(
        "steward.calling",
        lambda work: calling.read_calling(work, ask.actor, has_command=has_command),
    )


@router.patch("/calling", operation_id="steward_calling_change", openapi_extra=_CALLING)
async def change_calling(patch: bodies.CallingPatch, ask: Ask) -> bodies.Calling:
    """Who is on call, and the minutes."""
    has_command = bool(ask.parts.settings.alert_command)
    return await ask.do(
        "steward.calling",
        lambda work: calling.change_calling(work, ask.actor, patch, has_command=has_command),
    )
