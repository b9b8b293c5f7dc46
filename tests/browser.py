"""Real browsers for tests, and axe, which finds what keeps people out."""

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from tests import installed

AXE = Path(__file__).parent.parent / "web/node_modules/axe-core/axe.min.js"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NewPage(Protocol):
    """Opens a page in a browser context of its own: another person at another machine."""

    async def __call__(self, **context: Any) -> Page:
        """`context`: what Playwright's new_context takes, such as viewport or locale."""


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of this process."""
    chromium = installed.find_chromium()
    if chromium is None:
        pytest.fail(installed.how_to_install(["chromium"]), pytrace=False)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def console_errors() -> list[str]:
    """What the pages of this test complained about so far."""
    return []


@pytest.fixture
async def new_page(browser: Browser, console_errors: list[str]) -> AsyncIterator[NewPage]:
    """Opens pages whose complaints are collected; all are closed at the end."""
    contexts = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            console_errors.append(f"{message.type}: {message.text} ({message.location['url']})")

    async def open_page(**context: Any) -> Page:
        contexts.append(await browser.new_context(**context))
        page = await contexts[-1].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: console_errors.append(f"uncaught: {error}"))
        return page

    yield open_page
    for context in contexts:
        await context.close()


@pytest.fixture
async def page(new_page: NewPage) -> Page:
    """A page of one person."""
    return await new_page()


async def axe_findings(page: Page) -> list[str]:
    """One line for each element that axe objects to: how grave, which rule, what, where."""
    await page.evaluate(_axe_source())  # works under a strict CSP, a script tag would not
    result = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['impact']} {rule['id']}: {rule['help']} | {node['target']} | {node['html']}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


async def check_accessible(page: Page) -> None:
    """Fails with axe's findings, if it has any."""
    if findings := await axe_findings(page):
        pytest.fail("\n".join([f"axe finds on {page.url}:", *findings]), pytrace=False)


@cache
def _axe_source() -> str:
    return AXE.read_text(encoding="utf-8")
