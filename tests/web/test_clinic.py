"""The clinic in real browsers: a case goes up and comes back with an outcome; a group meets."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from moderation.cases import CaseKind
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.cli.members import add_member
from server.ids import new_id
from server.protocol import group_sessions as wire
from server.services import cases, group_sessions, names, publishing, seats
from server.services.rooms import make_room
from server.store import people
from server.store.tables import Member
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer

PASSPHRASE = "four quiet river stones"
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
STILL: Any = {"reduced_motion": "reduce", "timezone_id": "Europe/Dublin"}


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """Shared by the tests here: each brings people and a room of its own."""
    server = LiveServer(tmp_path_factory.mktemp("hearth"))
    await server.start()
    yield server
    server.kill()


def seat(work: Work, *cast: tuple[str, str]) -> UUID:
    """A room, and these people in it."""
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    work.session.flush()
    for name, role in cast:
        add_member(work, name, role, PASSPHRASE)
        member = find(work, name)
        seats.take_seat(work, room.id, member.id, seats.seat_for(member.role))
    return room.id


def in_danger(work: Work) -> tuple[UUID, UUID]:
    """Fern keeps a room, Linden cares for it, Heron sits there and is in danger. The room, the case."""
    room = seat(work, ("Fern", "moderator"), ("Linden", "clinician"), ("Heron", "peer"))
    heron = find(work, "Heron")
    publishing.say(work, room, heron.id, "Words before it.")
    message = publishing.say(work, room, heron.id, "Words of an evening that was too long.")
    case = cases.raise_case(
        work, room_id=room, subject_id=heron.id, message_id=message.id, kind=CaseKind.RISK,
        urgency=Urgency.NOW, handling=Handling.PUBLISH, about="self", language="en", policy="1",
        source="classifier", reasons=["risk_intent"], words=["It was noticed."], spans=[],
    )  # fmt: skip
    return room, case.id


def find(work: Work, name: str) -> Member:
    member = people.find_by_name_key(work, names.name_key(name))
    assert member is not None
    return member


def plan_soon(work: Work, room_id: UUID) -> None:
    """A session that is on by the time somebody looks."""
    sorrel = find(work, "Sorrel")
    actor = Actor(sorrel.id, sorrel.pseudonym, Role.MODERATOR, new_id())
    new = wire.NewGroupSession(
        title="A quiet hour", starts_at=work.now + timedelta(seconds=2), time_zone="UTC", minutes=30
    )
    group_sessions.plan(work, actor, room_id, new)


async def log_in(new_page: NewPage, place: LiveServer, name: str) -> Page:
    page = await new_page(**STILL)
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(re.compile("/(rooms|queue|clinic|steward)"))
    return page


async def test_a_case_goes_up_and_comes_back_with_an_outcome(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    room, case = await place.on_database(in_danger)
    fern = await log_in(new_page, place, "Fern")
    linden = await log_in(new_page, place, "Linden")

    # Fern hands the case up: the message and the note are what goes, unless she ticks more.
    await fern.goto(f"{place.url}/cases/{case}")
    await expect(fern.get_by_role("heading", name="Why it is here")).to_be_visible()
    await fern.keyboard.press("e")
    share = fern.get_by_role("group", name="What the clinicians see with your note")
    await expect(share.get_by_label("The message it is about")).to_be_checked()
    note = fern.get_by_label("What the clinicians should know")
    await note.fill("She names a plan.")
    await note.press("Control+Enter")
    panel = fern.get_by_role("region", name="With the clinicians")
    await expect(panel.get_by_text("No clinician has answered yet.")).to_be_visible()
    await check_accessible(fern)

    # Linden finds it by key, sees that and no more, writes, and answers.
    await linden.goto(f"{place.url}/clinic")
    asked: list[str] = []
    linden.on("request", lambda request: asked.append(request.url))
    await linden.get_by_role("link", name=re.compile("1 escalation")).click()
    await expect(linden.locator("[data-case]")).to_have_count(1)
    await asyncio.sleep(1.0)
    lists = [url for url in asked if url.endswith("/api/clinic/escalations")]
    assert len(lists) <= 3, "an answer does not ask again"
    await linden.keyboard.press("j")
    await linden.keyboard.press("o")
    await expect(linden.get_by_text("She names a plan.")).to_be_visible()
    await linden.keyboard.press("v")
    await expect(linden.get_by_text("Words of an evening that was too long.")).to_be_visible()
    await expect(linden.get_by_text("Words before it.")).to_have_count(0)
    await linden.get_by_label("Your words").fill("I am calling her.")
    await linden.keyboard.press("Control+Enter")
    await expect(panel.get_by_text("I am calling her.")).to_be_visible()
    await linden.get_by_role("heading", name="About Heron").click()
    await linden.keyboard.press("1")
    await expect(linden.get_by_role("radio", name=re.compile("I reached them"))).to_be_checked()
    await linden.get_by_label("A note, if you like").fill("She is with her sister.")
    await linden.keyboard.press("Control+Enter")
    await expect(linden.get_by_text("Sent: I reached them")).to_be_focused()
    await expect(panel.get_by_text("Linden: I reached them")).to_be_visible()
    await expect(panel.get_by_text("She is with her sister.")).to_be_visible()

    # A note for the team, corrected.
    await linden.goto(f"{place.url}/clinic/{room}/notes")
    await linden.get_by_label("About", exact=True).select_option(label="Heron")
    await linden.get_by_label("Your note").fill("Sleeps badly.")
    await linden.get_by_role("button", name="Keep the note").click()
    await linden.get_by_role("button", name="Correct").click()
    await linden.get_by_label("As it should read").fill("Slept badly in November.")
    await linden.get_by_role("button", name="Add the correction").click()
    await expect(linden.get_by_text("corrected", exact=True)).to_be_visible()
    await check_accessible(linden)

    assert console_errors == []


async def test_a_group_session_is_planned_reminded_of_and_on(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    room = await place.on_database(
        lambda work: seat(work, ("Sorrel", "moderator"), ("Wren", "peer"))
    )
    sorrel = await log_in(new_page, place, "Sorrel")
    await sorrel.goto(f"{place.url}/rooms/{room}/sessions")
    await sorrel.get_by_role("button", name="Plan a session").click()
    await sorrel.get_by_label("Title").fill("Sleep and worry")
    await sorrel.get_by_role("button", name="Save").click()
    await expect(sorrel.get_by_role("heading", name="Sleep and worry")).to_be_visible()
    await check_accessible(sorrel)

    # Wren sees it in the room's head, wants to be reminded, and takes it into a calendar.
    wren = await log_in(new_page, place, "Wren")
    await wren.goto(f"{place.url}/rooms/{room}")
    await wren.get_by_role("link", name=re.compile("Sleep and worry")).click()
    await wren.get_by_role("button", name="Remind me").click()
    await expect(wren.get_by_role("button", name="You are reminded")).to_be_visible()
    await expect(wren.get_by_role("button", name="Cancel it")).to_have_count(0)
    path = await wren.get_by_role("link", name="To my calendar").get_attribute("href")
    file = await (await wren.request.get(f"{place.url}{path}")).text()
    assert "BEGIN:VEVENT" in file
    assert "Sleep" not in file
    assert "Kitchen" not in file

    # One that is on says so, with its host.
    await place.on_database(lambda work: plan_soon(work, room))
    await wren.goto(f"{place.url}/rooms/{room}")
    head = wren.get_by_role("link", name=re.compile("On now: A quiet hour"))
    await expect(head).to_contain_text("with Sorrel")
    await check_accessible(wren)
    assert console_errors == []
