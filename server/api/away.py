"""Members who are away, over HTTP; and the way out: what the place is called on a home screen, where "Leave" leads."""

from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse

from server.api.depend import Ask, parts_of
from server.errors import Unavailable
from server.protocol import away as wire
from server.services import away
from server.store import place
from server.store.work import Work

router = APIRouter(tags=["push"])

_OWN = {"x-access": "push.own"}
_STEWARD = {"x-access": "steward.away"}
_PAGE = {"x-access": "page.read"}
_KITCHEN = Path(__file__).with_name("kitchen.html")
_PLAIN = "Notes"


@router.get("/api/me/push/rooms", operation_id="push_rooms", openapi_extra=_OWN)
async def read_wishes(ask: Ask) -> wire.RoomWishes:
    """What I am called for in each of my rooms."""
    return await ask.read("push.own", lambda work: away.read_wishes(work, ask.actor))


@router.put("/api/me/push/rooms/{room_id}", operation_id="push_wish", openapi_extra=_OWN)
async def change_wish(room_id: UUID, patch: wire.WishPatch, ask: Ask) -> wire.RoomWishes:
    """Everything, replies to me, or nothing."""
    return await ask.do(
        "push.own", lambda work: away.change_wish(work, ask.actor, room_id, patch.wish)
    )


@router.get("/api/steward/away", operation_id="steward_away", openapi_extra=_STEWARD)
async def read_state(ask: Ask) -> wire.StewardAway:
    """Are members called, and how does the place look from outside?"""
    return await ask.read("steward.away", lambda work: away.read_state(work, ask.actor))


@router.put("/api/steward/away", operation_id="steward_away_change", openapi_extra=_STEWARD)
async def change_state(patch: wire.StewardAwayPatch, ask: Ask) -> wire.StewardAway:
    """All of it anew."""
    return await ask.do("steward.away", lambda work: away.change_state(work, ask.actor, patch))


@router.get("/manifest.webmanifest", include_in_schema=False, openapi_extra=_PAGE)
async def manifest(request: Request, plain: str = "") -> JSONResponse:
    """What the app is called and how it looks on a home screen; plain: as harmless as it gets."""
    named, chosen = await parts_of(request).database.read(_names)
    name = _PLAIN if plain else chosen or named
    icon = "plain" if plain or chosen else "icon"
    content = {
        "id": "/",
        "name": name,
        "short_name": name[:12],
        "start_url": "/rooms",
        "scope": "/",
        "display": "standalone",
        "background_color": "#eceff1" if icon == "plain" else "#f6f0e6",
        "theme_color": "#eceff1" if icon == "plain" else "#f6f0e6",
        "icons": [
            {"src": f"/{icon}-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"}
            for size in (192, 512)
        ],
    }
    headers = {"cache-control": "no-cache"}
    return JSONResponse(content, headers=headers, media_type="application/manifest+json")


@router.get("/leave", include_in_schema=False, openapi_extra=_PAGE)
async def leave(request: Request) -> RedirectResponse:
    """Away from here. Only to somebody else's page when a steward chose it."""
    try:
        chosen = await parts_of(request).database.read(away.way_out)
    except Unavailable:
        chosen = None
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(chosen or "/kitchen", 303, headers=headers)


@router.get("/kitchen", include_in_schema=False, openapi_extra=_PAGE)
async def kitchen() -> FileResponse:
    """A page that says nothing of this place, and works without a line."""
    return FileResponse(_KITCHEN, headers={"cache-control": "max-age=3600"})


def _names(work: Work) -> tuple[str, str | None]:
    return place.get_place(work).name, away.name_of_app(work)
