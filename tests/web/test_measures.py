"""A member answers a questionnaire, its last question calls for somebody, and only the clinician hears it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from server.access import Actor, Role
from server.cli.members import add_member
from server.ids import new_id
from server.measures import load
from server.services import measuring, names, seats
from server.services.rooms import make_room
from server.store import people
from server.store.tables import Consent, MeasureResponse
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer

PASSPHRASE = "four quiet river stones"
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
STILL: Any = {"reduced_motion": "reduce"}
CAST = (("Ash", "peer"), ("Linden", "clinician"), ("Fern", "moderator"))
MEASURES = "My questionnaires"
ALERTS = "A word to the clinicians when an answer worries"
EARLIER = ((63, 0), (42, 1), (21, 2))
"""Days ago, and the answer to each of eight questions: totals of 0, 8 and 16."""


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A group with a clinician; a member who shows their answers, and has answered before."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    work.session.flush()
    for name, role in CAST:
        add_member(work, name, role, PASSPHRASE)
        work.session.flush()
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        seats.take_seat(work, room.id, member.id, "member" if role == "peer" else role)
        member.country = "IE"
        work.session.add(member)
        if name == "Ash":
            ash = Actor(member.id, name, Role.PEER, new_id())
            work.session.add(
                Consent(
                    member_id=member.id, room_id=room.id, scope="measures", wording="1 en",
                    given_at=work.now, until=work.now + timedelta(days=9),
                )
            )  # fmt: skip
    work.session.flush()
    _answer_before(work, ash)


def _answer_before(work: Work, ash: Actor) -> None:
    known = load()
    for days, value in EARLIER:
        for item in known.definitions["phq-9"].items:
            given = 0 if item.link_id == "phq9-9" else value
            measuring.answer(work, ash, known, "phq-9", item.link_id, given)
        measuring.finish(work, ash, known, "phq-9")
        newest = work.session.exec(
            select(MeasureResponse).order_by(MeasureResponse.id.desc())  # type: ignore[attr-defined]
        ).first()
        assert newest is not None
        newest.finished_at = work.now - timedelta(days=days)
        work.session.add(newest)
        work.session.flush()


async def test_an_answer_brings_help_and_calls_the_clinician_and_nobody_else(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    ash = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    linden, fern = await new_page(**STILL), await new_page(**STILL)
    await log_in(ash, place, "Ash")
    await log_in(linden, place, "Linden")
    await log_in(fern, place, "Fern")
    await fern.goto(f"{place.url}/queue")
    await expect(fern.get_by_role("heading", name="Queue", exact=True)).to_be_visible()

    # Who is called is the member's to say.
    await ash.goto(f"{place.url}/care")
    group = ash.get_by_role("region", name="With the clinicians of Kitchen table")
    await group.get_by_role("switch", name=ALERTS).check()
    await expect(group.get_by_role("switch", name=ALERTS)).to_be_checked()

    # What the last question leads to stands before the first one.
    await ash.goto(f"{place.url}/measures/phq-9")
    await expect(ash.get_by_text("The clinicians of Kitchen table are then called")).to_be_visible()
    first = ash.get_by_role("group", name="Little interest or pleasure in doing things")
    await first.get_by_role("radio", name="Several days").check()
    await expect(first.get_by_text("Kept.")).to_be_visible()
    await check_accessible(ash)

    # Passing over an answer calls nobody; keeping it brings help at once.
    last = ash.get_by_role("group", name="Thoughts that you would be better off dead")
    await last.get_by_role("radio", name="More than half the days").check()
    await expect(last.get_by_text("Not kept yet.")).to_be_visible()
    await expect(ash.get_by_role("heading", name="You are not alone with this")).to_have_count(0)
    await last.get_by_role("button", name="Keep this answer").click()
    support = ash.get_by_role("region", name="You are not alone with this")
    await expect(support.get_by_role("link", name="Call 112").first).to_be_visible()
    await expect(support.get_by_text("Kitchen table have been called")).to_be_visible()
    await check_accessible(ash)

    # What was answered waits on another visit, too; unfinished, it has no total.
    await ash.reload()
    await expect(first.get_by_role("radio", name="Several days")).to_be_checked()
    await ash.get_by_role("button", name="I am done").click()
    await expect(ash.get_by_text("Not scored: an answer is missing.").first).to_be_visible()
    await ash.emulate_media(color_scheme="dark")
    await check_accessible(ash)

    # The clinician is called, opens the case, and reads the answer.
    await linden.goto(f"{place.url}/queue")
    await linden.get_by_role("link", name="An answer in a questionnaire asks for you").first.click()
    await linden.get_by_role("button", name="Show the words").first.click()
    await expect(linden.get_by_text("PHQ-9: Thoughts that you would be better off")).to_be_visible()
    await linden.goto(f"{place.url}/clinic")
    await linden.get_by_role("link", name="Kitchen table", exact=True).click()
    await linden.get_by_role("link", name="Questionnaires").click()
    await expect(linden.get_by_text("The total went from 0 to 8 in 2 times.")).to_be_visible()
    await (
        linden.get_by_role("listitem")
        .filter(has_text="GAD-7")
        .get_by_role("button", name="Begin")
        .click()
    )
    await expect(linden.get_by_text("next on").first).to_be_visible()
    await linden.get_by_role("link", name="Ash", exact=True).last.click()
    course = linden.get_by_role("region", name="PHQ-9", exact=True)
    await course.get_by_text("As a table").click()
    await expect(course.get_by_role("cell", name="16 · moderately severe")).to_be_visible()
    await linden.get_by_label("What came of it").fill("We meet on Friday.")
    await linden.get_by_role("button", name="I have looked").click()
    await expect(linden.get_by_text("We meet on Friday.")).to_be_visible()
    await check_accessible(linden)

    # The member sees each look, takes it back, and the next view is refused.
    await ash.goto(f"{place.url}/care")
    receipts = ash.get_by_role("region", name="Who looked")
    await expect(
        receipts.get_by_text("A clinician looked at: Questionnaires").first
    ).to_be_visible()
    await expect(receipts.get_by_text("A clinician looked at: A word when").first).to_be_visible()
    await group.get_by_role("switch", name=MEASURES).uncheck()
    await expect(ash.get_by_text("From now on nobody sees it.")).to_be_visible()
    await expect(linden.get_by_role("region", name="PHQ-9", exact=True)).to_have_count(0)
    await expect(linden.get_by_text("We meet on Friday.")).to_have_count(0)
    await linden.reload()
    await expect(linden.get_by_role("heading", level=1)).to_be_visible()
    await expect(linden.get_by_role("region", name="PHQ-9", exact=True)).to_have_count(0)

    # The moderator, whose queue was open all the while, has nothing.
    await expect(fern.get_by_text("An answer in a questionnaire")).to_have_count(0)
    await fern.reload()
    await expect(fern.get_by_role("heading", name="Queue", exact=True)).to_be_visible()
    await expect(fern.get_by_role("link", name="An answer in a questionnaire")).to_have_count(0)
    assert [line for line in console_errors if "404" not in line] == []


async def log_in(page: Page, place: LiveServer, name: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(f"{place.url}/rooms")
