"""Ways to log in, in a real browser: a passkey on a device of Chromium's own making, and codes shown once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL

NAME = "Linden"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """Linden has been made a moderator just now."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    add_member(work, NAME, "moderator", PASSPHRASE)


async def give_device(page: Page) -> None:
    """A device that holds passkeys and asks for a finger, which is always the right one."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def test_a_moderator_sets_up_a_passkey_and_comes_in_by_it(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    page = await new_page(**STILL)
    page.set_default_timeout(PATIENCE_MS)
    await give_device(page)
    at = place.settings.origin  # passkeys want a name: not 127.0.0.1
    await page.goto(f"{at}/log-in")
    await page.get_by_label("Your name here").fill(NAME)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_role("link", name="Set it up").click()

    # Who sits there is proved first, and then it goes on by itself.
    card = page.get_by_role("region", name="Ways to log in")
    await card.get_by_role("button", name="Add a passkey").click()
    question = page.get_by_role("dialog")
    await question.get_by_label("Your passphrase").fill(PASSPHRASE)
    await check_accessible(page)
    await question.get_by_role("button", name="It is me").click()
    await expect(card.get_by_text("Ten recovery codes")).to_be_visible()
    await expect(card.get_by_role("list").first.get_by_role("listitem")).to_have_count(10)
    await card.get_by_label("I have kept them").check()
    await card.get_by_role("button", name="Done").click()
    await check_accessible(page)
    await page.get_by_role("button", name="Go on").click()
    await page.wait_for_url("**/rooms")
    await expect(page.get_by_role("link", name="Set it up")).to_have_count(0)

    # Out, and in again by the passkey alone: no name is typed.
    greeted = asyncio.Event()  # a line that is closed while it opens is a note in the console, too
    page.once("websocket", lambda line: line.once("framereceived", lambda _: greeted.set()))
    await page.goto(f"{at}/settings")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await greeted.wait()
    await page.get_by_role("button", name="Log out here").click()
    await page.goto(f"{at}/log-in")
    await page.get_by_role("button", name="Log in with a passkey").click()
    await page.wait_for_url("**/rooms")
    # The browser itself notes the refusal that led to the question. The staff's watch may still ask while its
    # session ends, and is refused, too.
    [asked] = [note for note in console_errors if "/api/queue?urgency=now" not in note]
    assert "403" in asked
    assert asked.endswith("/api/me/ways/passkeys/asked)")
