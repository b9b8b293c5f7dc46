"""How members like these pages; a break after much answering, asks that are passed on, words left out."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args
from uuid import UUID

import pytest

from server.access import Actor
from server.errors import NotFound
from server.protocol import comfort as bodies
from server.services import balance, comfort, leaving_out, quiet, rooms, seats
from server.store import comfort as stored
from server.store import erasing
from server.store.tables import MemberComfort
from tests.server.readings import DANGER, calm
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, post, say
from tests.server.test_threads import asked, replied, waiting

ROOT = Path(__file__).parents[2]


async def change(house: House, actor: Actor, **patch: Any) -> bodies.Comfort:
    body = bodies.ComfortPatch(**patch)
    return await house.do(lambda work: comfort.change_comfort(work, actor, body))


async def read(house: House, actor: Actor) -> bodies.Comfort:
    return await house.do(lambda work: comfort.read_comfort(work, actor))


def chose(
    topic: bodies.Topic, choice: Literal["fold", "show", "mute"] = "mute"
) -> bodies.TopicChoice:
    return bodies.TopicChoice(topic=topic, choice=choice)


async def test_what_a_member_chose_is_kept_and_what_a_patch_leaves_out_stays(
    any_house: House,
) -> None:
    ash, birch, _ = await kitchen(any_house)
    assert await read(any_house, ash) == bodies.Comfort()
    await change(any_house, ash, plain=True, topics=[chose("loss"), chose("loss", "show")])
    await change(any_house, ash, calm=True, language="ar")
    kept = await read(any_house, ash)
    assert (kept.plain, kept.calm, kept.language) == (True, True, "ar")
    assert kept.topics == [chose("loss", "show")], "of a topic named twice the last counts"
    assert await read(any_house, birch) == bodies.Comfort(), "nobody else's"


async def test_what_somebody_folds_away_is_sealed(house: House) -> None:
    ash, _, _ = await kitchen(house)
    await change(house, ash, topics=[chose("self_harm")])

    def bytes_of(work: Any) -> bytes:
        row = stored.find(work, ash.id)
        assert row is not None
        return row.sealed

    assert b"self_harm" not in await house.do(bytes_of)
    assert MemberComfort.__tablename__ in erasing.DELETED


async def balanced(house: House, actor: Actor) -> bodies.Balance:
    return await house.do(lambda work: balance.read_balance(work, actor))


async def answer_often(house: House, helper: Actor, room: Any, ask: UUID, count: int) -> None:
    for number in range(count):
        await replied(house, helper, room, ask, f"reply {number}")


async def test_a_break_is_offered_after_a_heavy_stretch_and_not_for_talking(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    ask = await asked(any_house, ash, room)
    own = await asked(any_house, birch, room, "mine")
    await answer_often(any_house, birch, room, ask, balance.HEAVY_REPLIES - 1)
    await answer_often(any_house, birch, room, own, 3)
    await say(any_house, birch, post(room, "just talking"))
    before = await balanced(any_house, birch)
    assert (before.replies, before.heavy) == (balance.HEAVY_REPLIES - 1, False)
    await replied(any_house, birch, room, ask, "one more")
    after = await balanced(any_house, birch)
    assert after.heavy
    assert [each.message.id for each in after.asks] == [ask]
    assert not (await balanced(any_house, ash)).heavy, "nobody else's"
    any_house.clock.move(hours=2, minutes=1)
    assert not (await balanced(any_house, birch)).heavy


async def three(house: House) -> tuple[Actor, Actor, Any, Actor]:
    ash, birch, room = await kitchen(house)
    cedar = await house.join("Cedar")
    await house.do(lambda work: seats.take_seat(work, room, cedar.id))
    return ash, birch, room, cedar


async def pass_on(house: House, actor: Actor, room: Any, ask: UUID) -> bodies.Balance:
    return await house.do(lambda work: balance.pass_on(work, actor, room, ask))


async def test_an_ask_that_is_passed_on_waits_for_others_until_one_answers(
    any_house: House,
) -> None:
    ash, birch, room, cedar = await three(any_house)
    ask = await asked(any_house, ash, room)
    await replied(any_house, birch, room, ask)
    assert await waiting(any_house, cedar) == []
    any_house.clock.move(minutes=1)
    found = await pass_on(any_house, birch, room, ask)
    assert [each.passed_on for each in found.asks] == [True]
    assert await waiting(any_house, cedar) == [ask]
    assert await waiting(any_house, birch) == [], "who passed it on is not asked again"
    await any_house.do(lambda work: balance.take_up(work, birch, room, ask))
    assert await waiting(any_house, cedar) == []
    await pass_on(any_house, birch, room, ask)
    any_house.clock.move(minutes=1)
    await replied(any_house, cedar, room, ask)
    assert await waiting(any_house, cedar) == []


async def test_only_what_one_answered_can_be_passed_on(any_house: House) -> None:
    ash, birch, room, cedar = await three(any_house)
    ask = await asked(any_house, ash, room)
    await replied(any_house, birch, room, ask)
    await pass_on(any_house, cedar, room, ask)
    assert await waiting(any_house, cedar) == []
    outside = await any_house.join("Dill")
    with pytest.raises(NotFound):
        await pass_on(any_house, outside, room, ask)


METHOD = "they say the cleanest way to die is on every page of it"


async def offered(house: House, actor: Actor, room: Any, message: UUID) -> list[tuple[int, int]]:
    found = await house.do(lambda work: leaving_out.find_words(work, actor, room, message))
    return [(span.start, span.end) for span in found.spans]


async def test_words_about_means_are_marked_for_their_author_alone(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    reading = calm(METHOD)
    assert any(not hit.danger for hit in reading.hits), "the lexicon knows this"
    message = (await say(any_house, ash, post(room, METHOD), reading))[0].id
    spans = await offered(any_house, ash, room, message)
    assert spans
    assert all(0 <= start < end <= len(METHOD) for start, end in spans)
    assert await offered(any_house, birch, room, message) == [], "nobody else's"
    plain = (await say(any_house, ash, post(room, "the sun is out")))[0].id
    assert await offered(any_house, ash, room, plain) == []


async def test_who_may_be_in_danger_is_offered_nothing_to_leave_out(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    told = await say(any_house, ash, post(room, f"{DANGER}, {METHOD}"))
    message = next(frame for frame in told if frame.type == "posted").id
    assert await offered(any_house, ash, room, message) == []


async def test_what_is_asked_for_must_be_in_the_room(house: House) -> None:
    ash, _, room = await kitchen(house)
    elsewhere = await house.room("Elsewhere", (ash, "member"))
    message = (await say(house, ash, post(room, "here")))[0].id
    with pytest.raises(NotFound):
        await offered(house, ash, elsewhere, message)


def test_the_server_and_the_web_know_the_same_topics() -> None:
    web = json.loads((ROOT / "web/src/lib/compose/topics.json").read_text(encoding="utf-8"))
    here = tomllib.loads((ROOT / "server/services/topics.toml").read_text(encoding="utf-8"))
    assert {code: list(names.values()) for code, names in web.items()} == here["names"]
    assert set(web) == set(get_args(bodies.Topic))
    script = (ROOT / "web/src/lib/compose/topics.ts").read_text(encoding="utf-8")
    for code, sentences in here["placed"].items():
        assert all(f"'{sentence}': '{code}'" in script for sentence in sentences)


async def test_a_muted_topic_is_folded_away_on_the_plain_pages_in_any_language(
    house: House,
) -> None:
    ash, birch, room = await kitchen(house)
    await say(house, ash, post(room, "about my brother", content_note="Verlust · mein Bruder"))
    await say(house, ash, post(room, "about the rain", content_note="the rain"))
    await change(house, birch, topics=[chose("loss")])
    page = await house.do(lambda work: rooms.history(work, birch, room, None))
    unheard = await house.do(lambda work: quiet.unheard(work, birch))
    assert [unheard.why(message) for message in page.messages] == ["topic", None]
