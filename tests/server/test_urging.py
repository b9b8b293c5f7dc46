"""A reply that urges on somebody in danger is held; the same words elsewhere are everyday words."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.access import Role
from server.protocol import frames
from server.services import editing, leaving_out, replaying
from server.store import cases
from server.store.assessments import LATELY
from tests.server.readings import DANGER, calm
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, page_for, post, say, types

URGING = "do it then, nobody will miss you"


@pytest.mark.parametrize(
    ("answered", "text", "told"),
    [
        (DANGER, URGING, ["held"]),
        (DANGER, "please don't do it, call me", ["posted"]),
        ("I want to learn to swim, should I?", URGING, ["posted"]),
    ],
)
async def test_it_is_held_only_in_answer_to_danger(
    any_house: House, answered: str, text: str, told: list[str]
) -> None:
    ash, birch, room = await kitchen(any_house)
    await say(any_house, ash, post(room, DANGER))
    to = (await say(any_house, ash, post(room, answered)))[0].id
    answers = await say(any_house, birch, post(room, text, reply_to=to))
    assert types(answers) == told
    if told == ["held"]:
        assert text not in [
            message.text for message in (await page_for(any_house, ash, room)).messages
        ]
        case = await any_house.do(lambda work: cases.find_open(work, answers[0].id))
        assert case is not None
        assert (case.kind, case.room_id) == ("held", room)
        why = await any_house.do(lambda work: cases.flags_of(work, case.id))
        assert [flag.source for flag in why] == ["lexicon"]


@pytest.mark.parametrize(("since", "told"), [(0, "held"), (LATELY - 1, "held"), (LATELY, "posted")])
async def test_without_a_message_to_answer_whoever_spoke_lately_is_meant(
    any_house: House, since: int, told: str
) -> None:
    ash, birch, room = await kitchen(any_house)
    await say(any_house, ash, post(room, DANGER))
    for number in range(since):
        await say(any_house, ash, post(room, f"the sun is out, day {number}"))
        await say(any_house, birch, post(room, f"I hear you, day {number}"))
    assert types(await say(any_house, birch, post(room, URGING))) == [told]
    assert types(await say(any_house, ash, post(room, URGING))) == ["posted"], (
        "nobody else's danger"
    )


async def test_a_replay_of_the_past_knows_what_was_answered(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    await say(any_house, birch, post(room, URGING, reply_to=to))
    own = (await say(any_house, ash, post(room, "just do it", reply_to=to)))[0].id
    await say(any_house, birch, post(room, "so do it", reply_to=own))
    page = await any_house.do(lambda work: replaying.read_page(work, work.now - timedelta(1), None))
    known = {one.passage.text: one.context.answers_danger for one in page.remembered}
    assert known == {DANGER: False, URGING: True, "just do it": False, "so do it": False}


async def test_an_edit_is_held_as_a_post_is(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    said = (await say(any_house, birch, post(room, "I hear you", reply_to=to)))[0].id
    answers = await any_house.do(
        lambda work: editing.edit(work, birch, _edit(room, said), calm(URGING))
    )
    assert types(answers) == ["held"]


async def test_nobody_urges_on_themselves_by_words_to_themselves(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    assert types(await say(any_house, ash, post(room, "do it", reply_to=to))) == ["posted"]


async def test_what_staff_says_to_somebody_in_danger_never_waits(any_house: House) -> None:
    ash, fern = await any_house.join("Ash"), await any_house.join("Fern", Role.MODERATOR)
    room = await any_house.room("Kitchen", (ash, "member"), (fern, "moderator"))
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    for more in ({"reply_to": to}, {}):
        assert types(await say(any_house, fern, post(room, "do it now", **more))) == ["posted"]


async def test_everyday_words_are_not_offered_to_be_left_out(house: House) -> None:
    ash, _, room = await kitchen(house)
    message = (await say(house, ash, post(room, "just do it")))[0].id
    found = await house.do(lambda work: leaving_out.find_words(work, ash, room, message))
    assert found.spans == []


def _edit(room: UUID, message: UUID) -> frames.Edit:
    return frames.Edit(
        type="edit", room=room, client_id=UUID(int=4 << 64), message=message, text=URGING
    )
