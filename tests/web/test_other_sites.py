"""A page on another origin frames, holds and reads none of ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, async_playwright

from server.access import Role
from tests import installed
from tests.browser import FLAGS
from tests.drills._origins import elsewhere
from tests.drills._views import views
from tests.server.live_server import LiveServer
from tests.server.malforming.world import World, build

_PATIENCE_MS = 180_000
_FRAMED: Any = """async (urls) => {
  for (const url of urls) {
    const frame = document.createElement('iframe');
    const loaded = new Promise((done) => { frame.onload = done; });
    frame.src = url;
    document.body.append(frame);
    await loaded;
  }
}"""
_OPENED: Any = """async (urls) => {
  const isRead = (opened) => {
    try {
      return opened.location.href !== 'about:blank';
    } catch {
      return false;
    }
  };
  const held = [];
  for (const url of urls) {
    const opened = window.open(url);
    for (let turn = 0; turn < 3000 && !opened.closed && !isRead(opened); turn += 1)
      await new Promise((done) => setTimeout(done, 20));
    if (!opened.closed) held.push(url);
    opened.close();
  }
  return held;
}"""
_READ: Any = """async (urls) => {
  const read = [];
  for (const url of urls)
    for (const mode of ['cors', 'no-cors'])
      await fetch(url, {mode, credentials: 'include'}).then(() => read.push(mode + ' ' + url), () => {});
  return read;
}"""


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """Other people's pages live at localhost, too: the cookie goes along, only the origin is another."""
    server = LiveServer(tmp_path_factory.mktemp("hearth"), limits="bench")
    await server.start()
    yield server
    server.kill()


@asynccontextmanager
async def a_browser(folder: Path) -> AsyncIterator[BrowserContext]:
    """Which keeps what it has seen in this folder, and pages that were left in its memory, as people's do."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            folder, executable_path=installed.find_chromium(), args=FLAGS,
            ignore_default_args=["--disable-back-forward-cache"],
        )  # fmt: skip
        context.set_default_timeout(_PATIENCE_MS)
        yield context
        await context.close()


async def test_another_origin_frames_holds_and_reads_no_page(
    place: LiveServer, tmp_path: Path
) -> None:
    world = await build(place)
    here = f"http://localhost:{place.port}"
    pages = [here + view.path for view in views(world)]
    answers = [here + path for path in answered(world)]
    async with elsewhere() as other, a_browser(tmp_path) as context:
        await come_in(context, place, world.tokens[Role.MODERATOR])
        page = await context.new_page()
        await page.goto(other)
        await page.evaluate(_FRAMED, [*pages, *answers, other])
        shown = [frame.url for frame in page.frames[1:]]
        assert [url for url in shown if not url.startswith("chrome-error:")] == [other]
        assert len(shown) == len(pages) + len(answers) + 1
        some = [pages[0], *pages[1::6]]  # each is opened whole, script and all
        assert await page.evaluate(_OPENED, [*some, other]) == [other]
        every = [*pages, *answers]
        assert await page.evaluate(_READ, [*every, other]) == [f"cors {other}", f"no-cors {other}"]
        await page.goto(f"{here}/rooms")
        ours = set(await page.evaluate(_READ, every))
        assert {f"cors {url}" for url in every} <= ours, "the guard: our own pages read them all"


def answered(world: World) -> tuple[str, ...]:
    """What is no page, and says something of whoever asks, or of the room."""
    return (
        "/api/me", "/api/rooms", "/api/queue", "/api/me/notices", "/api/sessions", "/api/place",
        f"/api/rooms/{world.room}/messages", f"/api/cases/{world.case}", "/plain.css", "/healthz",
    )  # fmt: skip


async def come_in(context: BrowserContext, place: LiveServer, token: str) -> None:
    """As somebody who has logged in in this browser."""
    url = f"http://localhost:{place.port}"
    await context.add_cookies(
        [{"name": "hearth", "value": token, "url": url, "sameSite": "Lax", "httpOnly": True}]
    )
