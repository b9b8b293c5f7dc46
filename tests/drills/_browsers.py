"""Real browsers for drills: one Chromium, and people in it who are logged in already."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import Error as PlaywrightError

from tests import installed
from tests.browser import FLAGS
from tests.server.live_server import LiveServer

_PATIENCE_MS = 60_000
READY = """() => !document.querySelector('#splash, .loading')
  && !!document.querySelector('h1, h2, .log')"""
"""Of any page, the web's or a plain one: what it is for stands there."""


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


async def come(page: Page, url: str) -> bool:
    """Whether the page was there in time, and asks for nothing more."""
    try:
        await page.goto(url)
        await page.wait_for_function(READY)
        await page.wait_for_load_state("networkidle")
    except PlaywrightError:
        return False
    return True
