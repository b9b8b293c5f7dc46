"""The main job, end to end, in real browsers: someone asks, someone answers roughly and thinks again,
someone is in danger and is seen, a moderator reaches out, a clinician sees how the group is."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Locator, Page, expect
from sqlmodel import col, select, update

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.cli.members import add_member
from server.client import Client
from server.services import cases, climate, names, publishing, seats, sessions
from server.services.rooms import make_room
from server.store import people
from server.store.tables import Case, Member, Message
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer

PASSPHRASE = "four quiet river stones"
PATIENCE_MS = 20_000
"""For a machine that is busy with other things; how fast it is is measured elsewhere."""
expect.set_options(timeout=PATIENCE_MS)
DANGER = "I have the pills here and I am going to kill myself tonight"
NEIGHBOURS = 60
STILL: Any = {"reduced_motion": "reduce"}
"""What is still fading in has no contrast yet."""
CASES = 12
AGO = timedelta(days=14)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A room of sixty neighbours with twelve cases two weeks ago, kept by Fern and watched over by Linden."""
    server = LiveServer(tmp_path / "hearth", classifier="embedded", assess_deadline_ms="10000")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    for name, role in (("Fern", "moderator"), ("Linden", "clinician")):
        add_member(work, name, role, PASSPHRASE)
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    work.session.flush()
    for name in ("Fern", "Linden"):
        member = people.find_by_name_key(work, names.name_key(name))
        assert member is not None
        seats.take_seat(work, room.id, member.id, seats.seat_for(member.role))
    for number in range(NEIGHBOURS):
        neighbour = Member(
            pseudonym=f"Neighbour {number}", name_key=f"nelghbour{number}x", joined_at=work.now
        )
        work.session.add(neighbour)
        work.session.flush()
        seats.take_seat(work, room.id, neighbour.id)
        message = publishing.say(work, room.id, neighbour.id, "Good evening from here.")
        if number < CASES:
            closed(work, room.id, neighbour, message.id)
    room.created_at = work.now - AGO
    work.session.add(room)
    work.flush()
    _date_back(work)
    while due := climate.find_due(work):
        for week in due:
            climate.keep_week(work, week, climate.count_week(work, week))
        work.flush()


def _date_back(work: Work) -> None:
    work.session.exec(update(Message).values(published_at=work.now - AGO))
    seen = {"opened_at": work.now - AGO, "due_at": work.now - AGO, "first_human_at": work.now - AGO}
    work.session.exec(update(Case).values(**seen))


def closed(work: Work, room_id: UUID, subject: Member, message_id: UUID) -> None:
    """A case that somebody has seen and closed."""
    case = cases.raise_case(
        work, room_id=room_id, subject_id=subject.id, message_id=message_id, kind=CaseKind.RISK,
        urgency=Urgency.NOW, handling=None, about="self", language="en", policy="1",
        source="lexicon", reasons=["seeded"], words=["Seeded for a test."], spans=[],
    )  # fmt: skip
    case.state, case.open_key, case.closed_at = "closed", None, work.now
    case.first_human_at = work.now
    work.session.add(case)


