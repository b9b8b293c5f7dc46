"""Why no nudge was shown: one word with the reading, told to nobody, counted where eight people stand behind it."""

from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import select

from moderation.classifier import Assessment
from moderation.policy import LeftOut
from server.access import Actor, Role
from server.services import judgement, late, nudging, seats
from server.services.reading import Reading, with_hits
from server.store.tables import Assessment as Stored
from server.store.tables import Member
from server.store.work import Work
from tests.server.readings import DANGER, calm, harsh, severe
from tests.server.readings import late as unread
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, post, say, types


def harsh_and_in_danger() -> Reading:
    signals = {"toxicity": 0.97, "insult": 0.95}
    return with_hits(
        Assessment(assessed=True, model="test", language="en", signals=signals), DANGER
    )


async def kept(house: House) -> list[str | None]:
    """Of each reading, in the order they were said."""
    return await house.do(
        lambda work: list(work.session.exec(select(Stored.left_out).order_by(Stored.id)))  # type: ignore[arg-type]
    )


async def told(
    house: House, actor: Actor, room: UUID, read: Reading, text: str = "oh no", **more: Any
) -> list[str]:
    return types(await say(house, actor, post(room, text, **more), read))


async def test_each_reason_is_kept_with_the_reading(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)

    def switch(on: bool) -> object:
        def verb(work: Work) -> None:
            work.session.get_one(Member, birch.id).tone_nudges = on

        return any_house.do(verb)

    assert await told(any_house, ash, room, calm()) == ["posted"]
    assert "nudge" not in await told(any_house, ash, room, harsh_and_in_danger(), DANGER)
    assert await told(any_house, ash, room, unread()) == ["posted"]
    other = with_hits(Assessment.not_assessed("language", language="tr"), "")
    assert await told(any_house, ash, room, other) == ["posted"]
    await switch(on=False)  # type: ignore[misc]
    assert await told(any_house, birch, room, harsh()) == ["posted"]
    assert await told(any_house, birch, room, calm()) == ["posted"]
    await any_house.do(lambda work: nudging.be_quiet(work, ash, None))
    assert await told(any_house, ash, room, harsh()) == ["posted"]
    await any_house.do(lambda work: nudging.speak_again(work, ash))
    for _ in range(nudging.MOST_A_DAY):
        assert await told(any_house, ash, room, harsh()) == ["nudge"]
    assert await told(any_house, ash, room, harsh()) == ["posted"]
    assert await told(any_house, ash, room, harsh(), insist=True) == ["posted"]
    assert await told(any_house, ash, room, severe()) == ["held"]

    assert await kept(any_house) == [
        None, "danger", "not_in_time", "language", "off", None, "snoozed", "day_cap", None, None,
    ]  # fmt: skip


async def test_what_was_read_later_had_no_nudge_in_time_still(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    await told(any_house, ash, room, unread())
    [waits] = await any_house.do(late.find_unread)
    read = Assessment(assessed=True, model="test", language="en", signals={"toxicity": 0.97})

    await any_house.do(lambda work: late.record(work, waits.assessment_id, read))

    assert await any_house.do(late.find_unread) == []
    assert await kept(any_house) == ["not_in_time"]


async def test_a_steward_reads_counts_and_none_about_a_few(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)

    async def counted() -> tuple[int | None, dict[str, int | None]]:
        shown = await any_house.do(lambda work: judgement.read_judgement(work, keeper, 4))
        return shown.nudges, {one.why: one.count for one in shown.left_out}

    nobody = (None, {str(why): None for why in LeftOut})
    for _ in range(20):
        await told(any_house, ash, room, unread())
    any_house.clock.move(days=28)
    assert await counted() == nobody, "one person"
    any_house.clock.move(days=-28)
    for number in range(8):
        peer = await any_house.join(f"peer {number}")
        await any_house.do(partial(seats.take_seat, room_id=room, member_id=peer.id))
        await told(any_house, peer, room, unread())
        await told(any_house, peer, room, harsh())
    assert await counted() == nobody, (
        "not before the four weeks are over: a count that moves tells who came"
    )
    any_house.clock.move(days=28)
    shown, left_out = await counted()
    assert shown == 10
    assert left_out == {str(why): None for why in LeftOut} | {"not_in_time": 30}
