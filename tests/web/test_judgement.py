"""The steward reads how well the machine judges and turns learning on; a member agrees, and takes it back."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from server.cli.members import add_member
from server.services import names, seats
from server.services.rooms import make_room
from server.store import consents, people
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer
from tests.server.test_judgement import Past
from tests.web.test_care import prove

PASSPHRASE = "four quiet river stones"
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
STILL: Any = {"reduced_motion": "reduce"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A place with some weeks of decided cases."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    ids = {}
    for name, role in (("Rowan", "steward"), ("Ash", "peer"), ("Fern", "moderator")):
        add_member(work, name, role, PASSPHRASE)
        work.session.flush()
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        ids[name] = member.id
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    work.session.flush()
    seats.take_seat(work, room.id, ids["Ash"])
    Past(5, room.id, ids["Ash"], ids["Fern"]).write(work)


async def test_the_steward_reads_the_figures_and_a_member_decides_about_learning(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    rowan = await new_page(**STILL)
    ash = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    await log_in(rowan, place, "Rowan")
    await log_in(ash, place, "Ash")

    # Before the steward has asked, there is nothing to agree to.
    await ash.goto(f"{place.url}/settings")
    learning = ash.get_by_role("region", name="Learning from decisions")
    await expect(learning.get_by_text("This place does not ask for it.")).to_be_visible()
    await expect(learning.get_by_role("button")).to_have_count(0)

    await rowan.goto(f"{place.url}/steward/judgement")
    rules = rowan.get_by_role("region", name="By rule")
    await expect(rules.get_by_text("Phrases: intent").first).to_be_visible()
    await rules.get_by_text("As a table").click()
    await expect(rules.get_by_role("columnheader", name="Flagged")).to_be_visible()
    await expect(rules.get_by_role("row")).to_have_count(1 + 6)
    weeks = rowan.get_by_role("region", name="Week by week")
    await weeks.get_by_label("Show").select_option(label="Somebody in danger")
    await weeks.get_by_text("As a table").click()
    await expect(
        weeks.get_by_role("columnheader", name="Missed: people asked first")
    ).to_be_visible()
    await check_accessible(rowan)
    await rowan.emulate_media(color_scheme="dark")
    await check_accessible(rowan)

    switch = rowan.get_by_role("region", name="Learning from decisions")
    await expect(switch.get_by_role("button", name="Ask members")).to_be_disabled()
    await switch.get_by_role("checkbox").check()
    await switch.get_by_role("button", name="Ask members").click()
    await prove(rowan)
    await expect(switch.get_by_text("Fewer than 8 members have agreed")).to_be_visible()

    # A question in full words; agreed to, and taken back in one step.
    await ash.reload()
    await learning.get_by_text("Read what it would mean").click()
    question = "May this place learn from decisions about your words?"
    await expect(learning.get_by_role("heading", name=question)).to_be_visible()
    await check_accessible(ash)
    await learning.get_by_role("button", name="I agree").click()
    await expect(learning.get_by_text("Agreed", exact=True)).to_be_visible()
    assert set((await place.on_database(standing)).values()) == {"2026-11 en"}
    await learning.get_by_role("button", name="Take it back").click()
    await expect(learning.get_by_text("Taken back. You are left out")).to_be_visible()
    assert await place.on_database(standing) == {}
    assert [line for line in console_errors if "403" not in line] == []  # proof is asked for


def standing(work: Work) -> dict[Any, str]:
    return consents.standing(work, "labels")


async def log_in(page: Page, place: LiveServer, name: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(re.compile("/(rooms|steward)"))
