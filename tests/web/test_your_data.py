"""A copy of one's own data, leaving for good and staying after all; a steward sets the days: in a real browser."""

import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.services import names, publishing, seats
from server.services.rooms import make_room
from server.store import people
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.web.test_care import prove
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL, log_in

SAID = "The kettle is on, and the window is open."


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """Ash has said something; Sage keeps the place."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    add_member(work, "Ash", "peer", PASSPHRASE)
    add_member(work, "Sage", "steward", PASSPHRASE)
    ash = people.find_by_name_key(work, names.name_key("Ash"))
    assert ash is not None
    seats.take_seat(work, room.id, ash.id)
    publishing.say(work, room.id, ash.id, SAID)


async def test_a_copy_is_fetched_and_leaving_is_taken_back_and_days_are_promised(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    ash = await new_page(**STILL)
    ash.set_default_timeout(PATIENCE_MS)
    await log_in(ash, place, "Ash")
    await ash.goto(f"{place.url}/settings")
    card = ash.get_by_role("region", name="Your data")

    # A copy: proved, made, fetched once.
    await card.get_by_role("button", name="Ask for a copy").click()
    await card.get_by_label("Your passphrase").fill(PASSPHRASE)
    await card.get_by_role("button", name="Ask for a copy").click()
    fetch = card.get_by_role("link", name="Fetch the file")
    await expect(fetch).to_be_visible()
    await check_accessible(ash)
    async with ash.expect_download() as download:
        await fetch.click()
    with zipfile.ZipFile(await (await download.value).path()) as packed:
        assert SAID in packed.read("read-me.html").decode()
    await expect(card.get_by_text("It is no longer here")).to_be_visible()

    # Leaving: what happens when is said before; one step back.
    await card.get_by_role("button", name="Leave for good…").click()
    await expect(card.get_by_text("up to 7 days")).to_be_visible()
    await expect(card.get_by_role("link", name="Get help now")).to_be_visible()
    await check_accessible(ash)
    await card.get_by_label("Your passphrase").fill(PASSPHRASE)
    await card.get_by_role("button", name="Leave for good, a day from now").click()
    await expect(card.get_by_role("heading", name="You are leaving")).to_be_visible()
    await card.get_by_role("button", name="I am staying").click()
    await expect(card.get_by_text("You are staying. Nothing was erased.")).to_be_visible()

    # The steward's days are what everybody reads.
    sage = await new_page(**STILL)
    sage.set_default_timeout(PATIENCE_MS)
    sage.on("dialog", lambda dialog: dialog.accept())
    await log_in(sage, place, "Sage")
    await sage.goto(f"{place.url}/steward/retention")
    row = sage.get_by_role("listitem").filter(has_text="Sessions that are over")
    await row.get_by_label("Days").fill("14")
    await row.get_by_role("button", name="Save").click()
    await prove(sage)
    await expect(sage.get_by_text("It counts from the next daily look on.")).to_be_visible()
    await check_accessible(sage)
    await ash.reload()
    await card.get_by_text("How long things are kept here").click()
    await expect(card.get_by_text("14 days")).to_be_visible()
    await complain_and_be_answered(ash, sage, place.url)
    assert [line for line in console_errors if "403" not in line] == []  # proof is asked for


async def complain_and_be_answered(ash: Page, sage: Page, url: str) -> None:
    """A complaint by the keyboard, and its answer; a report from outside that waits for a steward."""
    await ash.goto(f"{url}/notices")
    await ash.get_by_role("link", name="Complain").click()
    await ash.get_by_label("What happened").fill("Nobody answered me.")
    await ash.get_by_label("What happened").press("Tab")
    await ash.keyboard.press("Enter")
    await expect(ash.get_by_text("It has arrived.")).to_be_visible()
    await check_accessible(ash)

    await sage.goto(f"{url}/report")
    await sage.get_by_label("Hate").check()
    await sage.get_by_label("Where is it?").fill("In the kitchen")
    await sage.get_by_label("Why do you think").fill("It is aimed at people for what they believe.")
    await sage.get_by_label("I believe in good faith").check()
    await check_accessible(sage)
    await sage.get_by_role("button", name="Send the report").click()
    await check_accessible(sage)

    await sage.goto(f"{url}/steward/reports")
    await sage.get_by_role("button", name="Read it").click()
    await sage.get_by_label("Your answer").fill("We looked, and could not find it.")
    await check_accessible(sage)
    await sage.get_by_role("button", name="Send the answer").click()
    await expect(sage.get_by_text("The answer waits under their code.")).to_be_visible()
    await sage.get_by_role("link", name="Complaints").first.click()
    await sage.get_by_role("button", name="Read it").click()
    await sage.get_by_label("The answer").fill("We were slow. We are sorry.")
    await sage.get_by_label("A note for the stewards").fill("I ask the moderators first.")
    await sage.get_by_role("button", name="Keep the note").click()
    await expect(sage.get_by_text("I ask the moderators first.")).to_be_visible()
    await expect(sage.get_by_label("A note for the stewards")).to_be_empty()
    await check_accessible(sage)
    await sage.get_by_role("button", name="Send the answer").click()
    await expect(sage.get_by_text("Answered by Sage")).to_be_visible()
    await ash.reload()
    await expect(ash.get_by_text("We were slow. We are sorry.")).to_be_visible()
