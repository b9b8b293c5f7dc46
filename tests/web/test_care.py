"""A member shares, a clinician sees, the member sees that they looked and takes it back, and the page is empty."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.services import names, publishing, seats
from server.services.rooms import make_room
from server.store import people
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer

PASSPHRASE = "four quiet river stones"
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
STILL: Any = {"reduced_motion": "reduce"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A group with its clinician."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    room = make_room(work, "Kitchen table", "For whatever today brought.").id
    for name, role in (("Ash", "peer"), ("Heron", "clinician"), ("Rowan", "steward")):
        add_member(work, name, role, PASSPHRASE)
        work.session.flush()
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        if role != "steward":
            seats.take_seat(work, room, member.id, seats.seat_for(role))
        if role == "peer":
            publishing.say(work, room, member.id, "It was a long night, and I slept a little.")


async def test_a_member_shares_sees_the_look_and_takes_it_back(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    ash = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    heron = await new_page(**STILL)
    await log_in(ash, place, "Ash")
    await log_in(heron, place, "Heron")

    # One tap, one thing offered, nothing counted.
    await ash.goto(f"{place.url}/care")
    await ash.get_by_role("button", name="Low", exact=True).click()
    await expect(ash.get_by_text("Kept: Low.")).to_be_visible()
    await expect(ash.get_by_role("link", name="Go to the rooms")).to_be_visible()

    # Nobody is on the clinician's page, then whoever chose to be.
    await heron.goto(f"{place.url}/clinic")
    await heron.get_by_role("link", name="Kitchen table", exact=True).click()
    await heron.get_by_role("link", name="People who share something").click()
    await expect(heron.get_by_text("Nobody shares anything")).to_be_visible()
    group = ash.get_by_role("region", name="With the clinicians of Kitchen table")
    await group.get_by_role("switch", name="My check-ins").check()
    await expect(group.get_by_text("Shared until")).to_be_visible()
    await check_accessible(ash)
    await heron.get_by_role("link", name="What Ash shares").click()

    # Opening the tab is the look, and it says so.
    await expect(heron.get_by_text("Ash is told that a clinician looked")).to_be_visible()
    await heron.get_by_role("tab", name="Check-ins").click()
    await expect(heron.get_by_text("You are looking at Check-ins of Ash.")).to_be_visible()
    await expect(heron.get_by_role("img", name=re.compile("1 check-in in 90 days"))).to_be_visible()
    await check_accessible(heron)
    await heron.emulate_media(color_scheme="dark")
    await check_accessible(heron)

    await ash.reload()
    receipts = ash.get_by_role("region", name="Who looked")
    await expect(receipts.get_by_text("A clinician looked at: Check-ins")).to_be_visible()
    await expect(receipts.get_by_text("Heron")).to_have_count(0)

    # Taken back in one step: the open page empties by itself, and a new view is refused.
    await group.get_by_role("switch", name="My check-ins").uncheck()
    await expect(ash.get_by_text("From now on nobody sees it.")).to_be_visible()
    await expect(heron.get_by_role("heading", name="Nothing to see here")).to_be_visible(
        timeout=5_000
    )
    assert [line for line in console_errors if "404" not in line] == []
    await heron.reload()
    await expect(heron.get_by_text("This person shares nothing with you")).to_be_visible()


async def test_an_emergency_calls_a_steward_on_whatever_page(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    heron = await new_page(**STILL)
    rowan = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    await log_in(heron, place, "Heron")
    await log_in(rowan, place, "Rowan")
    await rowan.goto(f"{place.url}/steward/rooms")
    await expect(rowan.get_by_role("heading", level=1)).to_be_visible()
    await heron.goto(f"{place.url}/clinic")
    await heron.get_by_role("link", name="Kitchen table", exact=True).click()
    await heron.get_by_role("link", name="People who share something").click()
    await heron.get_by_text("I need to see what a member does not share").click()
    await heron.get_by_label("Their name here").fill("Ash")
    await heron.get_by_label("In your words").fill("The last words worry me.")
    await heron.get_by_role("button", name="Open it now, for five minutes").click()
    await prove(heron)
    await expect(heron.get_by_text("It is open for five minutes.")).to_be_visible()

    bar = rowan.get_by_role("region", name="Emergency access")
    await expect(bar).to_contain_text("An emergency waits for a second person.")
    await expect(rowan.get_by_role("alert").filter(has_text="An emergency waits")).to_have_count(1)
    await check_accessible(rowan)
    await bar.get_by_role("link", name="Look now").click()
    await rowan.get_by_role("button", name="Do not allow it").click()
    await prove(rowan)
    await expect(rowan.get_by_text("None waits, and none is open.")).to_be_visible()
    await rowan.get_by_role("link", name="Rooms").first.click()
    await expect(bar).to_have_count(0)
    assert [line for line in console_errors if "403" not in line] == []  # proof is asked for


async def prove(page: Page) -> None:
    await page.get_by_label("Your passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="It is me").click()


async def log_in(page: Page, place: LiveServer, name: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(re.compile("/(rooms|steward)"))
