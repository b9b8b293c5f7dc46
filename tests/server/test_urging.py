"""A reply that urges on somebody in danger is held; the same words elsewhere are everyday words."""

from datetime import timedelta
from uuid import UUID

import pytest

from moderation.classifier import Assessment
from moderation.outputs import ABOUT
from server.access import Role
from server.errors import NotNow
from server.protocol import frames
from server.services import conversations, editing, late, leaving_out, posting, replaying, seats
from server.services.reading import Reading, with_hits
from server.services.urging import FEW
from server.store import cases
from server.store.work import ToMember
from tests.server.readings import DANGER, calm
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, page_for, post, say, types

URGING = "do it then, nobody will miss you"


async def test_it_is_held_only_in_answer_to_danger(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    frame = post(room, URGING, reply_to=to)
    held = await say(any_house, birch, frame)
    assert types(held) == ["held"]
    shown = (await page_for(any_house, ash, room)).messages
    assert URGING not in [message.text for message in shown]
    case = await any_house.do(lambda work: cases.find_open(work, held[0].id))
    assert case is not None
    assert (case.kind, case.room_id) == ("held", room)
    why = await any_house.do(lambda work: cases.flags_of(work, case.id))
    assert [flag.source for flag in why] == ["lexicon"]
    assert types(await say(any_house, birch, frame, looks_like_danger(URGING))) == ["held"], "again"
    kind = post(room, "please don't do it, call me", reply_to=to)
    assert types(await say(any_house, birch, kind)) == ["posted"]


async def test_a_calm_message_of_the_same_author_or_ones_own_hides_nothing(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    cedar = await any_house.join("Cedar")
    await any_house.do(lambda work: seats.take_seat(work, room, cedar.id))
    await say(any_house, ash, post(room, DANGER))
    calm_one = (await say(any_house, ash, post(room, "hello all")))[0].id
    own = (await say(any_house, birch, post(room, "hey")))[0].id
    other = (await say(any_house, cedar, post(room, "should I learn to swim?")))[0].id
    for to, told in ((calm_one, "held"), (own, "held"), (other, "posted")):
        assert types(await say(any_house, birch, post(room, URGING, reply_to=to))) == [told]


@pytest.mark.parametrize(
    "text",
    ["My friend says he will kill himself tonight, should I call the police?", "he hit me again"],
)
async def test_help_for_anything_but_the_authors_own_danger_never_waits(
    any_house: House, text: str
) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, text)))[0].id
    answers = await say(any_house, birch, post(room, "do it now please", reply_to=to))
    assert types(answers) == ["posted"]


async def test_danger_that_the_model_reads_as_anothers_holds_nobody(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    levels = {"risk": (0.1, 0.0, 0.0, 0.0, 0.9, 0.0, 0.0)}
    for whose, told in (("another", "posted"), ("self", "held")):
        shares = tuple(0.9 if who == whose else 0.02 for who in ABOUT)
        read = with_hits(Assessment(True, "test", "en", {}, levels | {"about": shares}), "")
        to = (await say(any_house, ash, post(room, "the worst night"), read))[0].id
        assert types(await say(any_house, birch, post(room, URGING, reply_to=to))) == [told]


async def test_whoever_may_be_in_danger_is_never_held_for_it(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    await say(any_house, birch, post(room, "I want to die too"))
    read = looks_like_danger("do it tonight")
    answers = await say(any_house, birch, post(room, "do it tonight", reply_to=to), read)
    assert types(answers) == ["posted", "support"]


async def test_a_conversation_with_staff_holds_nobody(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    line = await any_house.do(lambda work: conversations.open_line(work, birch.id, room).id)
    await any_house.do(lambda work: seats.take_seat(work, line, ash.id))
    to = (await say(any_house, ash, post(line, DANGER)))[0].id
    assert types(await say(any_house, birch, post(line, "do it now", reply_to=to))) == ["posted"]


async def test_what_is_read_late_is_no_danger_of_its_author(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    unread = with_hits(Assessment.not_assessed("late"), URGING)
    await say(any_house, birch, post(room, URGING, reply_to=to), unread)
    waits = [one for one in await any_house.do(late.find_unread) if one.passage.text == URGING]
    read = looks_like_danger(URGING).assessment
    any_house.told.clear()
    await any_house.do(lambda work: late.record(work, waits[0].assessment_id, read))
    told = [one.frame for one in any_house.told if isinstance(one, ToMember)]
    assert not any(isinstance(frame, frames.Support) for frame in told)


async def test_a_refused_one_opens_no_line_as_if_its_author_were_in_danger(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    frame, read = post(room, URGING, reply_to=to), looks_like_danger(URGING)
    answers = await any_house.do(
        lambda work: posting.refuse(work, birch, frame, read, NotNow("Not now."))
    )
    assert types(answers) == ["refused"]


async def test_after_an_hour_it_needs_a_message_to_answer(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    to = (await say(any_house, ash, post(room, DANGER)))[0].id
    any_house.clock.move(minutes=61)
    assert types(await say(any_house, birch, post(room, URGING))) == ["posted"]
    assert types(await say(any_house, birch, post(room, URGING, reply_to=to))) == ["held"]


async def test_an_edit_is_judged_by_what_was_said_before_it(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    early = (await say(any_house, birch, post(room, "do it nwo")))[0].id
    await say(any_house, ash, post(room, DANGER))
    answers = await any_house.do(
        lambda work: editing.edit(work, birch, _edit(room, early), calm(URGING))
    )
    assert types(answers) == ["posted"]


@pytest.mark.parametrize(("since", "told"), [(0, "held"), (FEW - 1, "held"), (FEW, "posted")])
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


def looks_like_danger(text: str) -> Reading:
    """As the model reads "do it"."""
    levels = {"risk": (0.1, 0.0, 0.0, 0.0, 0.9, 0.0, 0.0)}
    return with_hits(Assessment(True, "test", "en", {}, levels), text)


def _edit(room: UUID, message: UUID) -> frames.Edit:
    return frames.Edit(
        type="edit", room=room, client_id=UUID(int=4 << 64), message=message, text=URGING
    )
