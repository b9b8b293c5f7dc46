"""A few nudges a day, or none today: no more is said about tone, and everything else goes on."""

from datetime import timedelta
from functools import partial
from typing import Any

from server.services import nudging
from server.services.reading import Reading
from tests.server.readings import DANGER, harsh, severe
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, post, say, types


async def answers(house: House, actor: Any, room: Any, read: Reading, text: str = "oh no") -> Any:
    return types(await say(house, actor, post(room, text), read))


async def test_after_a_few_in_a_day_no_more_come_until_a_day_has_passed(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    for _ in range(nudging.MOST_A_DAY):
        assert await answers(any_house, ash, room, harsh()) == ["nudge"]
    assert await answers(any_house, ash, room, harsh()) == ["posted"]
    assert await answers(any_house, birch, room, harsh()) == ["nudge"], "each has their own"
    assert await answers(any_house, ash, room, severe()) == ["held"], "a hold is no nudge"
    day = await any_house.do(lambda work: nudging.read_day(work, ash))
    assert (day.shown, day.most, day.quiet_until) == (5, 5, None)
    any_house.clock.move(hours=25)
    assert await answers(any_house, ash, room, harsh()) == ["nudge"]


async def test_not_today_ends_by_itself_or_when_it_is_taken_back(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    now = any_house.clock.now()
    day = await any_house.do(lambda w: nudging.be_quiet(w, ash, now + timedelta(hours=3)))
    assert day.quiet_until == now + timedelta(hours=3)
    assert await answers(any_house, ash, room, harsh()) == ["posted"]
    assert await answers(any_house, ash, room, severe()) == ["held"]
    assert "support" in types(await say(any_house, ash, post(room, DANGER)))
    any_house.clock.move(hours=4)
    assert await answers(any_house, ash, room, harsh()) == ["nudge"]
    for until in (None, any_house.clock.now() + timedelta(days=400), now):
        day = await any_house.do(partial(nudging.be_quiet, actor=ash, until=until))
        assert day.quiet_until == any_house.clock.now() + timedelta(hours=24), "never longer"
    day = await any_house.do(lambda work: nudging.speak_again(work, ash))
    assert day.quiet_until is None
    assert await answers(any_house, ash, room, harsh()) == ["nudge"]
