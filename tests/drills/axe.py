"""Every page as every role, light, dark and in Arabic: axe finds nothing that keeps anybody out."""

import asyncio
import os
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from server.access import Role
from tests.browser import axe_findings
from tests.drills._browsers import chromium, come, person
from tests.drills._views import View, views
from tests.server.live_server import LiveServer
from tests.server.malforming.world import ROLES, World, build

_FACES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "arabic": {"color_scheme": "light", "locale": "ar"},
}
_OPEN = re.compile(r"/(sign-up|log-in|recover|report|crisis|plain|$)")
_SPOILT = """() => {
  const picture = Object.assign(document.createElement('img'), {src: '/favicon.svg'});
  document.querySelector('main').append(picture);
}"""


@dataclass(slots=True)
class Found:
    """Pages that were looked at, how many of each route, and what axe objects to."""

    pages: int = 0
    routes: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def run() -> dict[str, Any]:
    """FACES (light dark arabic), PATHS: only routes with this in them, EVERYBODY=1: each page as each role.

    ok: no finding on any page, as whoever works there and, where it is open, as a stranger; and every page
    was there in time. Control, caught: a picture without words for it.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    faces = os.environ.get("FACES", " ".join(_FACES)).split()
    found = Found()
    with tempfile.TemporaryDirectory(prefix="hearth-axe-") as folder:
        server = LiveServer(Path(folder), limits="bench")
        try:
            await server.start()
            world = await build(server)
            wanted = [view for view in views(world) if os.environ.get("PATHS", "") in view.route]
            async with chromium() as browser:
                for face in faces:
                    for role in (None, *ROLES):
                        theirs = [view for view in wanted if _is_for(view, role)]
                        await _look(browser, server, world, (role, face), theirs, found)
                spoilt = await _spoilt(browser, server)
        finally:
            server.kill()
    for line in (*found.findings, *found.late):
        print(line, flush=True)
    return {
        "routes": len(found.routes),
        "pages": found.pages,
        "faces": faces,
        "findings": len(found.findings),
        "late": len(found.late),
        "control_findings": spoilt,
        "control_caught": spoilt > 0,
        "ok": not found.findings and not found.late and spoilt > 0 and found.pages > 0,
    }


def _is_for(view: View, role: Role | None) -> bool:
    if os.environ.get("EVERYBODY"):
        return True
    return bool(_OPEN.match(view.route)) if role is None else view.whose is role


async def _look(
    browser: Browser,
    server: LiveServer,
    world: World,
    who: tuple[Role | None, str],
    wanted: list[View],
    found: Found,
) -> None:
    role, face = who
    token = world.tokens[role] if role else None
    async with person(browser, server, token, reduced_motion="reduce", **_FACES[face]) as page:
        page.set_default_timeout(30_000)
        for view in wanted:
            found.pages += 1
            found.routes[view.route] += 1
            where = f"{face} {role or 'stranger'} {view.route}"
            if not await come(page, f"http://localhost:{server.port}{view.path}"):
                found.late.append(f"{where}: not there in time")
            found.findings += [f"{where}: {each}" for each in await axe_findings(page)]
        print(f"{face} {role or 'stranger'}: {found.pages} pages", flush=True)


async def _spoilt(browser: Browser, server: LiveServer) -> int:
    async with person(browser, server, None) as page:
        await come(page, f"http://localhost:{server.port}/")
        await page.evaluate(_SPOILT)
        return len(await axe_findings(page))
