"""What is written offline, in real browsers: closed tabs, dead servers, two tabs, two devices; said once, in order."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import TimeoutError as TooLate
from sqlmodel import col, select

from server.store import messages
from server.store.tables import Message
from server.store.work import Work
from tests import installed
from tests.browser import FLAGS
from tests.drills._crowd import Crowd, gather
from tests.drills._sizes import size
from tests.server.live_server import LiveServer

_SENDS = 5
_PATIENCE_MS = 60_000
_WAITING = "Waiting for the line"
_KEPT = "also when you close this page"
"""Said of each once it is on the disk, and not before: then the page may be closed."""
_READY = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return registration.active?.state === 'activated' && navigator.serviceWorker.controller !== null;
}"""
_WIPE = """() => new Promise((done) => {
  const asked = indexedDB.deleteDatabase('hearth-outbox');
  asked.onsuccess = asked.onerror = () => done();
})"""
_SAID = """async () => {
  if (document.querySelector('.pending')) return false;
  const database = await new Promise((done, failed) => {
    const asked = indexedDB.open('hearth-outbox');
    asked.onsuccess = () => done(asked.result);
    asked.onerror = failed;
  });
  const kept = await new Promise((done, failed) => {
    const asked = database.transaction('entries').objectStore('entries').count();
    asked.onsuccess = () => done(asked.result);
    asked.onerror = failed;
  });
  database.close();
  return kept === 0;
}"""
_RENAMING = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  const frame = JSON.parse(data);
  if (frame.type === 'post') frame.client_id = crypto.randomUUID();
  send.call(this, JSON.stringify(frame));
};
"""


class Device:
    """One browser of a member; its tabs come and go."""

    def __init__(self, context: BrowserContext, url: str, room: UUID) -> None:
        self.context, self._room = context, f"{url}/rooms/{room}"
        self.untrue: list[str] = []

    async def tab(self) -> Page:
        """A new tab, in the room."""
        page = await self.context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("dialog", lambda dialog: dialog.accept())
        await page.goto(self._room)
        await page.get_by_role("textbox").first.wait_for()
        return page

    async def cut(self, *, off: bool) -> None:
        """Airplane mode."""
        await self.context.set_offline(off)

    async def write(self, page: Page, texts: list[str]) -> None:
        """Say these, one after the other."""
        field = page.get_by_role("textbox").first
        for text in texts:
            await field.fill(text)
            await field.press("Enter")

    async def expect_waiting(self, page: Page, texts: list[str]) -> None:
        """Exactly these wait, in this order, and say so."""
        await page.wait_for_function(
            "(count) => document.querySelectorAll('.pending.waiting').length === count",
            arg=len(texts),
        )
        shown = await page.locator(".pending .words").all_inner_texts()
        said = await page.locator(".pending .status").all_inner_texts()
        if shown != texts:
            self.untrue.append(f"shown: {len(shown)} of {len(texts)}, or in another order")
        self.untrue += [words for words in said if not words.startswith(_WAITING)]

    async def expect_said(self, page: Page) -> bool:
        """Whether nothing waits any more, in time: on the page, and a moment later in what is kept.

        A browser that is closed in that moment sends it once more under its own id, which changes nothing.
        """
        try:
            await page.wait_for_function(_SAID, timeout=_PATIENCE_MS)
        except TooLate:
            return False
        return True


class Outbox:
    """One run: a member, their browsers, and what became of their words."""

    def __init__(self, server: LiveServer, browser: Browser, crowd: Crowd) -> None:
        self._server, self._browser, self._crowd = server, browser, crowd
        self._said: list[str] = []
        self.untrue: list[str] = []

    @asynccontextmanager
    async def device(self, *, script: str | None = None) -> AsyncIterator[Device]:
        """A browser that is logged in, and whose app is kept for when there is no line."""
        context = await self._browser.new_context(reduced_motion="reduce")
        if script:
            await context.add_init_script(script)
        url = f"http://localhost:{self._server.port}"
        token = self._crowd.tokens[0]
        await context.add_cookies([{"name": "hearth", "value": token, "url": url}])
        device = Device(context, url, self._crowd.room)
        page = await device.tab()
        await page.wait_for_function(_READY)
        await page.close()
        try:
            yield device
        finally:
            self.untrue += device.untrue
            await context.close()

    async def a_round(self, device: Device, number: int, *, killed: bool) -> None:
        """Airplane mode, five sends, the tab closed and opened again, and then a line; or half of one."""
        texts = self._words(f"round {number}")
        page = await device.tab()
        await device.cut(off=True)
        await device.write(page, texts)
        await device.expect_waiting(page, texts)
        await page.get_by_text(_KEPT).nth(len(texts) - 1).wait_for()
        await page.close()
        page = await device.tab()
        await device.expect_waiting(page, texts)
        await device.cut(off=False)
        if killed:
            await asyncio.sleep(0.03 * (number % 7))
            await self._server.restart()
        if not await device.expect_said(page):
            self.untrue.append(f"round {number}: still waiting")
        await page.close()

    async def two_tabs(self, device: Device) -> None:
        """Both write without a line, both show all of it, and nothing is doubled."""
        one, other = await device.tab(), await device.tab()
        await device.cut(off=True)
        first, second = self._words("one tab", 2), self._words("the other tab", 2)
        await device.write(one, first)
        await device.expect_waiting(other, first)
        await device.write(other, second)
        for page in (one, other):
            await device.expect_waiting(page, first + second)
        await one.close()
        await device.cut(off=False)
        if not await device.expect_said(other):
            self.untrue.append("two tabs: still waiting")
        await other.close()

    async def two_devices(self, device: Device, other: Device) -> None:
        """What one says the other shows, and the other way round."""
        here, there = await device.tab(), await other.tab()
        mine, theirs = self._words("this device", 2), self._words("that device", 2)
        await device.write(here, mine)
        await there.get_by_text(mine[-1]).first.wait_for()
        await other.write(there, theirs)
        for page in (here, there):
            for text in mine + theirs:
                await page.get_by_text(text).first.wait_for()
        await here.close()
        await there.close()

    async def figures(self) -> dict[str, Any]:
        """What stands in the room, against what was written."""
        stored = await self._server.on_database(self._stored)
        first = {text: stored.index(text) for text in self._said if text in stored}
        places = list(first.values())
        return {
            "written": len(self._said),
            "stored": len(stored),
            "lost": len(self._said) - len(first),
            "doubled": len(stored) - len(set(stored)),
            "out_of_order": sum(one > other for one, other in pairwise(places)),
            "untrue_states": len(self.untrue),
        }

    def _words(self, where: str, count: int = _SENDS) -> list[str]:
        texts = [f"The kettle is on, {where}, cup {n + 1}." for n in range(count)]
        self._said += texts
        return texts

    def _stored(self, work: Work) -> list[str]:
        query = select(Message).where(Message.room_id == self._crowd.room)
        found = work.session.exec(query.order_by(col(Message.seq))).all()
        return [messages.open_text(work, message) or "" for message in found]


def run() -> dict[str, Any]:
    """ROUNDS (20): with the server killed while the words go out.

    ok: each message stands in the room once, in the order in which it was written, and no state was
    untrue; and both controls are caught: a store that is wiped loses, new client ids double.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    chromium = installed.find_chromium()
    assert chromium, installed.how_to_install(["chromium"])
    with tempfile.TemporaryDirectory(prefix="hearth-outbox-") as folder:
        server = LiveServer(Path(folder))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            try:
                await server.start()
                run = Outbox(server, browser, await gather(server, 1))
                await _play(run, size("ROUNDS", 20))
                figures = await run.figures()
                wiped = await _wiped(Outbox(server, browser, await gather(server, 1)))
                renamed = await _renamed(Outbox(server, browser, await gather(server, 1)))
            finally:
                await browser.close()
                server.kill()
    if run.untrue:
        print(json.dumps(run.untrue), flush=True)
    caught = wiped["lost"] == _SENDS and renamed["doubled"] > 0
    return figures | {
        "rounds": size("ROUNDS", 20),
        "control_wiped_lost": wiped["lost"],
        "control_renamed_doubled": renamed["doubled"],
        "control_caught": caught,
        "ok": _is_clean(figures) and caught,
    }


