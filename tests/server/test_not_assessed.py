"""What nothing has read: counted up to a bound, the newest listed, and what a model missed found among it."""

from uuid import UUID

import pytest

from server.access import Actor, Role
from server.services import late, queue
from server.store import assessments
from server.store.tables import Assessment, Message
from server.store.work import Work
from tests.server.store_fixture import House


async def leave_unread(house: House, room: UUID, by: Actor, why: str, count: int) -> list[Message]:
    """Messages that stand in their room and that no model has read."""

    def note(work: Work, message: Message) -> None:
        work.session.add(
            Assessment(
                message_id=message.id,
                room_id=room,
                assessed=False,
                why_not=why,
                model="test",
                signals={},
                policy="1",
                handling="publish",
                urgency="none",
                reasons=[],
                at=work.now,
            )
        )

    said = []
    for number in range(count):
        house.clock.move(seconds=1)
        said.append(await house.say(room, by, f"{why} {number}"))
        await house.do(lambda work: note(work, said[-1]))
    return said


async def test_only_the_newest_are_listed_and_only_so_many_counted(
    any_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ash, rowan = await any_house.join("Ash"), await any_house.join("Rowan", Role.MODERATOR)
    kitchen = await any_house.room("Kitchen", (ash, "member"), (rowan, "moderator"))
    garden = await any_house.room("Garden", (ash, "member"), (rowan, "moderator"))
    elsewhere = await any_house.room("Attic", (ash, "member"))
    first = await leave_unread(any_house, kitchen, ash, "language", 3)
    second = await leave_unread(any_house, garden, ash, "language", 2)
    await leave_unread(any_house, elsewhere, ash, "language", 2)
    listed = await any_house.do(lambda work: queue.not_assessed(work, rowan, None))
    assert [line.id for line in listed.messages] == [one.id for one in (*first, *second)]
    assert not listed.older
    monkeypatch.setattr(queue, "_NOT_ASSESSED_SHOWN", 4)
    listed = await any_house.do(lambda work: queue.not_assessed(work, rowan, None))
    assert [line.id for line in listed.messages] == [one.id for one in (*first[1:], *second)]
    assert listed.older

    def counts(work: Work) -> tuple[int, int, int]:
        kept = [kitchen, garden]
        return (
            assessments.count_unread(work),
            assessments.count_unread(work, kept),
            assessments.count_unread(work, []),
        )

    assert await any_house.do(counts) == (7, 5, 0)
    monkeypatch.setattr(assessments, "COUNTED_UP_TO", 6)
    assert await any_house.do(counts) == (6, 5, 0)


async def test_what_a_model_missed_is_found_among_much_that_it_cannot_read(
    any_house: House,
) -> None:
    ash = await any_house.join("Ash")
    room = await any_house.room("Kitchen", (ash, "member"))
    await leave_unread(any_house, room, ash, "language", 3)
    assert await any_house.do(assessments.waiting_since) is None
    [missed] = await leave_unread(any_house, room, ash, "late", 1)
    await leave_unread(any_house, room, ash, "language", 2)
    [found] = await any_house.do(late.find_unread)
    assert found.passage.text == "late 0"
    assert await any_house.do(assessments.waiting_since) == missed.at