async def test_the_main_job_from_a_question_to_a_clinicians_weeks(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    ash, fern, linden = [await new_page(**STILL) for _ in range(3)]
    birch = await new_page(viewport={"width": 390, "height": 844}, **STILL)
    for page in (ash, birch, fern, linden):
        page.set_default_timeout(PATIENCE_MS)
    await sign_up(ash, place, "Ash")
    await sign_up(birch, place, "Birch")
    await log_in(fern, place, "Fern")
    await log_in(linden, place, "Linden")
    weeks_before = await cases_of_the_weeks(linden, place)

    # One asks for help; the other answers roughly, is nudged, and thinks again.
    await open_room(ash)
    await open_room(birch)
    await ash.get_by_role("button", name="Mark as an ask").click()
    await write(ash, "Nobody at home wants to hear how tired I am. How do you bear it?")
    asked = birch.get_by_text("Nobody at home wants to hear").first
    await expect(asked).to_be_visible()
    await birch.get_by_role("button", name="More about this message by Ash").last.click()
    await birch.get_by_role("button", name="Reply", exact=True).click()
    await write(birch, "Stop whining, you stupid idiot, others have it worse.")
    nudge = birch.get_by_role("region", name="Before this goes out")
    await expect(nudge).to_be_visible()
    await check_accessible(birch)
    await expect(ash.get_by_text("Stop whining")).to_have_count(0)
    await nudge.get_by_role("button", name="Change it").click()
    await birch.get_by_role("textbox").last.fill(
        "That sounds so lonely. What was today like for you?"
    )
    await birch.get_by_role("button", name=re.compile("^(Send|Change)$")).click()
    await expect(ash.get_by_text("That sounds so lonely").first).to_be_visible()
    await ash.get_by_role("button", name="I felt heard").click()

    # Fern looks at an empty queue; a message shows danger, and the queue shows it unasked.
    await fern.goto(f"{place.url}/queue")
    await expect(fern.get_by_role("heading", name="Queue", level=1)).to_be_visible()
    await fern.get_by_role("button", name="Start my shift").click()
    await expect(fern.get_by_text("You are on shift").first).to_be_visible()
    await check_accessible(fern)
    await write(ash, DANGER)
    await expect(ash.get_by_role("region", name="You are not alone with this")).to_be_visible()
    await expect(fern.get_by_text("Someone may be in danger now").first).to_be_visible()
    await check_accessible(ash)
    await check_accessible(fern)

    # Fern takes it, reads it, and reaches out; Ash is told.
    await fern.get_by_role("button", name=re.compile("Next person")).first.click()
    await fern.wait_for_url("**/cases/*")
    await fern.get_by_role("button", name=re.compile("^Show the words")).first.click()
    await expect(fern.get_by_role("main")).to_contain_text("the pills")
    await check_accessible(fern)
    await fern.get_by_role("button", name=re.compile("^Reach out")).click()
    await fern.get_by_label("Your first message").fill(
        "I read what you wrote. I am here with you now."
    )
    reason = fern.get_by_label(re.compile("^Reason"))
    await reason.fill("You wrote that you might end your life tonight.")
    await check_accessible(fern)
    await fern.get_by_role("button", name=re.compile("^Send: Reach out")).click()
    await expect(fern.get_by_text("The conversation is open").first).to_be_visible()
    await ash.goto(f"{place.url}/notices")
    await expect(ash.get_by_text("A moderator would like to talk").first).to_be_visible()
    await check_accessible(ash)
    await ash.get_by_role("link", name="Open the private conversation").first.click()
    await expect(ash.get_by_text("I am here with you now.").first).to_be_visible()

    # The clinician sees twelve cases of a week as about ten. This one case moves nothing: it would tell.
    weeks_after = await cases_of_the_weeks(linden, place)
    assert weeks_before == weeks_after
    assert "About 10" in weeks_after
    await check_accessible(linden)
    assert console_errors == []


PAGES = {
    None: ("/", "/sign-up", "/log-in", "/crisis"),
    "Ash": ("/rooms", "/notices", "/settings"),
    "Fern": ("/queue", "/not-assessed"),
    "Linden": ("/clinic",),
    "Sorrel": (
        "/steward", "/steward/rooms", "/steward/members", "/steward/invitations", "/steward/help-lines",
    ),
}  # fmt: skip


async def test_axe_finds_nothing_on_the_chief_pages_in_the_dark(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    """The drill `axe` looks at every page as every role, light, dark and in Arabic."""
    await place.on_database(lambda work: add_member(work, "Sorrel", "steward", PASSPHRASE))
    await place.on_database(lambda work: add_member(work, "Ash", "peer", PASSPHRASE))
    for name, paths in PAGES.items():
        page = await new_page(color_scheme="dark", **STILL)
        if name:
            await log_in(page, place, name)
        for path in paths:
            await page.goto(f"{place.url}{path}")
            await expect(page.get_by_role("heading", level=1).first).to_be_visible()
            await page.wait_for_load_state("networkidle")
            await check_accessible(page)
    assert console_errors == []


async def test_the_keyboard_alone_is_enough_for_the_whole_journey_and_each_step_is_said(
    place: LiveServer, new_page: NewPage
) -> None:
    page = await new_page(**STILL)
    page.set_default_timeout(PATIENCE_MS)
    await sign_up_by_keys(page, place, "Ash")
    await press(page, page.get_by_role("button", name="Join Kitchen table"))
    await page.wait_for_url("**/rooms/*")
    said = page.get_by_role("log")
    composer = page.get_by_role("textbox", name=re.compile("message|ask"))
    await expect(composer).to_be_visible()
    await expect(said).to_have_text("")

    # Asks; what others wrote before was not read out, the answer is, once.
    await press(page, page.get_by_role("button", name="Mark as an ask"))
    await tab_to(page, composer)
    await page.keyboard.type("How do you bear the evenings?")
    await page.keyboard.press("Enter")
    asked = page.locator("article", has_text="How do you bear the evenings?")
    kept = asked.get_by_role("button", name="More about your message")
    await expect(kept).to_be_visible()
    await answer_as(place, "Neighbour 0", "I sit with my tea. What was today like?")
    await expect(said).to_have_text("Neighbour 0: I sit with my tea. What was today like?")

    # Is nudged, which is read out with the ways on, thinks again, and sends.
    await tab_to(page, composer)
    await page.keyboard.type("Stop whining, you stupid idiot, others have it worse.")
    await page.keyboard.press("Enter")
    nudge = page.get_by_role("region", name="Before this goes out")
    await expect(nudge).to_be_visible()
    await expect(said).to_contain_text("Your message is not sent yet.")
    await expect(said).to_contain_text("You can change it, send it as it is, or discard it.")
    await press(page, nudge.get_by_role("button", name="Change it"))
    await expect(composer).to_be_focused()
    await page.keyboard.press("Control+A")
    await page.keyboard.type("That sounds so lonely. What was today like for you?")
    await page.keyboard.press("Enter")
    await expect(page.locator("article", has_text="That sounds so lonely")).to_be_visible()

    # Says that it was heard, and asks a moderator to look; both answer in words where the focus is.
    await press(page, page.get_by_role("button", name="I felt heard"))
    await expect(page.get_by_text("You felt heard. Thank you for saying so.")).to_be_visible()
    more = page.get_by_role("button", name="More about this message by Neighbour 0").last
    await press(page, more)
    await press(page, page.get_by_role("button", name="Ask a moderator to look"))
    report = page.get_by_role("dialog", name="Ask a moderator to look")
    await tab_to(page, report.get_by_role("radio").first)
    await page.keyboard.press("Space")
    await press(page, report.get_by_role("button", name="Ask them to look"))
    await expect(report.get_by_role("status")).to_contain_text("Thank you. A moderator will look")
    await press(page, report.get_by_role("button", name="Close"))

    # Asks another person about the nudge.
    await page.goto(f"{place.url}/ledger")
    await press(page, page.get_by_role("button", name=re.compile("^Ask a person about this")))
    await expect(page.get_by_label("What should they know?")).to_be_focused()
    await page.keyboard.type("I was tired, and meant no harm.")
    await press(page, page.get_by_role("button", name="Send it"))
    await expect(page.get_by_text("You asked for another look.").first).to_be_visible()
    await press(page, page.get_by_role("link", name="In crisis? Get help now"))
    await page.wait_for_url("**/crisis*")


async def sign_up_by_keys(page: Page, place: LiveServer, name: str) -> None:
    await page.goto(f"{place.url}/sign-up")
    await tab_to(page, page.get_by_label("Your name here"))
    await page.keyboard.type(name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await tab_to(page, page.get_by_role("textbox", name="Passphrase"))
    await page.keyboard.type(PASSPHRASE)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("checkbox", name="I am 18 or older.")).to_be_visible()
    for promise in await page.get_by_role("checkbox").all():
        await press(page, promise, "Space")
    await press(page, page.get_by_role("button", name="Come in"))
    await press(page, page.get_by_label("I have kept it"), "Space")
    await press(page, page.get_by_role("button", name="Go on to the rooms"))
    await page.wait_for_url("**/rooms")


async def answer_as(place: LiveServer, name: str, words: str) -> None:
    """Somebody elsewhere replies to the newest message of the room."""
    token, room = await place.on_database(lambda work: _come_back(work, name))
    async with Client(place.url, token) as other:
        await other.join(room)
        await other.post(room, words, reply_to=await place.on_database(newest))


def _come_back(work: Work, name: str) -> tuple[str, UUID]:
    member = work.session.exec(select(Member).where(Member.pseudonym == name)).one()
    room = work.session.exec(select(Message.room_id).limit(1)).one()
    return sessions.open_session(work, member, "program").token, room


def newest(work: Work) -> UUID:
    """The id of the message that was said last."""
    return work.session.exec(select(Message.id).order_by(col(Message.id).desc()).limit(1)).one()


async def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """By keyboard alone: go there, and press it."""
    await tab_to(page, target)
    await page.keyboard.press(key)


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(200):
        if await target.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    pytest.fail(f"the keyboard does not reach {target}")


async def test_help_is_one_step_away_and_needs_no_script(
    place: LiveServer, new_page: NewPage
) -> None:
    page = await new_page(java_script_enabled=False)
    await page.goto(f"{place.url}/")
    await page.get_by_role("link", name=re.compile("help", re.IGNORECASE)).first.click()
    await page.wait_for_url("**/crisis*")
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert await page.locator("a[href^='tel:']").count() > 0


async def sign_up(page: Page, place: LiveServer, name: str) -> None:
    await page.goto(f"{place.url}/sign-up")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("button", name="Next").click()
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await check_accessible(page)
    await page.get_by_role("button", name="Next").click()
    for promise in await page.get_by_role("checkbox").all():
        await promise.check()
    await page.get_by_role("button", name="Come in").click()
    await page.get_by_label("I have kept it").check()
    await check_accessible(page)
    await page.get_by_role("button", name="Go on to the rooms").click()
    await page.wait_for_url("**/rooms")


async def log_in(page: Page, place: LiveServer, name: str) -> None:
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(re.compile("/(rooms|queue|clinic|steward)"))


async def open_room(page: Page) -> None:
    await page.get_by_role("button", name="Join Kitchen table").click()
    await page.wait_for_url("**/rooms/*")
    await expect(page.get_by_role("textbox", name=re.compile("message|ask"))).to_be_visible()
    await check_accessible(page)


async def write(page: Page, words: str) -> None:
    await page.get_by_role("textbox").last.fill(words)
    await page.get_by_role("button", name="Send", exact=True).click()


async def cases_of_the_weeks(page: Page, place: LiveServer) -> list[str]:
    """What the clinician's page says of all cases, newest week first, as a person would read it."""
    await page.goto(f"{place.url}/clinic")
    await page.get_by_role("link", name="Kitchen table", exact=True).click()
    await page.wait_for_url("**/clinic/*")
    card = page.get_by_role("region", name="Cases, by how soon a person was to look", exact=True)
    rows = card.locator("tbody tr")
    await expect(rows.first).to_be_attached()
    return [
        (await row.locator("td").first.text_content() or "").strip() for row in await rows.all()
    ]