async def _play(run: Outbox, rounds: int) -> None:
    async with run.device() as device:
        await run.a_round(device, 0, killed=False)
        for number in range(1, rounds + 1):
            await run.a_round(device, number, killed=True)
        await run.two_tabs(device)
        async with run.device() as other:
            await run.two_devices(device, other)


async def _wiped(run: Outbox) -> dict[str, Any]:
    """What the browser kept is taken away before the tab is opened again."""
    async with run.device() as device:
        page = await device.tab()
        await device.cut(off=True)
        texts = run._words("wiped")
        await device.write(page, texts)
        await device.expect_waiting(page, texts)
        await page.goto(f"http://localhost:{run._server.port}/kitchen")
        await page.evaluate(_WIPE)
        await device.cut(off=False)
        page = await device.tab()
        await device.expect_said(page)
    return await run.figures()


async def _renamed(run: Outbox) -> dict[str, Any]:
    """Each time words go out they are another message."""
    async with run.device(script=_RENAMING) as device:
        page = await device.tab()
        await device.write(page, run._words("renamed", 1))
        await asyncio.sleep(1.0)
        await page.close()
        page = await device.tab()
        await asyncio.sleep(3.0)
    return await run.figures()


def _is_clean(figures: dict[str, Any]) -> bool:
    faults = ("lost", "doubled", "out_of_order", "untrue_states")
    return figures["stored"] == figures["written"] and not any(figures[name] for name in faults)
