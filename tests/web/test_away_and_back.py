"""Without a line, after log-out, and on the way out: what opens, what is kept, and what is not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.web.test_threads_and_quiet import enter, furnish
from tests.web.test_three_people import STILL, log_in

SECRET = "nobody else shall read this from the disk"
_READY = """async () => {
  await navigator.serviceWorker.ready;
  return navigator.serviceWorker.controller !== null;
}"""
_RESIDUE = """async () => {
  const found = [JSON.stringify({...localStorage}), JSON.stringify({...sessionStorage})];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      found.push(request.url, await answer.text());
    }
  }
  for (const {name} of await indexedDB.databases()) {
    const asked = indexedDB.open(name);
    const database = await new Promise((done) => (asked.onsuccess = () => done(asked.result)));
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store).getAll();
      await new Promise((done) => (all.onsuccess = done));
      const words = new TextDecoder();
      for (const one of all.result)
        found.push(`row of ${store}`, JSON.stringify(one), one.bytes ? words.decode(one.bytes) : '');
    }
    database.close();
  }
  return found;
}"""


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("hearth"))
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


async def residue(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(_RESIDUE)
    return found


async def test_offline_the_app_opens_sealed_words_wait_and_log_out_leaves_nothing(
    place: LiveServer, new_page: NewPage
) -> None:
    page = await new_page(**STILL)
    page.on("dialog", lambda dialog: dialog.accept())
    await enter(page, place, "Ash")
    room = page.url
    await page.wait_for_function(_READY)
    await page.context.set_offline(True)
    field = page.get_by_role("textbox").first
    await field.fill(SECRET)
    await field.press("Enter")
    await field.fill("half a thought")
    await expect(page.get_by_text("Waiting for the line")).to_be_visible()

    # Sealed: rows are there, the words are nowhere but in this tab's own drafts.
    kept = await residue(page)
    assert "row of entries" in kept
    assert not any(SECRET in one for one in kept)

    await page.goto(f"{place.url}/rooms")
    await expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
    await expect(page.get_by_text("One message of yours waits")).to_be_visible()
    assert "Kitchen table" not in await page.inner_text("body")
    assert SECRET not in await page.inner_text("body")
    await check_accessible(page)
    await page.goto(room)
    await expect(page.get_by_text(SECRET)).to_be_visible()
    await expect(page.get_by_role("textbox").first).to_have_value("half a thought")
    await page.get_by_role("button", name="Take back").click()
    await expect(page.get_by_text(SECRET)).to_have_count(0)
    await field.fill(SECRET)
    await field.press("Enter")
    await page.goto(f"{place.url}/crisis")
    await expect(page.get_by_role("heading", name="You do not have to carry")).to_be_visible()

    await page.context.set_offline(False)
    await page.goto(room)
    await expect(page.get_by_text(SECRET).first).to_be_visible()
    await expect(page.locator(".pending")).to_have_count(0)
    await page.context.set_offline(True)
    await field.fill("never sent: " + SECRET)
    await field.press("Enter")
    await expect(page.get_by_text("Waiting for the line")).to_be_visible()
    await page.context.set_offline(False)
    await page.goto(f"{place.url}/settings")
    await page.get_by_role("button", name="Log out", exact=False).first.click()
    await page.wait_for_url(f"{place.url}/")
    left = await residue(page)
    assert not any(SECRET in one or "half a thought" in one for one in left)
    assert "row of entries" not in left
    assert "row of drafts" not in left
    assert any(one.endswith("/crisis") for one in left), "help lines stay"


async def test_leaving_replaces_the_page_and_going_back_does_not_show_it(
    place: LiveServer, new_page: NewPage
) -> None:
    page = await new_page(**STILL)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await log_in(page, place, "Ash")
    await expect(page.get_by_role("heading", name="Kitchen table")).to_be_visible()
    await page.get_by_role("link", name="Settings").click()
    await page.wait_for_url("**/settings")
    for _ in range(3):
        await page.keyboard.press("Escape")
    await page.wait_for_url("**/kitchen")
    assert await page.title() == "Kitchen measures"
    # What lies behind is the list of rooms.
    await page.go_back(wait_until="commit")
    await page.wait_for_url("**/kitchen")
    assert "Kitchen table" not in await page.inner_text("body")
    await page.goto(f"{place.url}/rooms")
    await page.get_by_role("button", name="Leave").click()
    await page.wait_for_url("**/kitchen")
    await page.goto(f"{place.url}/crisis")
    await page.get_by_role("link", name="Leave", exact=True).click()
    await page.wait_for_url("**/kitchen")
    # From the server's own pages too: behind the crisis page lies the room's list, and it stays away.
    await page.go_back(wait_until="commit")
    await page.wait_for_url("**/kitchen")
    assert "Kitchen table" not in await page.inner_text("body")
    await page.goto(f"{place.url}/plain")
    await expect(page.get_by_role("link", name="Kitchen table")).to_be_visible()
    for _ in range(3):
        await page.keyboard.press("Escape")
    await page.wait_for_url("**/kitchen")
    assert all(url.startswith(place.url) for url in asked), "nobody else is asked for anything"

    # And a plain face for whoever wants it.
    await page.goto(f"{place.url}/settings")
    await page.get_by_label("Plain title and icon on this device").check()
    await page.goto(f"{place.url}/rooms")
    await expect(page.get_by_role("heading", name="Kitchen table")).to_be_visible()
    assert await page.title() == "Notes"
    shown: dict[str, Any] = await page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then((answer) => answer.json())"
    )
    assert shown["name"] == "Notes"
    assert {icon["src"] for icon in shown["icons"]} == {"/plain-192.png", "/plain-512.png"}
    for path in ("/crisis", "/plain"):
        await page.goto(f"{place.url}{path}")
        assert await page.title() == "Notes"
        assert await page.get_attribute("link[rel=icon]", "href") == "/plain.svg"
