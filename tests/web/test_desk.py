"""The case desk in real browsers, with nothing but a keyboard: ten mixed cases, and a race for the same ones."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Page, expect
from sqlmodel import select

from moderation.cases import CaseKind
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.cli.members import add_member
from server.ids import new_id
from server.protocol import bodies
from server.services import (
    appeals,
    cases,
    conversations,
    decisions,
    looking_again,
    names,
    publishing,
    seats,
)
from server.services.rooms import make_room
from server.store import messages, people
from server.store import notices as stored_notices
from server.store.tables import Case, Decision, Member, Message, Notice, Timer, Undo
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.live_server import LiveServer

PASSPHRASE = "four quiet river stones"
PATIENCE_MS = 20_000
"""For a machine that is busy with other things."""
expect.set_options(timeout=PATIENCE_MS)
STILL: Any = {"reduced_motion": "reduce"}
TEN = 10
KEYS = {
    "risk": "m", "line": "m", "harm": "w", "held": "d", "flag": "d", "appeal": "y", "look_again": "d",
}  # fmt: skip
"""What this moderator presses for each kind of case."""
OWN = " I read you."


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A room that Fern and Sorrel keep, with ten cases of every kind waiting in it."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    await server.on_database(furnish)
    yield server
    server.kill()


def furnish(work: Work) -> None:
    for name in ("Fern", "Sorrel", "Moss"):
        add_member(work, name, "moderator", PASSPHRASE)
    add_member(work, "Linden", "clinician", PASSPHRASE)
    add_member(work, "Keeper", "steward", PASSPHRASE)
    room = make_room(work, "Kitchen table", "For whatever today brought.")
    work.session.flush()
    for name in ("Fern", "Sorrel", "Moss", "Linden"):
        member = find(work, name)
        seats.take_seat(work, room.id, member.id, seats.seat_for(member.role))
    peers = [join(work, room.id, f"Peer {letter}") for letter in "ABCDEFGHIJ"]
    for peer, kind in zip(peers, KINDS, strict=True):
        MAKE[kind](work, room.id, peer)


def find(work: Work, name: str) -> Member:
    member = people.find_by_name_key(work, names.name_key(name))
    assert member is not None
    return member


def join(work: Work, room_id: UUID, name: str) -> Member:
    peer = Member(pseudonym=name, name_key=names.name_key(name), joined_at=work.now)
    work.session.add(peer)
    work.session.flush()
    seats.take_seat(work, room_id, peer.id)
    return peer


def raise_one(
    work: Work, room_id: UUID, peer: Member, kind: CaseKind, message: Message | None, **more: Any
) -> Case:
    danger = kind in {CaseKind.RISK, CaseKind.LINE}
    return cases.raise_case(
        work, room_id=room_id, subject_id=peer.id, message_id=message.id if message else None,
        kind=kind, urgency=Urgency.NOW if danger else Urgency.SOON, handling=Handling.PUBLISH,
        about="self" if danger else None, language="en", policy="1", source="classifier",
        reasons=["risk_intent" if danger else "insult"], words=["It was noticed."], spans=[],
        **more,
    )  # fmt: skip


def said(work: Work, room_id: UUID, peer: Member, kind: CaseKind) -> Case:
    message = publishing.say(work, room_id, peer.id, "Words of an evening that was too long.")
    return raise_one(work, room_id, peer, kind, message)


def risk(work: Work, room_id: UUID, peer: Member) -> None:
    said(work, room_id, peer, CaseKind.RISK)


def harm(work: Work, room_id: UUID, peer: Member) -> None:
    said(work, room_id, peer, CaseKind.HARM)


def flag(work: Work, room_id: UUID, peer: Member) -> None:
    said(work, room_id, peer, CaseKind.FLAG)


def held(work: Work, room_id: UUID, peer: Member) -> None:
    message = Message(
        room_id=room_id, author_id=peer.id, client_id=new_id(), fingerprint=b"", state="held",
        at=work.now,
    )  # fmt: skip
    messages.seal_text(work, message, "Strong words, held back.")
    work.session.add(message)
    work.session.flush()
    raise_one(work, room_id, peer, CaseKind.HELD, message)


def line(work: Work, room_id: UUID, peer: Member) -> None:
    opened = conversations.open_line(work, peer.id, room_id)
    raise_one(
        work, room_id, peer, CaseKind.LINE, None, refused_text="A post that was refused.",
        conversation_id=opened.id,
    )  # fmt: skip


def appeal(work: Work, room_id: UUID, peer: Member) -> None:
    """Moss warned, and who was warned asks for another look."""
    case = said(work, room_id, peer, CaseKind.HARM)
    decide(work, case, "warn")
    [notice] = work.session.exec(select(Notice).where(Notice.decision_id != None))  # noqa: E711
    actor = Actor(peer.id, peer.pseudonym, Role.PEER, new_id())
    assert stored_notices.find(work, notice.id)
    appeals.appeal(work, actor, notice.id, "It was a quotation.")


def look_again(work: Work, room_id: UUID, peer: Member) -> None:
    """Moss closed a case about somebody in danger, and an hour has passed."""
    case = said(work, room_id, peer, CaseKind.RISK)
    decide(work, case, "care_note")
    for timer in work.session.exec(select(Timer).where(Timer.case_id == case.id)).all():
        if timer.kind == "look_again" and timer.step == 1:
            looking_again.look_again(work, timer, case)
        timer.done_at = work.now
        work.session.add(timer)


def decide(work: Work, case: Case, action: Any) -> None:
    moss = find(work, "Moss")
    actor = Actor(moss.id, moss.pseudonym, Role.MODERATOR, new_id())
    asked = bodies.NewDecision(action=action, version=case.version, reason="Seeded for a test.")
    decisions.decide(work, actor, case.id, asked)


MAKE = {
    "risk": risk, "harm": harm, "flag": flag, "held": held, "line": line, "appeal": appeal,
    "look_again": look_again,
}  # fmt: skip
KINDS = [
    "appeal", "look_again", "risk", "risk", "harm", "harm", "held", "held", "flag", "line",
]  # fmt: skip


def living(work: Work) -> dict[UUID, str]:
    """The kind of each case that waits."""
    found = work.session.exec(select(Case).where(Case.open_key != None))  # noqa: E711
    return {case.id: case.kind for case in found}


def decided(work: Work) -> dict[UUID, list[str]]:
    """What stands of what Fern and Sorrel decided, by case."""
    ours = [find(work, name).id for name in ("Fern", "Sorrel")]
    undone = set(
        work.session.exec(select(Undo.decision_id).where(Undo.undone_at != None))  # noqa: E711
    )
    found: dict[UUID, list[str]] = {}
    for one in work.session.exec(select(Decision)):
        if one.by in ours and one.id not in undone and one.action != "undo":
            found.setdefault(one.case_id, []).append(one.action)
    return found


async def test_ten_mixed_cases_are_cleared_with_the_keyboard_alone(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    kinds = await place.on_database(living)
    assert sorted(kinds.values()) == sorted(KINDS), "the guard: ten cases of every kind wait"
    fern = await come(place, new_page, "Fern")

    for number in range(TEN):
        case_id = await next_person(fern)
        await decide_by_key(fern, kinds[case_id])
        if number == 0:
            await take_back_and_decide_again(fern, kinds[case_id])
            await check_accessible(fern)
    await fern.keyboard.press("n")
    await expect(fern.get_by_text("Nobody is waiting to be handed out.").first).to_be_visible()

    stands = await place.on_database(decided)
    assert set(stands) == set(kinds)
    assert all(len(actions) == 1 for actions in stands.values())
    assert await place.on_database(living) == {}
    assert console_errors == []


async def test_two_moderators_race_for_the_same_ten_and_none_is_decided_twice(
    place: LiveServer, new_page: NewPage
) -> None:
    kinds = await place.on_database(living)
    fern = await come(place, new_page, "Fern")
    sorrel = await come(place, new_page, "Sorrel")
    told = 0

    for _ in range(TEN):
        first = await fern.locator("[data-case]").first.get_attribute("data-case")
        assert first
        await asyncio.gather(open_by_key(fern, first), open_by_key(sorrel, first))
        key = KEYS[kinds[UUID(first)]]
        await asyncio.gather(fern.keyboard.press(key), sorrel.keyboard.press(key))
        winner, loser = await who_has_it(fern, sorrel)
        refusal = loser.get_by_text(re.compile("has this case until|took this case meanwhile"))
        await expect(refusal.first).to_be_visible()
        told += 1
        await loser.keyboard.press("Escape")
        await write_and_send(winner)
        await asyncio.gather(back(fern, first), back(sorrel, first))

    stands = await place.on_database(decided)
    assert told == TEN
    assert {case_id: len(actions) for case_id, actions in stands.items()} == dict.fromkeys(kinds, 1)
    assert await place.on_database(living) == {}


async def test_axes_hand_over_opinion_and_a_wrong_rule_by_key(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    fern = await come(place, new_page, "Fern")
    sorrel = await come(place, new_page, "Sorrel")
    for page in (fern, sorrel):
        await page.get_by_role("button", name="Start my shift").first.press("Enter")
        await expect(page.get_by_text("You are on shift").first).to_be_visible()
    kinds = await place.on_database(living)
    harm_case = next(case_id for case_id, kind in kinds.items() if kind == "harm")
    await fern.goto(f"{place.url}/cases/{harm_case}")
    await expect(fern.get_by_role("heading", name="Two questions")).to_be_visible()

    # The two axes, a digit each; neither touches the other.
    await fern.keyboard.press("3")
    await expect(fern.locator(".head .mark.now")).to_be_visible()
    await fern.keyboard.press("8")
    await expect(fern.get_by_text("Behind a note: A moderator thought").first).to_be_attached()
    await expect(fern.locator(".head .mark.now")).to_be_visible()
    await fern.keyboard.press("u")
    await expect(fern.get_by_text("Behind a note: A moderator thought")).to_have_count(0)

    # A rule that was wrong closes nothing.
    await fern.keyboard.press("f")
    await expect(fern.get_by_text("Noted: this rule was wrong here").last).to_be_visible()

    # A colleague is asked, answers, and the case stays with Fern.
    await fern.keyboard.press("a")
    await fern.get_by_label("Your question").wait_for()
    await pick(fern, "Whom", "Sorrel")
    await fern.get_by_label("Your question").press_sequentially("Is this a quotation?")
    await fern.keyboard.press("Control+Enter")
    await expect(fern.get_by_text("Fern asks Sorrel")).to_be_visible()
    await sorrel.reload()
    await expect(sorrel.get_by_role("heading", name="Asked for you")).to_be_visible()
    await check_accessible(sorrel)
    await sorrel.get_by_role("region", name="Asked for you").get_by_role("link").press("Enter")
    await sorrel.get_by_role("button", name="Say what you think").press("Enter")
    await sorrel.get_by_label("What you think", exact=True).press_sequentially("I read it as one.")
    await sorrel.keyboard.press("Control+Enter")
    await expect(fern.get_by_text("I read it as one.")).to_be_visible()

    # Handed over with a note that stands at the top of the case.
    await fern.keyboard.press("t")
    await fern.get_by_label("What they should know").press_sequentially(
        "They have not answered yet."
    )
    await pick(fern, "To whom", "Sorrel")
    await fern.get_by_label("What they should know").press("Control+Enter")
    await expect(fern.get_by_text("Sorrel has this case until").first).to_be_visible()
    note = sorrel.get_by_role("region", name="A note from a colleague")
    await expect(note.get_by_text("They have not answered yet.")).to_be_visible()
    await check_accessible(fern)
    await check_accessible(sorrel)

    # At the end of a shift, what one still holds goes to a colleague with one note.
    await sorrel.keyboard.press("q")
    await sorrel.wait_for_url("**/queue")
    await sorrel.get_by_role("button", name="End my shift").first.press("Enter")
    dialog = sorrel.get_by_role("dialog", name="You still have one case")
    await expect(dialog).to_be_visible()
    await check_accessible(sorrel)
    await dialog.get_by_label("What they should know").press_sequentially("Write at eleven.")
    await dialog.get_by_role("button", name="Hand over and end").press("Enter")
    await expect(sorrel.get_by_role("button", name="Start my shift")).to_be_visible()
    await expect(fern.get_by_text("Write at eleven.")).to_be_visible()
    await expect(fern.get_by_text("You have this case until")).to_be_visible()
    assert console_errors == []


async def test_a_hidden_message_is_shown_again_by_key(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    fern = await come(place, new_page, "Fern")
    kinds = await place.on_database(living)
    flagged = next(case_id for case_id, kind in kinds.items() if kind == "flag")
    await fern.goto(f"{place.url}/cases/{flagged}")
    await expect(fern.get_by_role("heading", name="Two questions")).to_be_visible()
    await fern.keyboard.press("h")
    await write_and_send(fern)
    hidden = "Hidden by a moderator"
    await expect(fern.get_by_text(hidden).first).to_be_attached()
    await fern.keyboard.press("z")
    await fern.get_by_label("Reason, as its author will read it").press_sequentially("A quotation.")
    await fern.keyboard.press("Control+Enter")
    await expect(fern.get_by_text(hidden)).to_have_count(0)
    await expect(fern.get_by_role("button", name="Show it again")).to_have_count(0)
    assert console_errors == []


async def test_a_steward_words_them_and_a_moderator_starts_from_them(
    place: LiveServer, new_page: NewPage, console_errors: list[str]
) -> None:
    keeper = await new_page(**STILL)
    await log_in(keeper, place, "Keeper")
    await keeper.goto(f"{place.url}/steward/templates")
    await keeper.get_by_label("For which decision").select_option(label="Warn")
    await keeper.get_by_label("Short name").fill("Our own way")
    await keeper.get_by_label("The words").fill("Here we speak about what happened.")
    await keeper.get_by_role("button", name="Add words of your own").press("Enter")
    await expect(keeper.get_by_text("“Our own way” was added.")).to_be_visible()
    await check_accessible(keeper)

    fern = await come(place, new_page, "Fern")
    kinds = await place.on_database(living)
    harm_case = next(case_id for case_id, kind in kinds.items() if kind == "harm")
    await fern.goto(f"{place.url}/cases/{harm_case}")
    await expect(fern.get_by_role("heading", name="Two questions")).to_be_visible()
    await fern.keyboard.press("w")
    await fern.get_by_role("button", name="Our own way").wait_for()
    await fern.keyboard.press("Alt+ArrowDown")
    reason = fern.get_by_label(re.compile("^Reason"))
    await expect(reason).to_have_value("Here we speak about what happened.")
    await expect(reason).to_be_focused()
    await reason.press_sequentially(" Please.")
    await fern.keyboard.press("Alt+ArrowDown")
    await expect(reason).to_have_value("Here we speak about what happened. Please.")
    assert console_errors == []


# --- what a moderator does with the keyboard ---


async def come(place: LiveServer, new_page: NewPage, name: str) -> Page:
    page = await new_page(**STILL)
    page.set_default_timeout(PATIENCE_MS)
    await log_in(page, place, name)
    await page.goto(f"{place.url}/queue")
    await expect(page.locator("[data-case]").first).to_be_visible()
    return page


async def log_in(page: Page, place: LiveServer, name: str) -> None:
    await page.goto(f"{place.url}/log-in")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_role("textbox", name="Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(re.compile("/(rooms|queue|clinic|steward)"))


async def next_person(page: Page) -> UUID:
    """Be handed a case, and see it."""
    before = page.url
    await page.keyboard.press("n")
    await page.wait_for_url(lambda url: "/cases/" in url and url != before)
    await expect(page.get_by_text(re.compile("You have this case until"))).to_be_visible()
    return await opened(page)


async def opened(page: Page) -> UUID:
    await expect(page.get_by_role("heading", name="Why it is here")).to_be_visible()
    return UUID(page.url.rpartition("/")[2])


async def decide_by_key(page: Page, kind: str) -> None:
    await page.keyboard.press("v")  # the words are veiled until they are asked for
    await page.keyboard.press(KEYS[kind])
    await write_and_send(page)


async def write_and_send(page: Page) -> None:
    field = page.locator("form textarea").first
    await expect(field).to_be_focused()
    await page.locator(".starts button").first.wait_for()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(field).not_to_have_value("")
    await page.keyboard.press("End")
    await page.keyboard.type(OWN)
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("heading", name="Done")).to_be_visible()


async def take_back_and_decide_again(page: Page, kind: str) -> None:
    await page.keyboard.press("u")
    await expect(page.get_by_role("heading", name="Done")).to_have_count(0)
    await expect(page.get_by_text(re.compile("You have this case until"))).to_be_visible()
    await decide_by_key(page, kind)


async def open_by_key(page: Page, case_id: str) -> None:
    """Down to the line with j, and in with o, once the list is there: its rows may come after its page."""
    await expect(page.locator(f'[data-case="{case_id}"]')).to_be_visible()
    for _ in range(TEN + 1):
        await page.keyboard.press("j")
        if await page.evaluate(
            "id => document.activeElement?.closest('[data-case]')?.dataset.case === id", case_id
        ):
            break
    await page.keyboard.press("o")
    await page.wait_for_url(f"**/cases/{case_id}")
    await opened(page)


async def who_has_it(fern: Page, sorrel: Page) -> tuple[Page, Page]:
    """The one whose form is open with the claim, and the other."""
    for _ in range(200):
        for winner, loser in ((fern, sorrel), (sorrel, fern)):
            if await winner.get_by_text(re.compile("You have this case until")).count():
                return winner, loser
        await asyncio.sleep(0.1)
    pytest.fail("neither of them got the case")


async def back(page: Page, case_id: str) -> None:
    """To the queue, once it no longer shows this case."""
    await page.keyboard.press("q")
    await page.wait_for_url("**/queue")
    await expect(page.locator(f'[data-case="{case_id}"]')).to_have_count(0)
    await page.evaluate("document.activeElement?.blur()")


async def pick(page: Page, label: str, name: str) -> None:
    """Choose in a list by typing the beginning of what it says."""
    await page.get_by_label(label, exact=True).focus()
    await page.keyboard.type(name)
