"""The rooms without JavaScript, over real HTTP: the same judging, and every word said once."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from fastapi import FastAPI
from playwright.async_api import expect

from moderation.classifier import Assessment
from server.access import Actor, Role
from server.api.plain.rooms import fitting
from server.api.shared_limits import IN_DATABASE
from server.cli.members import add_member
from server.ids import new_code, new_id
from server.limits import Limits
from server.protocol import bodies, frames
from server.services import names, publishing, quiet, seats
from server.services.rooms import make_room
from server.store import beside, messages, people
from server.store import outside as stored_reports
from server.store import rooms as stored_rooms
from server.store.place import get_place
from server.store.work import Work
from tests.browser import NewPage, check_accessible
from tests.server.in_process import serving
from tests.server.plain_reader import Page, PlainReader
from tests.server.readings import DANGER, calm, harsh, severe, warm

Result = TypeVar("Result")
PASSPHRASE = "four quiet river stones"
ROUGH, THREAT, WARM = "you are an idiot", "you will be sorry", "I hear how tired you are"
_MOST_BYTES = 15_000
_PATIENCE_MS = 60_000
"""For a machine that is busy with other things."""
expect.set_options(timeout=_PATIENCE_MS)


def read_by_hand(text: str) -> Assessment:
    if ROUGH in text:
        return harsh().assessment
    if WARM in text:
        return warm().assessment
    return (severe() if THREAT in text else calm()).assessment


@dataclass
class Place:
    """A server with its data beside it."""

    url: str
    app: FastAPI

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        return await asyncio.to_thread(beside.do, self.app.state.parts.settings, verb)

    async def room(self, *seated: str) -> UUID:
        def verb(work: Work) -> UUID:
            room = make_room(work, f"Room {str(new_id())[-6:]}", "For whatever today brought.")
            for name in seated:
                seats.take_seat(work, room.id, _member(work, name))
            return room.id

        return await self.do(verb)

    async def say(self, room: UUID, name: str, text: str) -> UUID:
        return await self.do(lambda work: publishing.say(work, room, _member(work, name), text).id)

    async def enter(self, name: str) -> PlainReader:
        """A member whose browser is logged in."""
        await self.do(lambda work: add_member(work, name, "peer", PASSPHRASE))
        reader = PlainReader(self.url)
        page = await reader.log_in(name, PASSPHRASE)
        assert page.url.endswith("/plain"), page.words
        return reader

    async def count(self, room: UUID) -> int:
        def verb(work: Work) -> int:
            return len(messages.page_before(work, room, None, 100))

        return await self.do(verb)


def _member(work: Work, name: str) -> UUID:
    member = people.find_by_name_key(work, names.name_key(name))
    assert member is not None
    return member.id


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("plain")
    apps: list[FastAPI] = []
    async with serving(folder, read_by_hand, change=apps.append) as url:
        place = Place(url, apps[0])
        await place.do(in_ireland)
        yield place


def in_ireland(work: Work) -> None:
    """So that there are numbers to call."""
    stored = get_place(work)
    stored.country = "IE"
    work.session.add(stored)


_names = iter(f"Ash {number}" for number in range(1, 100))


async def two(place: Place) -> tuple[str, PlainReader, str, PlainReader, UUID]:
    """Two members with their browsers, in a room of their own."""
    one, other = next(_names), next(_names)
    ash, birch = await place.enter(one), await place.enter(other)
    return one, ash, other, birch, await place.room(one, other)


def composer(page: Page) -> Any:
    return page.form("messages")


async def test_somebody_logs_in_reads_and_posts_and_others_see_it(place: Place) -> None:
    _, ash, other, birch, room = await two(place)
    await place.say(room, other, "good evening <b>all</b>")
    page = await ash.get(f"/plain/rooms/{room}")
    assert "good evening <b>all</b>" in page.words, "words are text, never markup"
    assert "&lt;b&gt;" in page.html
    sent = await ash.send(composer(page), text="today was hard\r\nvery", ask="yes")
    assert sent.status == 200
    assert f"/plain/rooms/{room}" in sent.url
    theirs = await birch.get(f"/plain/rooms/{room}")
    assert "today was hard very" in theirs.words
    assert "An ask" in theirs.words


async def test_a_form_sent_twice_is_said_once(place: Place) -> None:
    _, ash, *_, room = await two(place)
    form = composer(await ash.get(f"/plain/rooms/{room}"))
    await asyncio.gather(*(ash.send(form, text="only once") for _ in range(4)))
    await ash.send(form, text="only once")
    assert await place.count(room) == 1
    again = await ash.send(form, text="other words")
    assert again.status == 422
    assert "other words" in again.forms[0].fields["text"]
    assert again.forms[0].fields["client_id"] != form.fields["client_id"]
    await ash.send(again.forms[0])
    assert await place.count(room) == 2


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", None])
async def test_a_form_from_elsewhere_changes_nothing(place: Place, origin: str | None) -> None:
    _, ash, *_, room = await two(place)
    form = composer(await ash.get(f"/plain/rooms/{room}"))
    refused = await ash.send(form, origin, text="not mine")
    assert refused.status == 403
    assert "not mine" not in refused.html, "a page from elsewhere gets nothing repeated"
    assert await place.count(room) == 0
    assert (await ash.send(form, text="mine")).status == 200, "the guard: the form was good"


@pytest.mark.parametrize("token", ["", "of another", "é"])
async def test_a_form_without_its_sessions_token_is_refused_and_keeps_the_words(
    place: Place, token: str
) -> None:
    _, ash, _, birch, room = await two(place)
    if token == "of another":
        token = composer(await birch.get(f"/plain/rooms/{room}")).fields["token"]
    form = composer(await ash.get(f"/plain/rooms/{room}"))
    refused = await ash.send(form, token=token, text="these were long to write")
    assert refused.status == 403
    assert "these were long to write" in refused.html
    assert await place.count(room) == 0


async def test_who_was_logged_out_keeps_their_words_and_a_way_to_help(place: Place) -> None:
    _, ash, *_, room = await two(place)
    form = composer(await ash.get(f"/plain/rooms/{room}"))
    out = await ash.send((await ash.get("/plain")).form("log-out"))
    assert out.url.endswith("/plain/log-in")
    refused = await ash.send(form, text=DANGER)
    assert refused.status == 401
    assert DANGER in refused.html
    assert "You matter here" in refused.words
    assert (await ash.get(f"/plain/rooms/{room}")).url.endswith("/plain/log-in")


async def test_who_has_no_seat_reads_nothing_and_a_private_room_is_not_there(place: Place) -> None:
    one, _, other, _, room = await two(place)
    message = await place.say(room, other, "for those who sit here")
    cedar = await place.enter(next(_names))
    outside = await cedar.get(f"/plain/rooms/{room}")
    assert "Join to read" in outside.words
    assert "for those who sit here" not in outside.html
    for path in ("", "/edit", "/withdraw", "/flag"):
        page = await cedar.get(f"/plain/rooms/{room}/messages/{message}{path}")
        assert (page.status, "for those" in page.html) == (404, False)
    forms = outside.form("seat")
    form = type(forms)(f"/plain/rooms/{room}/messages", forms.fields | {"client_id": str(new_id())})
    assert (await cedar.send(form, text="let me in")).status == 422
    assert await place.count(room) == 1
    assert (await cedar.get(f"/plain/rooms/{new_id()}")).status == 404
    assert (await cedar.get("/plain/rooms/no-such")).status == 404
    inside = await cedar.send(forms)
    assert "for those who sit here" in inside.words
    assert one


async def test_danger_is_never_nudged_and_help_is_shown_at_once(place: Place) -> None:
    _, ash, other, _, room = await two(place)
    asked = await place.say(room, other, "how are you?")
    form = (await ash.get(f"/plain/rooms/{room}/messages/{asked}")).form("messages")
    for _ in range(2):  # a reload gets help again, and says it once
        page = await ash.send(form, text=f"{DANGER}, {ROUGH}")
        assert "You are not alone with this" in page.words
        assert "in the room" in page.words
        assert any(href.startswith("tel:") for href, _ in page.links)
        assert page.size_bytes < _MOST_BYTES
    assert await place.count(room) == 2


async def test_danger_in_words_that_are_refused_is_heard_and_opens_a_line(place: Place) -> None:
    name, ash, *_, room = await two(place)

    def pause(work: Work) -> None:
        seat = stored_rooms.find_seat(work, room, _member(work, name))
        assert seat is not None
        seat.paused_until = work.now + timedelta(hours=1)
        work.session.add(seat)

    await place.do(pause)
    form = composer(await ash.get(f"/plain/rooms/{room}"))
    page = await ash.send(form, text=DANGER)
    assert "Not sent" in page.words
    assert "You are not alone with this" in page.words
    line = page.link("Talk with a moderator")
    talk = await ash.get(line)
    assert (await ash.send(composer(talk), text="are you there?")).status == 200
    long = await ash.send(form, text=DANGER + " and so on" * 500)
    assert (long.status, "You are not alone" in long.words) == (422, True)


async def test_a_nudge_is_a_page_with_three_ways_on(place: Place) -> None:
    _, ash, other, birch, room = await two(place)
    asked = await place.say(room, other, "nobody listens")

    async def nudged() -> Page:
        form = (await ash.get(f"/plain/rooms/{room}/messages/{asked}")).form("messages")
        page = await ash.send(form, text=ROUGH)
        assert "Before this goes out" in page.words
        return page

    await ash.send((await nudged()).form("Discard"))
    assert await place.count(room) == 1
    page = await nudged()
    assert ROUGH not in (await birch.get(f"/plain/rooms/{room}")).words
    await ash.send(page.form("Send these words"), text="that sounds lonely")
    await ash.send((await nudged()).form("Send as it is"))
    theirs = (await birch.get(f"/plain/rooms/{room}")).words
    assert "that sounds lonely" in theirs
    assert ROUGH in theirs
    assert theirs.count("In reply to") == 2
    assert await place.count(room) == 3


async def test_what_is_held_is_seen_by_its_author_alone_and_can_be_appealed(place: Place) -> None:
    _, ash, _, birch, room = await two(place)
    page = await ash.send(composer(await ash.get(f"/plain/rooms/{room}")), text=THREAT)
    assert "Waiting for a moderator" in page.words
    assert THREAT in (await ash.get(f"/plain/rooms/{room}")).words
    assert THREAT not in (await birch.get(f"/plain/rooms/{room}")).html
    form = (await ash.get(page.link("Ask another person"))).form("appeal")
    told = await ash.send(form, words="I meant it otherwise.")
    assert "You asked for another look" in told.words
    unread = told.form("I have read it")
    await ash.send(unread)


async def test_one_changes_takes_back_and_is_told_only_of_ones_own(place: Place) -> None:
    name, ash, _, birch, room = await two(place)
    message = await place.say(room, name, "the first words")
    at = f"/plain/rooms/{room}/messages/{message}"
    form = (await ash.get(f"{at}/edit")).form("edit")
    assert form.fields["text"] == "the first words"
    assert (await birch.send(form, text="not mine")).status == 403
    for act in ("edit", "withdraw"):
        assert (await birch.get(f"{at}/{act}")).status == 404
    theirs = (await birch.get(at)).form("messages").fields["token"]
    assert (await birch.send(form, token=theirs, text="not mine")).status == 422
    changed = await ash.send(form, text="better words")
    assert "better words" in changed.words
    assert "changed" in changed.words
    await ash.send((await ash.get(f"{at}/withdraw")).form("withdraw"))
    gone = await birch.get(f"/plain/rooms/{room}")
    assert "taken back" in gone.words
    assert "better words" not in gone.html


async def test_hidden_words_are_on_no_page(place: Place) -> None:
    _, ash, other, _, room = await two(place)
    message = await place.say(room, other, "words to be hidden")

    def hide(work: Work) -> None:
        stored = messages.find_message(work, room, message)
        assert stored is not None
        publishing.hide(work, stored)

    await place.do(hide)
    for path in (f"/plain/rooms/{room}", f"/plain/rooms/{room}/messages/{message}"):
        page = await ash.get(path)
        assert "out of sight" in page.words
        assert "words to be hidden" not in page.html


async def test_a_report_reaches_the_moderators_and_is_answered(place: Place) -> None:
    _, ash, other, _, room = await two(place)
    message = await place.say(room, other, "something odd")
    page = await ash.get(f"/plain/rooms/{room}/messages/{message}/flag")
    assert page.form("flag").fields["reason"] == "not_sure"
    assert "Thank you" in (await ash.send(page.form("flag"), reason="worried")).words
    assert "A moderator will look" in (await ash.get("/plain/notices")).words
    assert (await ash.send(page.form("flag"), reason="no such")).status == 422


async def test_the_asker_says_privately_whether_a_reply_was_heard(place: Place) -> None:
    _, ash, other, _, room = await two(place)
    await ash.send(composer(await ash.get(f"/plain/rooms/{room}")), text="who knows this?")

    def reply(work: Work) -> UUID:
        asked = messages.page_before(work, room, None, 1)[0]
        said = publishing.say(work, room, _member(work, other), "I do")
        said.reply_to = asked.id
        work.session.add(said)
        return said.id

    answer = await place.do(reply)
    page = await ash.get(f"/plain/rooms/{room}/messages/{answer}")
    done = await ash.send(page.form("heard"), answer="heard")
    assert "You felt heard" in done.words


async def test_a_warm_reply_may_be_praised(place: Place) -> None:
    _, ash, other, _, room = await two(place)
    asked = await place.say(room, other, "I am so tired of it all today")
    form = (await ash.get(f"/plain/rooms/{room}/messages/{asked}")).form("messages")
    chosen = {"client_id": str(UUID(int=new_id().int // 4 * 4)), "text": WARM}
    assert "Only you can see this" in (await ash.send(form, **chosen)).words


async def test_earlier_and_later_pages_leave_nothing_out(place: Place) -> None:
    name, ash, *_, room = await two(place)

    def fill(work: Work) -> None:
        for number in range(70):
            publishing.say(work, room, _member(work, name), f"number {number:02}. " + "x" * 200)

    await place.do(fill)
    page = await ash.get(f"/plain/rooms/{room}")
    seen: list[str] = []
    back: list[Page] = [page]
    while any("Earlier" in words for _, words in back[-1].links):
        back.append(await ash.get(back[-1].link("Earlier")))
    for one in reversed(back):
        seen += re.findall(r"number (\d\d)", one.words)
    assert seen == [f"{number:02}" for number in range(70)]
    assert max(one.size_bytes for one in back) < _MOST_BYTES
    forth = [back[-1]]
    while any("Later" in words for _, words in forth[-1].links):
        forth.append(await ash.get(forth[-1].link("Later")))
    assert "number 69" in forth[-1].words
    found = {number for one in forth for number in re.findall(r"number (\d\d)", one.words)}
    assert len(found) == 70


async def test_pages_stay_small_whatever_is_said(place: Place) -> None:
    name, ash, *_, room = await two(place)
    letters = ("<&>" * 1_300, "\u2603" * 4_000, '"quoted" ' * 400)

    def fill(work: Work) -> None:
        for number in range(30):
            publishing.say(work, room, _member(work, name), letters[number % 3])

    await place.do(fill)
    page = await ash.get(f"/plain/rooms/{room}")
    assert page.size_bytes < _MOST_BYTES
    assert (await ash.get(page.link("Read all of it"))).status == 200


def test_at_least_one_message_fits_a_page() -> None:
    author = frames.Author(id=new_id(), name="Ash", role="peer")
    at = read_at()
    long = [
        bodies.HistoryMessage(
            seq=seq, id=new_id(), author=author, author_kind="person", state="published",
            text="&" * 4_000, at=at,
        )
        for seq in range(5)
    ]  # fmt: skip
    assert fitting(long)[-1].seq == 4
    assert fitting(long, oldest_first=True)[0].seq == 0
    assert 1 <= len(fitting(long)) < 5


def read_at() -> Any:
    return frames.Posted.model_validate_json(
        f'{{"room":"{new_id()}","client_id":"{new_id()}","seq":1,"id":"{new_id()}",'
        '"at":"2026-11-16T09:00:00Z"}'
    ).at


async def test_no_page_runs_a_script_but_that_of_leaving_or_leads_elsewhere_for_anything(
    place: Place,
) -> None:
    _, ash, *_, room = await two(place)
    ours = '<script src="/leave.js" defer data-title="Notes"></script>'
    for path in ("/plain", f"/plain/rooms/{room}", "/plain/notices", "/plain/log-in", "/plain/no"):
        page = await ash.get(path)
        assert page.html.count(ours) == (path != "/plain/no")
        assert "<script" not in page.html.replace(ours, "")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy or path == "/plain/no"
        if path != "/plain/no":
            assert page.links[0] == ("/crisis", "In crisis? Get help now"), "the first on each page"
            assert page.size_bytes < _MOST_BYTES


async def test_a_wrong_passphrase_says_no_more_than_it_must(place: Place) -> None:
    name = next(_names)
    await place.enter(name)
    pages = [
        await PlainReader(place.url).log_in(who, "not the one") for who in (name, "Nobody Here")
    ]
    assert [page.status for page in pages] == [401, 401]
    assert len({page.words.replace(name, "") for page in pages}) == 1
    assert (await PlainReader(place.url).log_in("", "")).status == 422


async def test_a_device_may_open_the_plain_pages_first(place: Place) -> None:
    ash = await place.enter(next(_names))
    first = (await ash.get("/plain")).form("Always open")
    await ash.send(first, first="yes")
    assert (await ash.get("/")).url.endswith("/plain")
    await ash.send(first, first="no")
    assert not (await ash.get("/")).url.endswith("/plain")


async def test_anybody_reports_something_and_reads_under_a_code_what_came_of_it(
    place: Place,
) -> None:
    name = next(_names)
    await place.do(lambda work: add_member(work, name, "peer", PASSPHRASE))
    room = await place.room(name)
    said = await place.say(room, name, "You can buy it at this address.")
    stranger = PlainReader(place.url)
    asked = await stranger.get((await stranger.get("/plain/log-in")).link("Report something"))
    assert any(href.startswith("tel:") for href, _ in asked.links), "whom to call comes first"
    form = asked.form("report")
    where = f"{place.url}/rooms/{room}/messages/{said}"
    fields = {"kind": "other", "where": where, "words": "It may not be sold.", "good_faith": "yes"}
    for origin in (None, "https://elsewhere.example.org"):
        assert (await stranger.send(form, origin, **fields)).status == 403
    lacking = await stranger.send(form, **(fields | {"kind": "nothing"}))
    assert (lacking.status, lacking.form("report").fields["words"]) == (422, "It may not be sold.")
    assert "choose what it is" in lacking.words

    sent = await stranger.send(lacking.form("report"), **fields)
    code = form.fields["code"]
    assert (sent.status, code in sent.words) == (200, True)
    assert sent.headers["cache-control"] == "no-store"
    again = await stranger.send(form, **fields)
    assert code in again.words

    def reports(work: Work) -> list[bool]:
        return [one.case_id is not None for one in stored_reports.newest(work, 10)]

    assert await place.do(reports) == [True], "sent twice, kept once, and with the moderators"
    status = await stranger.send(sent.form("status"))
    assert "Nobody has looked yet" in status.words
    complained = await stranger.send(status.form("complain"), words="Please hurry.")
    assert "Somebody will answer here" in complained.words
    ask = await stranger.get("/report/status")
    wrong = [
        await stranger.send(ask.form("status"), code=tried)
        for tried in (new_code(), code[:-1], "", "\x00")
    ]
    assert {(page.status, page.words) for page in wrong} == {(422, wrong[0].words)}
    german = await stranger.get("/report?language=de")
    assert 'lang="de"' in german.html


async def test_reports_from_one_network_have_a_limit_and_nobodys_words_are_lost(
    place: Place,
) -> None:
    stranger, parts = PlainReader(place.url), place.app.state.parts
    form = (await stranger.get("/report")).form("report")
    fields = {"kind": "other", "where": "Here", "good_faith": "yes"}
    place.app.state.parts = replace(parts, limits=Limits("normal"))
    try:
        sent = [await stranger.send(form, words=f"Number {n}", **fields) for n in range(11)]
        assert [page.status for page in sent] == [200] * 10 + [429]
        assert "Number 10" in sent[-1].words
        looks = await stranger.get("/report/status")
        for _ in range(60):
            place.app.state.parts.limits.hit("outside_look", _network(place))
        assert (await stranger.send(looks.form("status"), code=new_code())).status == 429
    finally:
        place.app.state.parts = parts
    assert {"outside", "outside_look"} <= IN_DATABASE, "with several workers, it fails closed"


def _network(place: Place) -> str:
    limits: Limits = place.app.state.parts.limits
    return limits.address_key("127.0.0.1")


async def test_a_room_is_read_and_written_in_with_javascript_off(
    place: Place, new_page: NewPage, console_errors: list[str]
) -> None:
    name, other = next(_names), next(_names)
    for who in (name, other):
        await place.do(lambda work, who=who: add_member(work, who, "peer", PASSPHRASE))  # type: ignore[misc]
    room = await place.room(name, other)
    await place.say(room, other, "nobody listens")
    page = await new_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page.set_default_timeout(_PATIENCE_MS)
    await page.goto(f"{place.url}/plain")
    await page.get_by_label("Your name here").fill(name)
    await page.get_by_label("Passphrase").fill(PASSPHRASE)
    await page.get_by_role("button", name="Log in").click()
    await page.locator(".rooms a").first.click()
    await page.get_by_role("link", name="Reply or report").first.click()
    await page.get_by_label("Your reply").fill(ROUGH)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", name="Before this goes out")).to_be_visible()
    await page.get_by_label("Your words").fill("I do.\nTell me more.")
    await page.get_by_role("button", name="Send these words").click()
    await expect(page.get_by_text("Tell me more.")).to_be_visible()
    await page.get_by_label("Your message").fill(DANGER)
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("heading", name="You are not alone with this")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="You are not alone with this")).to_be_visible()
    assert await place.count(room) == 3
    assert console_errors == []


async def test_axe_finds_nothing_on_the_plain_pages(place: Place, new_page: NewPage) -> None:
    name = next(_names)
    await place.do(lambda work: add_member(work, name, "peer", PASSPHRASE))
    room = await place.room(name)
    message = await place.say(room, name, "a first word")
    for scheme in ("light", "dark"):
        page = await new_page(color_scheme=scheme, viewport={"width": 320, "height": 640})
        await page.goto(f"{place.url}/plain/log-in")
        await check_accessible(page)
        await page.get_by_label("Your name here").fill(name)
        await page.get_by_label("Passphrase").fill(PASSPHRASE)
        await page.get_by_role("button", name="Log in").click()
        for path in ("", f"/rooms/{room}", f"/rooms/{room}/messages/{message}", "/notices"):
            await page.goto(f"{place.url}/plain{path}")
            await check_accessible(page)
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 320, path


async def test_whom_one_does_not_hear_is_folded_away_and_whom_one_blocked_cannot_answer(
    place: Place,
) -> None:
    name, ash, other, birch, room = await two(place)
    theirs = await place.say(room, other, "loud words")
    mine = await place.say(room, name, "I could not eat today")

    def choose(work: Work) -> None:
        actor = Actor(_member(work, name), name, Role.PEER, new_id())
        quiet.put_person(work, actor, _member(work, other), blocked=True)

    def mind(work: Work) -> None:
        actor = Actor(_member(work, other), other, Role.PEER, new_id())
        quiet.add_topic(work, actor, "Eat")

    assert "Someone you muted" not in (await ash.get(f"/plain/rooms/{room}")).words
    await place.do(choose)
    await place.do(mind)
    page = await ash.get(f"/plain/rooms/{room}")
    assert page.html.index("Someone you muted") < page.html.index("loud words")
    assert "A topic you muted" not in page.words, "one's own words are never folded"
    assert "A topic you muted" in (await birch.get(f"/plain/rooms/{room}")).words
    form = (await birch.get(f"/plain/rooms/{room}/messages/{mine}")).form("messages")
    refused = await birch.send(form, text="but I say")
    assert "takes no answers" in refused.words
    assert "block" not in refused.words
    answer = (await ash.get(f"/plain/rooms/{room}/messages/{theirs}")).form("messages")
    assert (await ash.send(answer, text="I may")).status == 200
