"""Muting and blocking: for oneself, undone at will, told to nobody; and nobody in danger is lost by it."""

from typing import Any
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.errors import NotFound, NotNow
from server.ids import new_id
from server.protocol import frames
from server.services import case_view, conversations, quiet
from server.services import messages as verbs
from server.services import rooms as room_services
from server.store import cases as stored_cases
from server.store import quiet as stored
from server.store.tables import QuietTopic
from server.store.work import ToMember, ToRoom, Work
from tests.server.readings import DANGER, calm
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, post, say, types


async def block(house: House, actor: Actor, other: Actor, *, blocked: bool = True) -> None:
    await house.do(lambda work: quiet.put_person(work, actor, other.id, blocked=blocked))


async def said(house: House, actor: Actor, room: Any, text: str = "today was hard") -> UUID:
    return (await say(house, actor, post(room, text)))[0].id  # type: ignore[no-any-return]


def reaction(room: Any, message: UUID, kind: Any = "hug") -> frames.React:
    return frames.React(type="react", room=room, message=message, reaction=kind)


async def test_whom_an_author_blocked_can_neither_reply_nor_react_and_is_not_told(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    told = len(any_house.told)
    await block(any_house, ash, birch)
    assert any_house.told[told:] == [], "nobody hears of it"
    refused = await say(any_house, birch, post(room, "but I say", reply_to=message))
    assert types(refused) == ["refused"]
    assert refused[0].code == "not_now"
    assert "block" not in refused[0].detail
    with pytest.raises(NotNow):
        await any_house.do(lambda work: verbs.react(work, birch, reaction(room, message)))
    assert types(await say(any_house, birch, post(room, "to everybody"))) == ["posted"]
    theirs = await said(any_house, birch, room, "mine")
    assert types(await say(any_house, ash, post(room, "I may", reply_to=theirs))) == ["posted"]


async def test_a_mute_only_folds_and_an_undone_block_is_over(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    await block(any_house, ash, birch, blocked=False)
    assert types(await say(any_house, birch, post(room, "one", reply_to=message))) == ["posted"]
    await block(any_house, ash, birch)
    assert types(await say(any_house, birch, post(room, "two", reply_to=message))) == ["refused"]
    left = await any_house.do(lambda work: quiet.remove_person(work, ash, birch.id))
    assert left.people == []
    assert types(await say(any_house, birch, post(room, "three", reply_to=message))) == ["posted"]
    await any_house.do(lambda work: verbs.react(work, birch, reaction(room, message)))
    await block(any_house, ash, birch)
    await any_house.do(lambda work: verbs.react(work, birch, reaction(room, message, None)))


async def test_who_keeps_the_room_may_always_answer_and_a_private_line_stays_open(
    any_house: House,
) -> None:
    ash = await any_house.join("Ash")
    fern = await any_house.join("Fern", Role.MODERATOR)
    room = await any_house.room("Kitchen", (ash, "member"), (fern, "moderator"))
    message = await said(any_house, ash, room)
    await block(any_house, ash, fern)
    assert types(await say(any_house, fern, post(room, "I am here", reply_to=message))) == [
        "posted"
    ]
    await any_house.do(lambda work: verbs.react(work, fern, reaction(room, message)))
    line = await any_house.do(lambda work: conversations.open_line(work, ash.id, room).id)
    theirs = await said(any_house, ash, line)
    answer = await say(any_house, fern, post(line, "how are you?", reply_to=theirs))
    assert types(answer) == ["posted"]


async def test_a_blocked_person_in_danger_is_seen_by_moderators(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    await block(any_house, ash, birch)
    answers = await say(any_house, birch, post(room, DANGER), calm(DANGER))
    assert types(answers) == ["posted", "support"]
    case = await any_house.do(lambda work: stored_cases.find_open(work, answers[0].id))
    assert case is not None
    refused = await say(any_house, birch, post(room, DANGER, reply_to=message), calm(DANGER))
    assert types(refused) == ["support", "refused"]
    line = refused[0].private_line
    assert await any_house.do(lambda work: stored_cases.find_by_conversation(work, line))


async def test_everybody_hears_the_same_room_so_that_a_gap_is_always_a_gap(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    await block(any_house, ash, birch)
    before = len(any_house.told)
    for number in range(3):
        await said(any_house, birch, room, f"word {number}")
    seqs = [a.seq for a in any_house.told[before:] if isinstance(a, ToRoom)]
    assert seqs == list(range(seqs[0], seqs[0] + 3))
    page = await any_house.do(lambda work: room_services.history(work, ash, room, None))
    assert [line.seq for line in page.messages] == seqs
    assert not [a for a in any_house.told[before:] if isinstance(a, ToMember)]


async def test_only_somebody_one_has_met_can_be_put_on_the_list(any_house: House) -> None:
    ash, birch, _ = await kitchen(any_house)
    cedar = await any_house.join("Cedar")
    for person in (cedar.id, ash.id, new_id()):
        with pytest.raises(NotFound):
            await any_house.do(
                lambda work, p=person: quiet.put_person(work, ash, p, blocked=False)  # type: ignore[misc]
            )
    await block(any_house, ash, birch, blocked=False)
    await block(any_house, ash, birch, blocked=False)
    mine = await any_house.do(lambda work: quiet.read_quiet(work, ash))
    theirs = await any_house.do(lambda work: quiet.read_quiet(work, birch))
    assert [(person.name, person.blocked) for person in mine.people] == [("Birch", False)]
    assert theirs.people == []


async def test_topics_are_sealed_counted_once_and_ones_own(any_house: House) -> None:
    ash, birch, _ = await kitchen(any_house)
    for words in ("Eating  and food", "eating AND food", "loss"):
        await any_house.do(lambda work, w=words: quiet.add_topic(work, ash, w))  # type: ignore[misc]
    found = await any_house.do(lambda work: quiet.read_quiet(work, ash))
    assert [topic.words for topic in found.topics] == ["Eating and food", "loss"]

    def sealed(work: Work) -> bytes:
        topic = work.session.get(QuietTopic, found.topics[0].id)
        assert topic is not None
        return topic.sealed

    assert b"food" not in await any_house.do(sealed)
    with pytest.raises(NotNow):
        await any_house.do(lambda work: quiet.add_topic(work, ash, "   "))
    with pytest.raises(NotFound):
        await any_house.do(lambda work: quiet.remove_topic(work, birch, found.topics[0].id))
    left = await any_house.do(lambda work: quiet.remove_topic(work, ash, found.topics[0].id))
    assert [topic.words for topic in left.topics] == ["loss"]
    assert (await any_house.do(lambda work: quiet.read_quiet(work, birch))).topics == []


async def test_moderators_see_a_cluster_of_blocks_as_a_count_from_three_on(
    any_house: House,
) -> None:
    birch = await any_house.join("Birch")
    fern = await any_house.join("Fern", Role.MODERATOR)
    others = [await any_house.join(name) for name in ("Ash", "Cedar", "Dogwood", "Elder")]
    seated = [(one, "member") for one in (birch, *others)]
    room = await any_house.room("Kitchen", *seated, (fern, "moderator"))
    message = await any_house.say(room, birch, "what I said")
    case = await any_house.case(room, birch, message)
    counts = []
    for number, other in enumerate(others):
        await block(any_house, other, birch, blocked=number != 1)
        shown = await any_house.do(lambda work: case_view.read_case(work, fern, case.id))
        counts.append(shown.subject.blocked_by)
        assert other.name not in shown.subject.model_dump_json()
    assert counts == [None, None, None, 3], "one of the four only mutes"
    assert await any_house.do(lambda work: stored.count_who_block(work, birch.id)) == 3


async def test_three_blocks_in_a_room_ask_a_moderator_to_look_once_and_name_nobody(
    any_house: House,
) -> None:
    birch = await any_house.join("Birch")
    fern = await any_house.join("Fern", Role.MODERATOR)
    others = [await any_house.join(name) for name in ("Ash", "Cedar", "Dogwood", "Elder")]
    elsewhere = await any_house.join("Hazel")
    seated = [(one, "member") for one in (birch, *others)]
    room = await any_house.room("Kitchen", *seated, (fern, "moderator"))
    await any_house.room("Garden", (birch, "member"), (elsewhere, "member"))
    for other in (elsewhere, others[0], others[0], others[1]):
        await block(any_house, other, birch)
    assert any_house.staff() == [], "two of one room, and one of another"
    any_house.clock.move(days=27)
    await block(any_house, others[2], birch)
    [told] = {frame.case for frame in any_house.staff()}
    case = await any_house.do(lambda work: case_view.read_case(work, fern, told))
    assert (case.line.room, case.line.urgency, case.line.kind) == (room, "routine", "flag")
    assert not any(name in case.model_dump_json() for name in ("Ash", "Cedar", "Dogwood"))
    any_house.told.clear()
    await block(any_house, others[3], birch)
    await block(any_house, others[0], fern)
    assert any_house.staff() == [], "it was asked already, and a keeper is no member of the room"


async def test_blocks_of_long_ago_ask_for_nothing(any_house: House) -> None:
    birch = await any_house.join("Birch")
    others = [await any_house.join(name) for name in ("Ash", "Cedar", "Dogwood")]
    await any_house.room("Kitchen", *[(one, "member") for one in (birch, *others)])
    for other in others:
        await block(any_house, other, birch)
        any_house.clock.move(days=15)
    assert any_house.staff() == []
