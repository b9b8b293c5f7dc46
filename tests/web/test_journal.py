"""A journal of one's own: written, locked with the key of one's plan, and read by nobody else."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Request, expect

from server.cli.members import add_member
from server.store import journal as stored
from server.store import people
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.drills._planting import files_of
from tests.server.live_server import LiveServer
from tests.web.test_three_people import PASSPHRASE, PATIENCE_MS, STILL, log_in

BEFORE, AFTER, DRAFT = "qzqcurtains", "qzqwetwool", "qzqnotyet"
PHONE = {"width": 390, "height": 844}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(lambda work: add_member(work, "Ash", "peer", PASSPHRASE))
    yield server
    server.kill()


def opened(work: Work) -> str:
    """What the server itself can read of it."""
    [ash] = [one for one in people.all_members(work) if one.pseudonym == "Ash"]
    found = stored.entries(work, ash.id, None, None)
    return "".join(stored.open_entry(work, entry) or "" for entry in found)


async def enter(new_page: NewPage, place: LiveServer, sent: list[str]) -> Page:
    def hear(request: Request) -> None:
        sent.append(request.post_data or "")

    page = await new_page(**STILL, viewport=PHONE)
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", hear)
    await log_in(page, place, "Ash")
    await page.goto(f"{place.url}/journal")
    return page


async def keep(page: Page, words: str) -> None:
    await page.get_by_label("Words for yourself").fill(words)
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.get_by_role("article").filter(has_text=words)).to_be_visible()


async def lock(page: Page) -> str:
    """The code."""
    await page.get_by_role("button", name="Only I hold the key").click()
    await expect(page.get_by_text("nobody can bring it back")).to_be_visible()
    await page.get_by_role("button", name="Show me the code").click()
    code = await page.get_by_role("region", name="Who holds the key").locator("code").inner_text()
    await page.get_by_role("button", name="I have written it down").click()
    for number in (3, 11):
        await page.get_by_label(f"Group {number}").fill(code.split("-")[number - 1])
    await page.get_by_role("button", name="Lock with this key").click()
    await expect(page.get_by_text("Only you hold the key.")).to_be_visible()
    return code


async def test_a_journal_is_locked_read_after_a_reload_and_nowhere_in_the_clear(
    place: LiveServer, new_page: NewPage, tmp_path: Path
) -> None:
    sent: list[str] = []
    ash = await enter(new_page, place, sent)
    await keep(ash, BEFORE)
    assert any(BEFORE in body for body in sent), "the guard: bodies are heard"
    assert BEFORE in await place.on_database(opened)
    await check_accessible(ash)
    sent.clear()
    code = await lock(ash)
    await keep(ash, AFTER)
    await check_accessible(ash)

    held = await place.on_database(opened)
    assert held.count('{"locked":') == len((BEFORE, AFTER))
    assert not any(word in held for word in (BEFORE, AFTER))

    # A reload reads it, and what was not kept yet still waits.
    await ash.get_by_label("Words for yourself").fill(DRAFT)
    await expect(ash.get_by_text("waits on this device")).to_be_visible()
    await ash.reload()
    for words in (BEFORE, AFTER):
        await expect(ash.get_by_text(words)).to_be_visible()
    await expect(ash.get_by_label("Words for yourself")).to_have_value(DRAFT)

    # The plan is locked with the same key, and no second code is shown.
    await ash.goto(f"{place.url}/plan")
    await ash.get_by_role("button", name="Only I hold the key").click()
    await ash.get_by_role("button", name="Lock with the same key").click()
    await expect(ash.get_by_text("Only you hold the key.")).to_be_visible()

    # Another device: closed, until the code is typed.
    other = await enter(new_page, place, sent)
    await other.get_by_label("Your code, 13 groups").fill(code)
    await check_accessible(other)
    await other.get_by_role("button", name="Open", exact=True).click()
    await expect(other.get_by_text(AFTER)).to_be_visible()
    other.on("dialog", lambda dialog: dialog.accept())
    await other.get_by_role("button", name=re.compile("^Erase what you wrote")).first.click()
    await expect(other.get_by_text(AFTER)).to_have_count(0)

    # Nothing that was sent since, and nothing on the disk, holds a word of it.
    assert not [body for body in sent if any(each in body for each in (BEFORE, AFTER, DRAFT))]
    contents = list(files_of(tmp_path))
    assert contents, "the guard: there is a database"
    for each in (BEFORE, AFTER, DRAFT):
        assert not any(each.encode() in content for content in contents)
