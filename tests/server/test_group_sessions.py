"""Group sessions: who plans and who sees them, reminders that survive a stop, attendance in counts alone."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlmodel import select

from server.access import Actor, Role
from server.api.background import do_what_sessions_are_due
from server.errors import BadFrame, NotAllowed, NotFound, NotNow, Stale
from server.ids import new_id
from server.protocol import group_sessions as wire
from server.services import climate, group_sessions, seats, session_timers, session_words
from server.store.tables import GroupSession, GroupSessionPresence
from tests.server.desk_scene import Scene
from tests.server.store_fixture import MONDAY, House

EVENING = MONDAY + timedelta(days=3)


async def plan(scene: Scene, actor: Actor, **more: Any) -> wire.GroupSession:
    given: dict[str, Any] = {
        "title": "Sleep and worry", "about": "What helps at three in the morning.",
        "starts_at": EVENING, "time_zone": "Europe/Dublin", "minutes": 60,
    }  # fmt: skip
    new = wire.NewGroupSession(**(given | more))
    return await scene.house.do(lambda work: group_sessions.plan(work, actor, scene.room, new))


async def mine(scene: Scene, actor: Actor) -> list[wire.GroupSession]:
    found = await scene.house.do(lambda work: group_sessions.list_mine(work, actor))
    return found.upcoming


async def in_room(scene: Scene, actor: Actor) -> wire.GroupSessions:
    return await scene.house.do(lambda work: group_sessions.list_in(work, actor, scene.room))


async def remind(scene: Scene, actor: Actor, session: wire.GroupSession) -> wire.GroupSession:
    return await scene.house.do(
        lambda work: group_sessions.remind(work, actor, session.id, wanted=True)
    )


async def at(scene: Scene, when: datetime) -> int:
    """The clock stands there, and the loop looks once."""
    scene.house.clock.at = when
    return await do_what_sessions_are_due(scene.house.database)


async def reminders(scene: Scene, actor: Actor) -> list[str]:
    return [one.words for one in await scene.told(actor) if one.kind == "session"]


async def test_those_who_keep_the_room_plan_and_those_who_sit_there_see_it(any_house: House):
    scene = await Scene(any_house).prepare()
    outsider = await any_house.join("outsider")
    session = await plan(scene, scene.fern, host=scene.linden.id)
    assert (session.host, session.may_change) == ("linden", True)
    [seen] = await mine(scene, scene.marram)
    assert (seen.title, seen.room_name, seen.may_change) == ("Sleep and worry", "Low days", False)
    assert await mine(scene, outsider) == []
    for actor in (outsider, scene.keeper):
        with pytest.raises(NotFound):
            await in_room(scene, actor)
        with pytest.raises(NotFound):
            await remind(scene, actor, session)
    for actor in (outsider, scene.keeper, scene.marram):
        with pytest.raises(NotFound):
            await plan(scene, actor, starts_at=EVENING + timedelta(days=1))


async def test_what_cannot_be_planned_is_said(house: House):
    scene = await Scene(house).prepare()
    await plan(scene, scene.fern)
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"starts_at": EVENING + timedelta(minutes=30)}, NotNow),
        ({"starts_at": MONDAY - timedelta(hours=1)}, NotNow),
        ({"starts_at": MONDAY + timedelta(days=500)}, NotNow),
        ({"time_zone": "Mars/Olympus", "starts_at": EVENING + timedelta(days=1)}, BadFrame),
        ({"time_zone": "../../etc/passwd", "starts_at": EVENING + timedelta(days=1)}, BadFrame),
        ({"host": scene.marram.id, "starts_at": EVENING + timedelta(days=1)}, NotAllowed),
    ]
    for more, error in wrong:
        with pytest.raises(error):
            await plan(scene, scene.fern, **more)


async def test_who_asked_is_reminded_twice_and_nobody_else(any_house: House):
    scene = await Scene(any_house).prepare()
    session = await plan(scene, scene.fern)
    assert (await remind(scene, scene.marram, session)).remind
    assert (await remind(scene, scene.marram, session)).remind, "twice changes nothing"

    await at(scene, EVENING - timedelta(hours=25))
    assert await reminders(scene, scene.marram) == []
    await at(scene, EVENING - timedelta(hours=24))
    await at(scene, EVENING - timedelta(hours=23))
    [first] = await reminders(scene, scene.marram)
    assert "2026-11-19 09:00 (Europe/Dublin)" in first
    assert "Sleep" not in first, "a notice names no session"
    await at(scene, EVENING - timedelta(minutes=15))
    assert len(await reminders(scene, scene.marram)) == 2
    assert await reminders(scene, scene.still) == []


async def test_after_a_stop_nobody_is_called_to_what_is_over(house: House):
    scene = await Scene(house).prepare()
    session = await plan(scene, scene.fern)
    await remind(scene, scene.marram, session)
    assert await at(scene, EVENING - timedelta(minutes=10)) == 2
    assert len(await reminders(scene, scene.marram)) == 1, "only what is still true"
    other = await plan(scene, scene.fern, starts_at=EVENING + timedelta(days=2))
    await remind(scene, scene.marram, other)
    await at(scene, EVENING + timedelta(days=2, minutes=5))
    assert len(await reminders(scene, scene.marram)) == 1


async def test_a_move_is_told_and_planned_anew(any_house: House):
    scene = await Scene(any_house).prepare()
    session = await plan(scene, scene.fern)
    await remind(scene, scene.marram, session)
    later = EVENING + timedelta(days=1)
    patch = wire.GroupSessionPatch(edition=1, starts_at=later)
    moved = await any_house.do(
        lambda work: group_sessions.change(work, scene.linden, session.id, patch)
    )
    assert (moved.starts_at, moved.edition) == (later, 2)
    assert moved.ends_at - moved.starts_at == timedelta(minutes=60)
    [told] = await reminders(scene, scene.marram)
    assert "2026-11-20 09:00" in told
    with pytest.raises(Stale):
        await any_house.do(lambda work: group_sessions.change(work, scene.fern, session.id, patch))
    assert await at(scene, EVENING - timedelta(minutes=15)) == 0, "the old time calls nobody"
    await at(scene, later - timedelta(minutes=15))
    assert len(await reminders(scene, scene.marram)) >= 2


async def test_a_cancelled_one_is_told_and_nothing_more_happens(any_house: House):
    scene = await Scene(any_house).prepare()
    session = await plan(scene, scene.fern)
    await remind(scene, scene.marram, session)
    end = wire.GroupSessionEnd(edition=1, reason="I am ill.")
    gone = await any_house.do(lambda work: group_sessions.cancel(work, scene.fern, session.id, end))
    assert gone.cancelled
    assert await mine(scene, scene.marram) == []
    [told] = await reminders(scene, scene.marram)
    assert "I am ill." in told
    assert await at(scene, EVENING + timedelta(hours=3)) == 0
    assert (await climate_notes(scene)) == []
    with pytest.raises(NotNow):
        await any_house.do(
            lambda work: group_sessions.remind(work, scene.still, session.id, wanted=True)
        )


async def climate_notes(scene: Scene) -> list[str | None]:
    shown = await scene.house.do(lambda work: climate.read(work, scene.linden, scene.room))
    return [note.text for note in shown.notes]


@pytest.mark.parametrize(("there", "shown"), [(7, None), (8, 10), (12, 10), (13, 15)])
async def test_who_was_there_is_counted_once_and_forgotten(
    house: House, there: int, shown: int | None
):
    scene = await Scene(house).prepare()
    await plan(scene, scene.fern)
    people = [await house.join(f"peer{n}") for n in range(there)]
    for one in people:
        await house.do(partial(seats.take_seat, room_id=scene.room, member_id=one.id))
    house.clock.at = EVENING + timedelta(minutes=5)
    [(live, room)] = await house.do(session_timers.find_live)
    assert room == scene.room
    listening = {one.id for one in people[:-1]}
    for _ in range(2):
        await house.do(lambda work: session_timers.note_present(work, live, listening))
    await house.say(scene.room, people[-1], "I am here, without the page open.")
    await at(scene, EVENING + timedelta(minutes=60))

    [past] = (await in_room(scene, scene.fern)).past
    assert past.people == shown
    assert (await in_room(scene, scene.marram)).past == []
    left = await house.do(lambda work: work.session.exec(select(GroupSessionPresence)).all())
    assert list(left) == []
    assert await climate_notes(scene) == ["Group session: Sleep and worry"]
    await at(scene, EVENING + timedelta(hours=2))
    assert len(await climate_notes(scene)) == 1


async def test_the_words_are_sealed_and_the_calendar_file_holds_none_of_them(house: House):
    scene = await Scene(house).prepare()
    session = await plan(scene, scene.fern)
    row = await house.do(lambda work: work.session.exec(select(GroupSession)).one())
    assert b"Sleep" not in row.sealed
    file = await house.do(lambda work: group_sessions.calendar(work, scene.marram, session.id))
    assert "DTSTART:20261119T090000Z" in file.splitlines()
    assert "SUMMARY:Hearth" in file.splitlines()
    for word in ("Sleep", "morning", "Low days", "fernhollow", "linden"):
        assert word not in file
    outsider = await house.join("outsider", Role.CLINICIAN)
    with pytest.raises(NotFound):
        await house.do(lambda work: group_sessions.calendar(work, outsider, session.id))


def test_a_calendar_line_is_folded_at_75_bytes_and_loses_nothing() -> None:
    name = "Ein sehr langer Name, mit Komma; und Umlauten äöü " * 3
    session = GroupSession(
        id=new_id(), starts_at=MONDAY, ends_at=MONDAY, edition=1, time_zone="UTC",
        room_id=new_id(), made_by=new_id(), host_id=new_id(), sealed_by=new_id(), sealed=b"",
        made_at=MONDAY,
    )  # fmt: skip
    file = session_words.calendar(session, name, datetime.now(UTC))
    assert max(len(line.encode()) for line in file.split("\r\n")) <= 75
    unfolded = file.replace("\r\n ", "")
    assert "SUMMARY:" + name.replace(",", "\\,").replace(";", "\\;") in unfolded
