"""A room for people under 18, from the steward's page to an eighteenth birthday, in real browsers."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.services import names
from server.services.rooms import make_room
from server.store import people
from server.store.place import get_place
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.web.test_care import prove
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL, log_in

PHONE = {"viewport": {"width": 390, "height": 844}}
FOLDER = os.environ.get("PICTURES")
"""Where what was seen is to be kept, to be looked at."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A place from 16 on, with one room for everybody, a steward, and an adult."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    get_place(work).minimum_age = 16
    get_place(work).sign_up = "open"
    make_room(work, "Kitchen table", "For whatever today brought.")
    for name, role in (("Keeper", "steward"), ("Ash", "peer")):
        add_member(work, name, role, PASSPHRASE)
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        member.age_group = "adults"
        work.session.add(member)


async def seen(page: Page, name: str) -> None:
    """Nothing keeps anybody out of it; kept as a picture where one is asked for, light and dark."""
    await check_accessible(page)
    if FOLDER:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.screenshot(path=f"{FOLDER}/{name}-{scheme}.png", full_page=True)
        await page.emulate_media(color_scheme="light")


async def come_in(page: Page, place: LiveServer) -> None:
    await page.goto(f"{place.url}/sign-up")
    await page.get_by_label("Your name here").fill("Wren")
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Next").click()
    boxes = page.get_by_role("checkbox")
    await boxes.first.wait_for()
    for number in range(3):
        await boxes.nth(number).check()
    await page.get_by_role("button", name="Come in").click()
    await expect(page.get_by_role("alert")).to_contain_text("whether you are under 18")
    await page.get_by_label("I am under 18.").check()
    await seen(page, "sign-up-ages")
    await page.get_by_role("button", name="Come in").click()
    await page.get_by_label("I have kept it").check()
    await page.get_by_role("button", name="Go on to the rooms").click()
    await page.wait_for_url("**/rooms")


async def test_a_minor_has_a_room_of_their_own_until_somebody_confirms_that_they_grew_up(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    keeper, wren, ash = [await new_page(**PHONE, **STILL) for _ in range(3)]
    for page in (keeper, wren, ash):
        page.set_default_timeout(PATIENCE_MS)

    # The steward makes the room one for people under 18.
    await log_in(keeper, place, "Keeper")
    await keeper.goto(f"{place.url}/steward/rooms")
    card = keeper.get_by_role("listitem", name="Kitchen table")
    await card.get_by_role("button", name="Change", exact=True).click()
    await card.get_by_label("Who it is for").select_option("People under 18")
    await seen(keeper, "steward-room")
    await card.get_by_role("button", name="Save").click()
    await keeper.get_by_role("button", name="Change it").click()
    await expect(card.get_by_text("Saved.")).to_be_visible()

    # Wren says that they are under 18, and finds it; Ash does not.
    await come_in(wren, place)
    await expect(wren.get_by_text("People under 18")).to_be_visible()
    await seen(wren, "rooms")
    await wren.get_by_role("button", name="Join Kitchen table").click()
    await wren.wait_for_url("**/rooms/*")
    await log_in(ash, place, "Ash")
    await expect(ash.get_by_role("heading", level=1)).to_be_visible()
    await expect(ash.get_by_text("Kitchen table")).to_have_count(0)
    await ash.goto(wren.url)
    await expect(ash.get_by_role("heading", level=1)).to_be_visible()
    await expect(ash.get_by_text("Kitchen table")).to_have_count(0)

    # An eighteenth birthday.
    await wren.goto(f"{place.url}/settings")
    await wren.get_by_role("button", name="I am 18 or older now").click()
    await expect(wren.get_by_role("button", name="Take it back")).to_be_visible()
    await seen(wren, "settings-age")
    await keeper.goto(f"{place.url}/steward")
    await expect(keeper.get_by_text("Wren says: 18 or older now")).to_be_visible()
    await seen(keeper, "steward-changes")
    await keeper.get_by_role("button", name="Confirm", exact=True).click()
    await prove(keeper)
    await expect(keeper.get_by_text("Done. They were told.")).to_be_visible()
    await wren.goto(f"{place.url}/notices")
    await expect(wren.get_by_text("you are in the other age group now")).to_be_visible()
    await wren.goto(f"{place.url}/rooms")
    await expect(wren.get_by_role("heading", level=1)).to_be_visible()
    await expect(wren.get_by_text("Kitchen table")).to_have_count(0)
    assert [error for error in console_errors if "404" not in error and "403" not in error] == []
