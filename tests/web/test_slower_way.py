"""A browser behind a proxy that lets no WebSocket through: the whole app, a little later."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from server.client import Client, Http
from server.protocol import bodies, frames
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer, hasty
from tests.server.narrow_proxy import NarrowProxy
from tests.web.test_threads_and_quiet import enter, furnish
from tests.web.test_three_people import PASSPHRASE, STILL, write

SLOWER = "Connected by a slower way."


@pytest.fixture
async def proxy() -> AsyncIterator[NarrowProxy]:
    async with NarrowProxy() as proxy:
        yield proxy


@pytest.fixture
async def place(proxy: NarrowProxy, tmp_path: Path) -> AsyncIterator[LiveServer]:
    """Reached through the proxy by browsers."""
    server = LiveServer(tmp_path / "hearth", public_url=proxy.url)
    proxy.ports.append(server.port)
    await server.start()
    await server.on_database(furnish)
    server.url = proxy.url
    yield server
    server.kill()


def said(page: Page, words: str) -> Locator:
    """A message; what is read aloud names its author."""
    return page.get_by_text(words, exact=True)


async def test_a_browser_talks_and_hears_where_no_websocket_opens(
    place: LiveServer, proxy: NarrowProxy, new_page: NewPage
) -> None:
    page = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    await enter(page, place, "Ash")
    await expect(page.get_by_text(SLOWER)).to_be_visible()
    await check_accessible(page)

    direct = f"http://127.0.0.1:{place.port}"
    token = (await Http(direct).log_in("Birch", PASSPHRASE)).token or ""
    room = (await Http(direct, token).read("/api/rooms", bodies.Rooms)).rooms[0].id
    async with Client(direct, token, back_off=hasty()) as birch:
        await birch.join(room)
        with birch.listening() as heard:
            await write(page, "From the slow side.")
            async for frame in heard:
                if isinstance(frame, frames.Message):
                    assert frame.text == "From the slow side."
                    break
        await birch.post(room, "And back again.")
        await expect(said(page, "And back again.")).to_be_visible()

        proxy.cut = 2
        await birch.post(room, "Once, though the answer broke off.")
        await write(page, "Also once.")
        await birch.post(room, "The last.")
        await expect(said(page, "The last.")).to_be_visible()
    for words in ("And back again.", "Once, though the answer broke off.", "Also once."):
        await expect(said(page, words)).to_have_count(1)
    assert proxy.counts["cut"] == 2
    assert proxy.counts["POST 201"] == 1, "one line, whatever broke off"

    proxy.lets_upgrade = True
    await page.reload()
    await expect(said(page, "The last.")).to_be_visible()
    await expect(page.get_by_text(SLOWER)).to_have_count(0)
    await write(page, "By the fast way.")
    await expect(said(page, "By the fast way.")).to_be_visible()
    assert proxy.counts["DELETE 204"] == 1, "the page that went closed its line"
