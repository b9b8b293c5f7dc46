"""Access without consent, where somebody may be in danger: a second person, an end, and the member is told."""

from datetime import timedelta
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.api.background import tell_members
from server.errors import NotAllowed, NotFound, NotNow
from server.protocol import care, frames
from server.services import emergencies, people, receipts
from server.store import audit
from tests.server.store_fixture import MONDAY, House
from tests.server.test_sharing import seen

Cast = tuple[Actor, Actor, Actor, Actor, UUID]


async def cast(house: House) -> Cast:
    marram, rowan = await house.join("marram"), await house.join("rowan", Role.CLINICIAN)
    alder = await house.join("alder", Role.CLINICIAN)
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    room = await house.room("Tides", (marram, "member"), (rowan, "clinician"), (alder, "clinician"))
    return marram, rowan, alder, keeper, room


async def ask(
    house: House, carer: Actor, room: UUID, *, at_once: bool = False, name: str = "marram"
) -> care.Emergency:
    new = care.NewEmergency(
        name=name, reason="danger", words="The last words worry me.", at_once=at_once
    )
    found = await house.do(lambda work: emergencies.ask(work, carer, room, new))
    return found.emergencies[-1]


async def answer(house: House, actor: Actor, asked: care.Emergency, *, confirm: bool) -> None:
    await house.do(lambda work: emergencies.answer(work, actor, asked.id, confirm=confirm))


async def look(house: House, carer: Actor, room: UUID, member: Actor) -> None:
    await house.do(lambda work: people.look_at_mood(work, carer, room, member.id))


def told(house: House, member: Actor) -> list[str]:
    return [one.kind for one in house.notices(member) if isinstance(one, frames.Notice)]


async def verbs(house: House) -> list[str]:
    return await house.do(lambda work: [row.verb for row in audit.rows(work) if row])


async def test_it_opens_when_a_second_person_confirms_and_ends_by_itself(any_house: House):
    marram, rowan, alder, keeper, room = await cast(any_house)
    asked = await ask(any_house, rowan, room)
    assert (asked.state, asked.until, asked.may_answer) == ("waits", None, False)
    assert told(any_house, alder) == told(any_house, keeper) == ["emergency"]
    assert told(any_house, marram) == told(any_house, rowan) == []
    with pytest.raises(NotFound):
        await look(any_house, rowan, room, marram)
    with pytest.raises(NotFound):
        await answer(any_house, rowan, asked, confirm=True)

    await answer(any_house, keeper, asked, confirm=True)
    await look(any_house, rowan, room, marram)
    assert await seen(any_house, rowan, room) == {"marram": ["mood", "measures", "messages"]}
    assert await seen(any_house, alder, room) == {}, "who did not ask does not see"
    with pytest.raises(NotFound):
        await look(any_house, alder, room, marram)

    any_house.clock.move(minutes=60)
    with pytest.raises(NotFound):
        await look(any_house, rowan, room, marram)
    await tell_members(any_house.database)
    await tell_members(any_house.database)
    [notice] = any_house.notices(marram)
    assert isinstance(notice, frames.Notice)
    assert (notice.kind, notice.by, notice.automated) == ("emergency", "clinician", False)
    assert "you might be in danger" in notice.words
    assert "The last words worry me." in notice.words
    assert "rowan" not in notice.words

    [line] = (await any_house.do(lambda work: receipts.list_mine(work, marram))).receipts
    assert (line.reason, line.given_at, line.looks, line.first_at) == ("danger", None, 1, MONDAY)
    assert await verbs(any_house) == [
        "emergency.ask", "emergency.confirm", "look.mood", "emergency.told",
    ]  # fmt: skip


async def test_alone_it_is_five_minutes_and_the_others_are_told_at_once(any_house: House):
    marram, rowan, alder, keeper, room = await cast(any_house)
    asked = await ask(any_house, rowan, room, at_once=True)
    assert asked.until == MONDAY + timedelta(minutes=5)
    assert told(any_house, alder) == told(any_house, keeper) == ["emergency"]
    await look(any_house, rowan, room, marram)
    with pytest.raises(NotNow):
        await ask(any_house, rowan, room)

    any_house.clock.move(minutes=5)
    with pytest.raises(NotFound):
        await look(any_house, rowan, room, marram)
    with pytest.raises(NotNow):
        await answer(any_house, alder, asked, confirm=True)
    with pytest.raises(NotNow):
        await ask(any_house, rowan, room, at_once=True)
    await tell_members(any_house.database)
    assert told(any_house, marram) == ["emergency"]


async def test_a_second_person_may_close_what_was_opened_alone(any_house: House):
    marram, rowan, alder, _, room = await cast(any_house)
    asked = await ask(any_house, rowan, room, at_once=True)
    await answer(any_house, alder, asked, confirm=False)
    with pytest.raises(NotFound):
        await look(any_house, rowan, room, marram)
    with pytest.raises(NotNow):
        await answer(any_house, alder, asked, confirm=True)


async def test_confirmed_in_time_it_goes_on_for_an_hour(any_house: House):
    marram, rowan, alder, _, room = await cast(any_house)
    asked = await ask(any_house, rowan, room, at_once=True)
    any_house.clock.move(minutes=4)
    await answer(any_house, alder, asked, confirm=True)
    any_house.clock.move(minutes=59)
    await look(any_house, rowan, room, marram)
    await any_house.do(lambda work: emergencies.end(work, rowan, asked.id))
    with pytest.raises(NotFound):
        await look(any_house, rowan, room, marram)


async def test_what_nobody_confirmed_was_never_open_and_the_member_is_not_worried(house: House):
    marram, rowan, alder, _, room = await cast(house)
    asked = await ask(house, rowan, room)
    house.clock.move(minutes=60)
    with pytest.raises(NotNow):
        await answer(house, alder, asked, confirm=True)
    await tell_members(house.database)
    assert told(house, marram) == []


async def test_it_is_only_for_clinicians_of_the_group_and_about_its_members(house: House):
    marram, rowan, alder, keeper, room = await cast(house)
    sedge = await house.join("sedge", Role.CLINICIAN)
    fern = await house.join("fern", Role.MODERATOR)
    await house.join("outside")
    for actor in (sedge, fern, keeper, marram):
        with pytest.raises((NotFound, NotAllowed)):
            await ask(house, actor, room)
    for name in ("outside", "alder", "rowan", "nobody here"):
        with pytest.raises(NotFound):
            await ask(house, rowan, room, name=name)
    asked = await ask(house, rowan, room)
    for actor in (sedge, fern, marram):
        with pytest.raises((NotFound, NotAllowed)):
            await answer(house, actor, asked, confirm=True)
    assert (await house.do(lambda work: emergencies.list_living(work, sedge))).emergencies == []
    [mine] = (await house.do(lambda work: emergencies.list_living(work, alder))).emergencies
    assert (mine.may_answer, mine.name, mine.words) == (True, "marram", "The last words worry me.")
