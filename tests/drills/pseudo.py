"""Every page in the pseudo-locale at 320 px: nothing sticks out, and every word is of a catalogue."""

import asyncio
import os
import re
import tempfile
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Browser

from tests.drills._browsers import chromium, come, person
from tests.drills._views import View, views
from tests.server.live_server import LiveServer
from tests.server.malforming.world import World, build
from tests.web.strange import NARROW, WIDER, overflowing, strange, untranslated

_SAID_BY_THE_SERVER = ("/plain", "/crisis", "/report")
"""In one of the five languages; whether they fit is looked at all the same."""
_FACTS: Final = re.compile(
    r"^(?:[,:·] )?(?:"
    r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|\d{1,2} \w+|\w+ \d{4})\b"
    r"|(?:English|Hearth|PHQ-9|GAD-7|JSON|UTC|px|SQLite|lexicon|Google|Mozilla|Apple|Microsoft)\b"
    r"|(?:Rude|peer|moderator|clinician|steward) [0-9a-f]{6,12}|\w+\.toml|\([\w., ]+\)$"
    r"|(?:Self-harm|Violence|Abuse|Loss|Food and weight|Alcohol and drugs|Illness|Hate|Sexuality)$"
    r"|A member is not sure)"
)
"""Dates and names of languages are the browser's own words; names are names; topics have a list of their own in
each language, and why a case opened is said by the server in the reader's."""


def run() -> dict[str, Any]:
    """PATHS: only routes with this in them.

    ok: no page has to be moved sideways, and none of the web's says a word that is not in the pseudo-locale.
    Control, caught: an element of 400 px with English words.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    wide: list[str] = []
    said: list[str] = []
    late: list[str] = []
    pages = 0
    with tempfile.TemporaryDirectory(prefix="hearth-pseudo-") as folder:
        server = LiveServer(Path(folder), limits="bench")
        try:
            await server.start()
            world = await build(server)
            wanted = [view for view in views(world) if os.environ.get("PATHS", "") in view.route]
            async with chromium() as browser:
                for view in wanted:
                    pages += 1
                    is_there, out, words = await _look(browser, server, world, view)
                    if not is_there:
                        late.append(view.route)
                    wide += [f"{view.route}: {each}" for each in out]
                    said += [f"{view.route}: {each}" for each in words]
                    print(view.route, *out, *words, sep="\n  ", flush=True)
                caught = await _control(browser, server)
        finally:
            server.kill()
    print(*late, sep="\n", flush=True)
    return {
        "pages": pages,
        "sticking_out": len(wide),
        "untranslated": len(said),
        "late": len(late),
        "control_caught": caught,
        "ok": not wide and not said and not late and caught and pages > 0,
    }


async def _look(
    browser: Browser, server: LiveServer, world: World, view: View
) -> tuple[bool, list[str], list[str]]:
    """Whether it was there in time; what sticks out; what is said in English."""
    async with _narrow(browser, server, world.tokens[view.whose]) as page:
        is_there = await come(page, f"http://localhost:{server.port}{strange(view.path)}")
        out = await overflowing(page)
        if view.route.startswith(_SAID_BY_THE_SERVER):
            return is_there, out, []
        words = await untranslated(page)
        return is_there, out, [each for each in words if not _FACTS.match(each)]


def _narrow(browser: Browser, server: LiveServer, token: str | None) -> Any:
    width, height = NARROW
    size = {"width": width, "height": height}
    return person(browser, server, token, viewport=size, reduced_motion="reduce", locale="en-IE")


async def _control(browser: Browser, server: LiveServer) -> bool:
    async with _narrow(browser, server, None) as page:
        await come(page, f"http://localhost:{server.port}{strange('/')}")
        await page.evaluate(WIDER)
        return bool(await overflowing(page)) and bool(await untranslated(page))
