"""Real browsers for drills: one Chromium, and people in it who are logged in already."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests import installed
from tests.browser import FLAGS
from tests.server.live_server import LiveServer

_PATIENCE_MS = 60_000


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Closed at the end."""
    found = installed.find_chromium()
    assert found, installed.how_to_install(["chromium"])
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def person(
    browser: Browser, server: LiveServer, token: str | None, **context: Any
) -> AsyncIterator[Page]:
    """A page of their own. token: of their session, None for a stranger; context: as new_context takes it."""
    opened = await browser.new_context(**context)
    url = f"http://localhost:{server.port}"
    if token:
        await opened.add_cookies([{"name": "hearth", "value": token, "url": url}])
    page = await opened.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    try:
        yield page
    finally:
        await opened.close()
