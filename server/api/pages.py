"""The built web, and its policy: our own scripts, our own styles, nobody else's anything."""

import asyncio
import base64
import hashlib
import json
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from server.api.depend import find_actor, parts_of, token_of
from server.api.language import language_of
from server.errors import NotFound, ServerError
from server.services.seats import sits

BUILD = Path(__file__).parents[2] / "web" / "build"
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
PLAIN_FIRST = "hearth-plain"
"""A cookie, set where somebody wants this device to open the plain pages first; it says nothing about them."""
_FOREVER = "public, max-age=31536000, immutable"
_PACKED = (("br", ".br"), ("gzip", ".gz"))
"""The smaller one first; browsers ask for it over TLS and from this machine."""
_ROOM = re.compile(r"rooms/([0-9a-f-]{36})")
_ASKED_IN_A_ROOM = (
    "/api/me",
    "/api/place",
    "/api/me/quiet",
    "/api/me/comfort",
    "/api/rooms/{}",
)
"""What its page asks for first: a slow line begins with it while the script is still on its way."""
_KNOWN_WITHIN_S = 0.5
_NEWEST = "/api/rooms/{}/messages?limit=50"
"""And of somebody who sits there."""
_FETCHED = "rel=preload; as=fetch; crossorigin=anonymous"
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearth</title>
<p>The pages are not built yet: run <code>make run</code>.</p><p><a href="/crisis">In crisis? Get help now</a></p>"""


def content_policy(origin: str) -> str:
    """The header for every page. The one inline script is allowed by its hash."""
    index = BUILD / "index.html"
    scripts = _INLINE.findall(index.read_text()) if index.exists() else []
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    socket = origin.replace("http", "ws", 1)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {hashes}".strip(),
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self' {socket}",
            "manifest-src 'self'",
            "worker-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types svelte-trusted-html sveltekit-trusted-url hearth-worker",
        )
    )


router = APIRouter()


@router.get("/{path:path}", include_in_schema=False, openapi_extra={"x-access": "page.read"})
async def page(path: str, request: Request) -> Response:
    """A built file, or the application's page for everything it routes itself."""
    if path.startswith(("api/", "ws", "plain/")):
        raise NotFound
    if not path and request.cookies.get(PLAIN_FIRST):
        return RedirectResponse("/plain", 303)
    if file := _find(path):
        return _file(file, request)
    if path.startswith("_app/"):
        raise NotFound  # of another version: no page can stand in for a script
    room = _ROOM.fullmatch(path)
    index = BUILD / ("room.html" if room else "index.html")
    if not index.exists():
        return HTMLResponse(_NOT_BUILT, 503)
    soon = [f"<{file}>; rel=modulepreload" for file in _first_words().get(language_of(request), ())]
    if room:
        soon += await _asked_first(request, room[1])
    answer = _file(index, request)
    answer.headers["vary"] = "accept-encoding, accept-language, cookie"
    answer.headers["link"] = ", ".join(soon)
    return answer


async def _asked_first(request: Request, room: str) -> list[str]:
    """What this room's page will ask for at once; nothing where nobody is logged in, or it takes long to know."""
    parts = parts_of(request)
    with suppress(ServerError, TimeoutError, ValueError):
        async with asyncio.timeout(_KNOWN_WITHIN_S):
            actor = await find_actor(parts, token_of(request)[0])
            seated = await parts.database.read(lambda work: sits(work, UUID(room), actor.id))
        asked = (*_ASKED_IN_A_ROOM, _NEWEST) if seated else _ASKED_IN_A_ROOM
        return [f"<{path.format(room)}>; {_FETCHED}" for path in asked]
    return []


@cache
def _first_words() -> dict[str, list[str]]:
    """Files with the words of the first drawing, by language."""
    words: dict[str, list[str]] = json.loads((BUILD / "words.json").read_text())
    return words


def _find(path: str) -> Path | None:
    """The built file of this name; what no file can be called is none."""
    try:
        file = (BUILD / path).resolve()
        is_ours = bool(path) and file.is_relative_to(BUILD) and file.is_file()
    except (OSError, ValueError):
        return None
    return file if is_ours else None


def _file(file: Path, request: Request) -> FileResponse:
    headers = {
        "cache-control": _FOREVER if "/immutable/" in file.as_posix() else "no-cache",
        "vary": "accept-encoding",
    }
    accepted = request.headers.get("accept-encoding", "")
    for name, ending in _PACKED:
        packed = file.with_name(file.name + ending)
        if name in accepted and packed.is_file():
            kind = FileResponse(file).media_type
            packing = headers | {"content-encoding": name}
            return FileResponse(packed, headers=packing, media_type=kind)
    return FileResponse(file, headers=headers)


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
