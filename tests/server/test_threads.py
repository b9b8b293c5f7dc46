"""A post and its replies, asks that wait to be heard, and how long a room's asks wait."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from server.access import Actor
from server.errors import NotFound
from server.services import answering, publishing, quiet, rooms, seats, threads
from server.store import messages
from server.store.threads import Asked
from server.store.work import Work
from tests.server.store_fixture import MONDAY, House
from tests.server.test_posting import kitchen, post, say


async def asked(house: House, actor: Actor, room: Any, text: str = "who knows this?") -> UUID:
    answers = await say(house, actor, post(room, text, ask=True))
    return answers[0].id  # type: ignore[no-any-return]


async def replied(house: House, actor: Actor, room: Any, to: UUID, text: str = "I do") -> UUID:
    answers = await say(house, actor, post(room, text, reply_to=to))
    return answers[0].id  # type: ignore[no-any-return]


async def waiting(house: House, actor: Actor) -> list[UUID]:
    found = await house.do(lambda work: threads.list_waiting(work, actor))
    return [ask.message.id for ask in found.asks]


async def hide(house: House, room: Any, message: UUID) -> None:
    def verb(work: Work) -> None:
        stored = messages.find_message(work, room, message)
        assert stored is not None
        publishing.hide(work, stored)

    await house.do(verb)


async def test_a_thread_is_a_post_and_its_direct_replies_in_order(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    ask = await asked(any_house, ash, room)
    await say(any_house, birch, post(room, "something else"))
    replies = [await replied(any_house, birch, room, ask, f"reply {n}") for n in range(3)]
    nested = await replied(any_house, ash, room, replies[0], "thank you")
    await hide(any_house, room, replies[1])
    thread = await any_house.do(lambda work: threads.read_thread(work, ash, room, ask))
    assert thread.post.id == ask
    assert thread.post.replies == 2, "what is hidden does not count"
    assert [reply.id for reply in thread.replies] == replies
    assert [reply.text for reply in thread.replies] == ["reply 0", None, "reply 2"]
    assert thread.replies[0].replies == 1
    under = await any_house.do(lambda work: threads.read_thread(work, ash, room, replies[0]))
    assert [reply.id for reply in under.replies] == [nested]
    page = await any_house.do(lambda work: rooms.history(work, ash, room, None))
    assert [message.replies for message in page.messages] == [2, 0, 1, 0, 0, 0]


async def test_a_long_thread_comes_in_pages(house: House) -> None:
    ash, birch, room = await kitchen(house)
    ask = await asked(house, ash, room)
    count = threads.PAGE + 5
    for number in range(count):
        await replied(house, birch, room, ask, f"reply {number}")
    first = await house.do(lambda work: threads.read_thread(work, ash, room, ask))
    assert len(first.replies) == threads.PAGE
    after = first.after
    assert after is not None
    rest = await house.do(lambda work: threads.read_thread(work, ash, room, ask, after))
    assert (len(rest.replies), rest.after) == (5, None)


async def test_who_may_not_read_the_room_finds_no_thread(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    ask = await asked(any_house, ash, room)
    held = await any_house.hold(room, ash, "not yet seen by anybody")
    cedar = await any_house.join("Cedar")
    for actor, message in ((cedar, ask), (ash, held.id), (ash, room)):
        with pytest.raises(NotFound):
            await any_house.do(
                lambda work, a=actor, m=message: threads.read_thread(work, a, room, m)  # type: ignore[misc]
            )


async def test_an_ask_waits_until_another_person_answers(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    first = await asked(any_house, ash, room, "who knows this?")
    any_house.clock.move(minutes=5)
    second = await asked(any_house, ash, room, "and this?")
    await say(any_house, ash, post(room, "no ask"))
    await replied(any_house, ash, room, first, "more about it, by myself")
    assert await waiting(any_house, birch) == [first, second], "the longest wait first"
    assert await waiting(any_house, ash) == [], "one's own wait for others"
    reply = await replied(any_house, birch, room, first)
    assert await waiting(any_house, birch) == [second]
    await hide(any_house, room, reply)
    assert await waiting(any_house, birch) == [first, second], "who was answered badly waits again"


async def test_the_tray_holds_nothing_that_its_reader_may_not_see_or_cannot_answer(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    elsewhere = await any_house.room("Cellar", (ash, "member"))
    shown = await asked(any_house, ash, room)
    hidden = await asked(any_house, ash, room, "hidden")
    await asked(any_house, ash, elsewhere)
    await hide(any_house, room, hidden)
    assert await waiting(any_house, birch) == [shown]
    found = await any_house.do(lambda work: threads.list_waiting(work, birch))
    assert found.asks[0].room_name == "Kitchen"
    await any_house.do(lambda work: quiet.put_person(work, birch, ash.id, blocked=False))
    assert await waiting(any_house, birch) == [], "whom the reader does not hear"
    await any_house.do(lambda work: quiet.remove_person(work, birch, ash.id))
    await any_house.do(lambda work: quiet.put_person(work, ash, birch.id, blocked=True))
    assert await waiting(any_house, birch) == [], "who would not take the answer"
    await any_house.do(lambda work: quiet.remove_person(work, ash, birch.id))
    assert await waiting(any_house, birch) == [shown], "the guard"
    await any_house.do(lambda work: rooms.leave(work, ash, room))
    assert await waiting(any_house, birch) == [], "who has left waits no more"
    await any_house.do(lambda work: seats.take_seat(work, room, ash.id))
    await any_house.do(lambda work: rooms.leave(work, birch, room))
    assert await waiting(any_house, birch) == []


def test_a_median_needs_eight_people_and_asks_that_wait_count_as_longest() -> None:
    def reply(
        *waits_s: float | None, age_s: float = 7_200, people: int = 99
    ) -> answering.FirstReply | None:
        begun = MONDAY - timedelta(seconds=age_s)
        asks = [
            Asked(
                UUID(int=1),
                UUID(int=2 + number % people),
                begun,
                None if wait is None else begun + timedelta(seconds=wait),
            )
            for number, wait in enumerate(waits_s)
        ]
        return answering.first_reply(asks, MONDAY)

    assert reply(*[60.0] * 7) is None
    assert reply(*[60.0] * 30, people=7) is None, "many asks of few people"
    assert reply(*[60.0] * 8) == (10, 60.0)
    assert reply(*range(60, 600, 60)) == (10, 300.0)
    assert reply(*range(73, 613, 60)) == (10, 300.0), "to the minute"
    assert reply(*[60.0] * 5, *[None] * 4) == (10, 60.0)
    assert reply(*[60.0] * 4, *[None] * 4) == (10, None), "half of them wait still"
    assert reply(*[60.0] * 7, None, age_s=60) is None, "one asked a minute ago says nothing yet"


async def test_a_rooms_card_tells_the_median_once_eight_people_asked(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)

    async def card() -> tuple[int, float | None]:
        counted = await any_house.database.read(answering.count)
        await any_house.do(partial(answering.keep, counted=counted))
        return await rooms_card(any_house, ash)

    for number in range(8):
        assert await card() == (0, None), number
        asker = await any_house.join(f"asker{number}")
        await any_house.do(partial(seats.take_seat, room_id=room, member_id=asker.id))
        ask = await asked(any_house, asker, room)
        any_house.clock.move(minutes=number + 1)
        await replied(any_house, birch, room, ask)
        await replied(any_house, birch, room, ask, "and later once more")
    assert await card() == (10, 300.0)
    any_house.clock.move(days=29)
    assert (await rooms_card(any_house, ash)) == (10, 300.0), "as it was counted last"
    assert await card() == (0, None), "four weeks"


async def rooms_card(house: House, actor: Actor) -> tuple[int, float | None]:
    found = await house.do(lambda work: rooms.list_rooms(work, actor, {}))
    return found.rooms[0].first_reply_asks, found.rooms[0].first_reply_median_s
