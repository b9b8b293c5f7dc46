"""First steps, words before Send, topics, calm pages, a break and looking for words: two people, in real browsers."""

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
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL, log_in, write

ASKED = "Does anybody else lie awake until four?"
NUMBER = "085 123 4567"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A room where Ash has answered Birch often."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    ids = []
    for name in ("Ash", "Birch"):
        add_member(work, name, "peer", PASSPHRASE)
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        seats.take_seat(work, room.id, member.id)
        ids.append(member.id)
    asked = publishing.say(work, room.id, ids[1], ASKED)
    asked.ask = True
    work.session.add(asked)
    for number in range(8):
        answer = publishing.say(work, room.id, ids[0], f"I do, too. ({number})")
        answer.reply_to = asked.id
        work.session.add(answer)


async def open_room(page: Page) -> None:
    await page.get_by_role("link", name="Kitchen table").click()
    await page.wait_for_url("**/rooms/*")
    await expect(page.get_by_role("textbox", name="Your message")).to_be_visible()


async def test_whoever_is_new_tired_or_easily_overwhelmed_finds_a_way(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    ash, birch = await new_page(**STILL), await new_page(**STILL)
    for page in (ash, birch):
        page.set_default_timeout(PATIENCE_MS)

    # New here: the practice room, where nothing is sent.
    await log_in(ash, place, "Ash")
    await ash.get_by_role("link", name="Show me").click()
    for _ in range(2):
        await ash.get_by_role("button", name="Go on").click()
    await ash.get_by_role("button", name="Send", exact=True).click()
    await expect(ash.locator("mark")).to_have_text("get over it")
    await check_accessible(ash)
    await ash.get_by_role("button", name="Change it").click()
    await ash.get_by_role("button", name="Go on").click()
    await ash.get_by_role("button", name="To the rooms").last.click()
    await ash.wait_for_url("**/rooms")
    await expect(ash.get_by_role("link", name="Show me")).to_have_count(0)

    # A break is offered after much answering; an ask is passed on and taken up again.
    await open_room(ash)
    await ash.get_by_role("link", name="Take a break").click()
    await ash.get_by_role("button", name="Let somebody else go on").click()
    await expect(ash.get_by_text("Passed on.")).to_be_visible()
    await check_accessible(ash)
    await ash.get_by_role("button", name="I go on after all").click()
    await expect(ash.get_by_text("You go on with it.")).to_be_visible()
    await ash.get_by_role("link", name="Back to the rooms").click()

    # Calm pages and a topic that is wanted open.
    await log_in(birch, place, "Birch")
    await birch.goto(f"{place.url}/settings")
    await birch.get_by_label("Calm pages").check()
    await birch.get_by_label("Loss").select_option("show")
    await expect(birch.get_by_text("Saved.").last).to_be_visible()
    await check_accessible(birch)
    await birch.goto(f"{place.url}/rooms")
    await open_room(birch)

    # Before Send: a number is marked and left out, a note is suggested; nothing is held back.
    await open_room(ash)
    field = ash.get_by_role("textbox", name="Your message")
    await field.fill(f"My mother died. Call me on {NUMBER}")
    await expect(ash.locator("form mark")).to_have_text(NUMBER)
    await check_accessible(ash)
    await ash.get_by_role("button", name="Leave it out").click()
    await expect(field).to_have_value("My mother died. Call me on [left out]")
    await ash.get_by_role("button", name="Add a note: Loss").click()
    await expect(ash.get_by_role("button", name="Loss")).to_have_attribute("aria-pressed", "true")
    await check_accessible(ash)
    await ash.get_by_role("button", name="Send", exact=True).click()
    await write(ash, "The garden is still there.")

    # It waits until Birch asks for it, and is then open.
    await birch.get_by_role("button", name="2 new messages").click()
    await expect(birch.get_by_text("My mother died. Call me on [left out]")).to_be_visible()
    await birch.get_by_role("button", name="About this room").click()
    await birch.get_by_role("button", name="Find words").click()
    await birch.get_by_role("searchbox").fill("GARDEN")
    await expect(birch.get_by_text("1 place found.")).to_be_visible()
    await check_accessible(birch)
    assert console_errors == []
