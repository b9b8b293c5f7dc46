"""A plan of one's own: written, taken under a key that only its member holds, opened elsewhere with the code."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.store import people
from server.store import plans as stored
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL, log_in

SIGN = "I stop opening the curtains."
PHONE = {"width": 390, "height": 844}
_SHELF = """async () => (await indexedDB.databases()).map(({name}) => name)"""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(lambda work: add_member(work, "Ash", "peer", PASSPHRASE))
    yield server
    server.kill()


def opened(work: Work) -> str | None:
    """What the server itself can read of it."""
    [ash] = [one for one in people.all_members(work) if one.pseudonym == "Ash"]
    row = stored.find(work, ash.id)
    return stored.open_content(work, row) if row else None


async def enter(new_page: NewPage, place: LiveServer) -> Page:
    page = await new_page(**STILL, viewport=PHONE)
    page.set_default_timeout(PATIENCE_MS)
    await log_in(page, place, "Ash")
    await page.get_by_role("link", name="For me").first.click()
    return page


async def test_a_plan_is_taken_under_a_key_of_ones_own_and_opened_elsewhere_with_its_code(
    place: LiveServer, new_page: NewPage
) -> None:
    ash = await enter(new_page, place)
    await ash.get_by_label("How I notice that it gets hard").fill(SIGN)
    await expect(ash.get_by_text(re.compile("^Saved"))).to_be_visible()
    assert SIGN in (await place.on_database(opened) or "")
    await check_accessible(ash)

    # What losing it means is said before; the code is asked back.
    await ash.get_by_role("button", name="Only I hold the key").click()
    await expect(ash.get_by_text("nobody can bring it back")).to_be_visible()
    await ash.get_by_role("button", name="Show me the code").click()
    code = await ash.get_by_role("region", name="Who holds the key").locator("code").inner_text()
    await check_accessible(ash)
    await ash.get_by_role("button", name="I have written it down").click()
    groups = code.split("-")
    await ash.get_by_label("Group 3").fill("no")
    await ash.get_by_label("Group 11").fill(groups[10])
    await ash.get_by_role("button", name="Lock with this key").click()
    await expect(ash.get_by_text("not what the code says")).to_be_visible()
    await ash.get_by_label("Group 3").fill(groups[2].lower())
    await ash.get_by_role("button", name="Lock with this key").click()
    await expect(ash.get_by_text("Only you hold the key")).to_be_visible()
    assert "curtains" not in (await place.on_database(opened) or "curtains")

    # Another device: closed, until the code is typed; then it reads, and goes on writing.
    other = await enter(new_page, place)
    field = other.get_by_label("Your code, 13 groups")
    await field.fill("0000-" * 12 + "0000")
    await other.get_by_role("button", name="Open", exact=True).click()
    await expect(other.get_by_text("does not open it")).to_be_visible()
    await check_accessible(other)
    await field.fill(code.lower().replace("-", " "))
    await other.get_by_role("button", name="Open", exact=True).click()
    signs = other.get_by_label("How I notice that it gets hard")
    await expect(signs).to_have_value(SIGN)
    await other.reload()
    await expect(signs).to_have_value(SIGN)

    # Without the server it is still there to be read.
    assert "hearth-plan" in await other.evaluate(_SHELF)
    await other.route("**/api/**", lambda route: route.abort())
    await other.reload()
    await expect(other.get_by_text(SIGN)).to_be_visible()
    await other.unroute("**/api/**")

    # Log-out leaves nothing: the code is asked for again.
    await other.goto(f"{place.url}/settings")
    await other.get_by_role("button", name="Log out here").click()
    await other.wait_for_url(f"{place.url}/")
    assert "hearth-plan" not in await other.evaluate(_SHELF)
    again = await other.context.new_page()
    await log_in(again, place, "Ash")
    await again.goto(f"{place.url}/plan")
    await expect(again.get_by_label("Your code, 13 groups")).to_be_visible()
