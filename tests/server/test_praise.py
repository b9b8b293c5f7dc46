"""A warm reply is praised to its author alone, now and then; cold ones are asked for what is missing."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from moderation.classifier import Assessment
from moderation.nudges import praise
from server.access import Actor
from server.client import Client, Http
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import conversations, editing
from server.services.reading import Reading
from server.store import people
from server.store.work import ToMember, ToRoom
from tests.server.in_process import serving
from tests.server.readings import calm, cold, contact, harsh, late, severe, warm
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, post, say, types

GRIEF = "My dog died last night and I cannot stop crying"
CHOSEN, NOT_CHOSEN = UUID(int=4 << 64), UUID(int=(4 << 64) + 1)


async def asked(house: House, actor: Actor, room: Any, text: str = GRIEF, **more: Any) -> UUID:
    return (await say(house, actor, post(room, text, **more)))[0].id  # type: ignore[no-any-return]


async def reply(
    house: House, actor: Actor, room: Any, to: UUID, read: Reading, **more: Any
) -> list[Any]:
    draft = {"client_id": CHOSEN, "reply_to": to} | more
    return await say(house, actor, post(room, "I hear how much you miss him", **draft), read)


async def test_a_warm_reply_is_praised_to_its_author_alone(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    answers = await reply(any_house, birch, room, await asked(any_house, ash, room), warm())
    assert types(answers) == ["posted", "praise"]
    assert (answers[1].room, answers[1].client_id) == (room, CHOSEN)
    assert answers[1].words == praise("warm", CHOSEN.int // 4)
    told = [a.frame for a in any_house.told if isinstance(a, ToRoom | ToMember)]
    assert not any(isinstance(frame, frames.Praise) for frame in told)


async def test_praise_comes_for_one_in_four_and_for_the_same_one_each_time(house: House) -> None:
    ash, birch, room = await kitchen(house)
    to = await asked(house, ash, room)
    praised = []
    for number in range(8):
        client_id = UUID(int=CHOSEN.int + number)
        answers = await reply(house, birch, room, to, warm(), client_id=client_id)
        praised += [number] if "praise" in types(answers) else []
    assert praised == [0, 4]


async def test_a_repeated_reply_is_not_praised_again(house: House) -> None:
    ash, birch, room = await kitchen(house)
    to = await asked(house, ash, room)
    assert types(await reply(house, birch, room, to, warm())) == ["posted", "praise"]
    assert types(await reply(house, birch, room, to, warm())) == ["posted"]


DANGER = Reading(warm().assessment, calm("I am going to kill myself tonight").hits)


@pytest.mark.parametrize(
    ("read", "more", "answered"),
    [
        (warm(), {"client_id": NOT_CHOSEN}, ["posted"]),
        (warm(), {"insist": True}, ["posted"]),
        (warm(), {"reply_to": None}, ["posted"]),
        (warm(toxicity=0.97, insult=0.95), {}, ["nudge"]),
        (severe(), {}, ["held"]),
        (DANGER, {}, ["posted", "support"]),
        (late(), {}, ["posted"]),
        (calm(), {}, ["posted"]),
    ],
    ids=[
        "not its turn",
        "sent as it is",
        "no reply",
        "nudged",
        "held",
        "in danger",
        "unread",
        "plain",
    ],
)
async def test_nobody_is_praised_where_something_else_is_said_or_nothing_is_sure(
    house: House, read: Reading, more: dict[str, Any], answered: list[str]
) -> None:
    ash, birch, room = await kitchen(house)
    to = await asked(house, ash, room)
    assert types(await reply(house, birch, room, to, read, **more)) == answered


async def test_who_switched_the_words_off_hears_no_praise(house: House) -> None:
    ash, birch, room = await kitchen(house)
    to = await asked(house, ash, room)

    def switch_off(work: Any) -> None:
        member = people.find_member(work, birch.id)
        assert member is not None
        member.tone_nudges = False
        work.session.add(member)

    await house.do(switch_off)
    assert types(await reply(house, birch, room, to, warm())) == ["posted"]
    assert types(await reply(house, birch, room, to, cold(), client_id=new_id())) == ["posted"]


async def test_an_edit_is_never_praised(house: House) -> None:
    ash, birch, room = await kitchen(house)
    to = await asked(house, ash, room)
    message = (await reply(house, birch, room, to, calm()))[0]
    frame = frames.Edit(
        type="edit", room=room, client_id=UUID(int=CHOSEN.int + 4), message=message.id, text="Oh no"
    )
    answers = await house.do(lambda work: editing.edit(work, birch, frame, warm()))
    assert types(answers) == ["posted"]


async def test_nobody_is_told_how_to_answer_themselves(house: House) -> None:
    ash, _, room = await kitchen(house)
    to = await asked(house, ash, room)
    for read in (warm(), cold(), Reading(_dismissive(), ())):
        assert types(await reply(house, ash, room, to, read, client_id=_next())) == ["posted"]
    answers = await reply(house, ash, room, to, harsh(), client_id=_next())
    assert types(answers) == ["nudge"], "harsh toward another stays"


@pytest.mark.parametrize(
    ("text", "more", "answered"),
    [
        (GRIEF, {}, "nudge"),
        ("ok thanks", {}, "posted"),
        ("Anyone up?", {"ask": True}, "nudge"),
        ("I want to die", {}, "nudge"),
    ],
)
async def test_a_reply_is_asked_for_what_is_missing_only_where_there_is_something_to_answer(
    any_house: House, text: str, more: dict[str, Any], answered: str
) -> None:
    ash, birch, room = await kitchen(any_house)
    to = await asked(any_house, ash, room, text, **more)
    answers = await reply(any_house, birch, room, to, cold())
    assert types(answers) == [answered]
    if answered == "nudge":
        assert answers[0].reasons == ["no_feeling"]


async def test_contact_details_are_pointed_out_in_a_room_and_not_in_a_private_conversation(
    house: House,
) -> None:
    ash, _, room = await kitchen(house)
    nudged = (await say(house, ash, post(room, "call me on 555 0199"), contact()))[0]
    assert nudged.reasons == ["contact"]
    line = await house.do(lambda work: conversations.open_line(work, ash.id, room).id)
    private = await say(house, ash, post(line, "call me on 555 0199"), contact())
    assert types(private) == ["posted"]


def _dismissive() -> Assessment:
    return Assessment(True, "test", "en", {"dismissive": 0.95})


def _next() -> UUID:
    """A draft whose turn it would be."""
    return UUID(int=new_id().int // 4 * 4)


# --- over real sockets ---


def reads(text: str) -> Assessment:
    return warm().assessment if "hear" in text else calm().assessment


async def seated(url: str, name: str) -> tuple[str, UUID]:
    entered = await Http(url).sign_up(name)
    assert entered.token
    http = Http(url, entered.token)
    room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await http.take_seat(room)
    return entered.token, room


async def test_praise_reaches_its_author_and_nobody_else(tmp_path: Path) -> None:
    async with serving(tmp_path, reads) as url:
        willow, room = await seated(url, "Willow")
        juniper, _ = await seated(url, "Juniper")
        to_willow: list[frames.ServerFrame] = []
        to_juniper: list[frames.ServerFrame] = []
        async with (
            Client(url, willow, hear=to_willow.append) as one,
            Client(url, juniper, hear=to_juniper.append) as two,
        ):
            await one.join(room)
            await two.join(room)
            first = await one.post(room, GRIEF)
            assert isinstance(first, frames.Posted)
            answer = await two.post(
                room, "I hear how much you miss him", client_id=CHOSEN, reply_to=first.id
            )
            assert isinstance(answer, frames.Posted)
            await one.post(room, "thank you")
            async with asyncio.timeout(30):
                while min(len(texts(to_willow)), len(texts(to_juniper))) < 3:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
    heard = [frame for frame in to_juniper if isinstance(frame, frames.Praise)]
    assert [(frame.client_id, frame.words) for frame in heard] == [
        (CHOSEN, praise("warm", CHOSEN.int // 4))
    ]
    assert not any(isinstance(frame, frames.Praise) for frame in to_willow)


def texts(heard: list[frames.ServerFrame]) -> list[str]:
    return [frame.text for frame in heard if isinstance(frame, frames.Message)]


async def test_a_place_says_what_reads_which_language(tmp_path: Path) -> None:
    async with serving(tmp_path, reads) as url:
        place = await Http(url).read("/api/place", bodies.Place)
    assert [row.language for row in place.coverage] == ["en", "de", "es", "fr", "ar", "other"]
    assert {row.model for row in place.coverage} == {"Does not read it"}, "it runs the lexicon only"
