"""The service worker in a real browser: a call is shown with generic words, and leads to the queue.

The browser's own push service is elsewhere and not asked; what it would deliver is delivered by hand.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, Route, expect

from server.cli.members import add_member
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer

PASSPHRASE = "four quiet river stones"
CALL = {"words": "Somebody may need you", "path": "/queue"}
_SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map(({title, body, tag, data}) => ({title, body, tag, data}));
}"""
_KEEP = """async (kept) => {
  const store = await caches.open('hearth-push');
  await store.put('/kept-for-calls', new Response(JSON.stringify(kept)));
}"""


_SUBSCRIBED = """
PushManager.prototype.getSubscription = async () => ({ unsubscribe: async () => true });
localStorage.setItem('hearth.push', '%s');
"""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(lambda work: add_member(work, "Fern", "moderator", PASSPHRASE))
    await server.on_database(lambda work: add_member(work, "Ash", "peer", PASSPHRASE))
    yield server
    server.kill()


async def _log_in(page: Page, url: str, name: str) -> None:
    await page.goto(f"{url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/rooms")


async def _has_its_worker(page: Page) -> None:
    """The pages register it themselves, once they have come up."""
    async with asyncio.timeout(60):
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")


class Device:
    """A page of staff with the worker, and what its browser delivers."""

    def __init__(self, page: Page, url: str, line: CDPSession) -> None:
        self.page, self._url, self._line = page, url, line
        self._found: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        line.on("ServiceWorker.workerRegistrationUpdated", self._hear)

    def _hear(self, told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            if not self._found.done() and not one["isDeleted"]:
                self._found.set_result(one["registrationId"])

    async def register(self) -> None:
        await self._line.send("ServiceWorker.enable")
        await _has_its_worker(self.page)

    async def deliver(self, data: str) -> None:
        async with asyncio.timeout(20):
            registration = await self._found
        await self._line.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": self._url, "registrationId": registration, "data": data},
        )

    async def shown(self, count: int = 1) -> list[dict[str, Any]]:
        async with asyncio.timeout(20):
            while True:
                found: list[dict[str, Any]] = await self.page.evaluate(_SHOWN)
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.1)


@pytest.fixture
async def device(place: LiveServer, new_page: NewPage) -> Device:
    url = f"http://localhost:{place.port}"
    page = await new_page(permissions=["notifications"])
    await _log_in(page, url, "Fern")
    line = await page.context.new_cdp_session(page)
    device = Device(page, url, line)
    await device.register()
    return device


async def test_a_call_is_shown_with_generic_words_and_a_newer_one_takes_its_place(
    device: Device, console_errors: list[str]
) -> None:
    await device.deliver(json.dumps(CALL))
    await device.deliver(json.dumps(CALL | {"room": "Low days"}))
    assert await device.shown() == [
        {
            "title": "Hearth",
            "body": "Somebody may need you",
            "tag": "hearth",
            "data": {"path": "/queue"},
        }
    ]
    assert console_errors == []


async def test_whoever_wants_a_reminder_gets_one_also_from_what_cannot_be_read(
    device: Device,
) -> None:
    kept = {"title": "Reminder", "body": "Please have a look when you can.", "quiet": None}
    await device.page.evaluate(_KEEP, kept)
    await device.deliver("no JSON at all")
    [shown] = await device.shown()
    assert (shown["title"], shown["body"]) == ("Reminder", "Please have a look when you can.")


async def test_a_stranger_carries_no_worker_and_staff_are_told_that_it_is_off(
    device: Device, place: LiveServer, new_page: NewPage
) -> None:
    page = device.page
    await page.goto(f"http://localhost:{place.port}/settings")
    off = page.get_by_text("A steward has not turned this on in this place.").first
    await expect(off).to_be_visible(timeout=20_000)
    await check_accessible(page)
    visitor = await new_page()
    await visitor.goto(f"http://localhost:{place.port}/")
    assert (
        await visitor.evaluate(
            "navigator.serviceWorker.getRegistrations().then((all) => all.length)"
        )
        == 0
    )


class Devices:
    """Two devices of one member, as the server would keep them: no browser here has a push service."""

    def __init__(self) -> None:
        self.here, self.other = (self._device(number) for number in (1, 2))
        self.asked: list[tuple[str, str, Any]] = []

    def _device(self, number: int) -> dict[str, Any]:
        made_at = f"2026-11-2{number}T08:00:00Z"
        id = f"00000000-0000-7000-8000-00000000000{number}"
        where = {"service": "push.example.org", "time_zone": "Europe/Dublin"}
        return {"id": id, "made_at": made_at, "quiet": None, **where}

    async def answer(self, route: Route) -> None:
        request = route.request
        said: Any = request.post_data_json
        if request.method != "GET":
            self.asked.append((request.method, request.url[-1:], said))
        if request.method == "PATCH":
            self.here |= said
        if request.method == "DELETE":
            self.other = {}
        if request.url.endswith("/rooms"):
            await route.fulfill(json={"rooms": []})
        else:
            devices = [one for one in (self.here, self.other) if one]
            await route.fulfill(json={"on": True, "key": "", "devices": devices})


@pytest.mark.parametrize(
    ("name", "quiet", "until"), [("Fern", "Quiet hours", 7 * 60), ("Ash", "Quiet at night", 8 * 60)]
)
async def test_a_device_is_quiet_in_its_hours_and_another_can_be_ended_from_here(
    place: LiveServer, new_page: NewPage, name: str, quiet: str, until: int
) -> None:
    url, devices = f"http://localhost:{place.port}", Devices()
    page = await new_page()
    await page.add_init_script(_SUBSCRIBED % devices.here["id"])
    await page.route("**/api/me/push**", devices.answer)
    await _log_in(page, url, name)
    await _has_its_worker(page)
    await page.goto(f"{url}/settings")
    await page.get_by_label(quiet).check()
    await page.get_by_label("From", exact=True).fill("23:30")
    await expect(page.get_by_text("Europe/Dublin")).to_be_visible()
    await check_accessible(page)
    other = page.get_by_role("listitem").filter(has_text="push.example.org")
    await other.get_by_role("button").click()
    await expect(other).to_be_hidden()
    assert devices.asked == [
        ("PATCH", "1", {"quiet": {"start": 22 * 60, "end": until}}),
        ("PATCH", "1", {"quiet": {"start": 23 * 60 + 30, "end": until}}),
        ("DELETE", "2", None),
    ]
