"""Asks that wait, threads, muting and blocking, in real browsers: two people, each with their own."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.services import names, publishing, seats
from server.services.rooms import make_room
from server.store import messages, people, rooms
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL, log_in, write

ASKED = "Does anybody else lie awake until four?"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A room where Birch has asked something that nobody has answered."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    for name in ("Ash", "Birch"):
        add_member(work, name, "peer", PASSPHRASE)
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        seats.take_seat(work, room.id, member.id)
        author = member.id
    asked = publishing.say(work, room.id, author, ASKED)
    asked.ask = True
    work.session.add(asked)


def go_on_talking(work: Work) -> None:
    birch = people.find_by_name_key(work, names.name_key("Birch"))
    assert birch is not None
    [room_id] = rooms.seats_of(work, birch.id)
    for number in range(130):
        publishing.say(work, room_id, birch.id, f"word {number}")


def unread(work: Work) -> int:
    ash = people.find_by_name_key(work, names.name_key("Ash"))
    assert ash is not None
    return sum(messages.count_unread(work, ash.id, 99).values())


async def until_read(place: LiveServer) -> None:
    """What stood a moment before Ash's eyes, the server knows."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await place.on_database(unread):  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(0.1)


async def enter(page: Page, place: LiveServer, name: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await log_in(page, place, name)
    await page.get_by_role("link", name="Kitchen table").click()
    await page.wait_for_url("**/rooms/*")
    await expect(page.get_by_role("textbox", name=re.compile("message|ask"))).to_be_visible()


async def test_an_ask_that_waits_is_found_answered_in_its_thread_and_folded_away_at_will(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    ash, birch = await new_page(**STILL), await new_page(**STILL)
    ash.on("dialog", lambda dialog: dialog.accept())
    birch.on("dialog", lambda dialog: dialog.accept())
    await enter(birch, place, "Birch")
    await enter(ash, place, "Ash")

    # Found in the tray, answered in the thread; Birch sees it without asking.
    await ash.goto(f"{place.url}/rooms")
    await ash.get_by_role("link", name="1 ask waits to be heard").click()
    await expect(ash.get_by_text(ASKED)).to_be_visible()
    await check_accessible(ash)
    await ash.get_by_role("link", name="Read and answer Birch").click()
    await expect(ash.get_by_role("heading", name="No replies yet")).to_be_visible()
    await write(ash, "I do, most nights.")
    await expect(ash.get_by_role("heading", name="1 reply")).to_be_visible()
    await check_accessible(ash)
    await birch.get_by_role("link", name="1 reply").click()
    await expect(birch.get_by_text("I do, most nights.").first).to_be_visible()
    await birch.get_by_role("button", name="I felt heard").click()
    await expect(birch.get_by_text("You felt heard")).to_be_visible()
    await write(birch, "Thank you for telling me.")
    await expect(ash.get_by_text("Thank you for telling me.").first).to_be_visible()
    await expect(ash.get_by_role("log")).to_have_text("Birch: Thank you for telling me.")
    await ash.goto(f"{place.url}/asks")
    await expect(ash.get_by_text("Nobody in your rooms waits")).to_be_visible()

    # Muted: folded away in place, opened at will, and heard again.
    await ash.goto(f"{place.url}/rooms")
    await ash.get_by_role("link", name="Kitchen table").click()
    await ash.get_by_role("button", name="More about this message by Birch").last.click()
    await expect(ash.get_by_role("button", name="Mute this person")).to_be_in_viewport(ratio=1)
    await ash.get_by_role("button", name="Mute this person").click()
    await expect(ash.get_by_text("Someone you muted")).to_have_count(3)
    await expect(ash.get_by_text(ASKED)).to_have_count(0)
    await check_accessible(ash)
    await ash.get_by_role("button", name="Show it").first.click()
    await expect(ash.get_by_text(ASKED).first).to_be_visible()
    await ash.goto(f"{place.url}/settings")
    await expect(ash.get_by_role("button", name="Hear again: Birch")).to_be_visible()
    await check_accessible(ash)
    await ash.get_by_role("button", name="Hear again: Birch").click()
    await expect(ash.get_by_text("Nobody. You can mute")).to_be_visible()

    # Blocked: Ash is not told, and cannot answer Birch any more.
    await birch.get_by_role("button", name="More about this message by Ash").click()
    await birch.get_by_role("button", name="Block this person").click()
    await expect(birch.get_by_text("Someone you muted").first).to_be_visible()
    await ash.goto(f"{place.url}/rooms")
    await ash.get_by_role("link", name="Kitchen table").click()
    await expect(ash.get_by_text(ASKED).first).to_be_visible()
    await ash.get_by_role("button", name="More about this message by Birch").first.click()
    await ash.get_by_role("button", name="Reply", exact=True).click()
    await write(ash, "And what helps you?")
    await expect(ash.get_by_text("takes no answers from you right now").first).to_be_visible()
    await until_read(place)

    # Long away: back at where one left off, over more than one page; what was not shown is not read.
    await ash.goto(f"{place.url}/rooms")
    await expect(ash.get_by_role("heading", name="Kitchen table")).to_be_visible()
    await place.on_database(go_on_talking)
    await ash.get_by_role("link", name="Kitchen table").click()
    await expect(ash.get_by_text("New since you were here")).to_be_in_viewport()
    await expect(ash.get_by_text("word 0", exact=True)).to_be_in_viewport()
    await ash.goto(f"{place.url}/rooms")
    await expect(ash.get_by_text("99+ new")).to_be_visible()
    await ash.get_by_role("link", name="Kitchen table").click()
    await ash.get_by_role("button", name="Go to the newest").click()
    await expect(ash.get_by_text("word 129", exact=True)).to_be_in_viewport()
    await until_read(place)
    await ash.goto(f"{place.url}/rooms")
    await expect(ash.get_by_role("heading", name="Kitchen table")).to_be_visible()
    await expect(ash.get_by_text("99+ new")).to_have_count(0)
    assert console_errors == []
