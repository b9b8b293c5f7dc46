"""Notes of a room's clinicians: theirs alone, appended, struck with a reason, and each look written down."""

import pytest
from sqlmodel import col, select

from server.access import Actor, Role
from server.errors import NotAllowed, NotFound, NotNow, Stale
from server.protocol import escalations as wire
from server.services import receipts, seats, team_notes
from server.store import rooms
from server.store import team_notes as stored
from server.store.tables import Audit, TeamNote
from server.store.work import Work
from tests.server.desk_scene import Scene
from tests.server.store_fixture import House

WORDS = "Sleeps badly since the anniversary; asked about it twice."


async def write(
    scene: Scene, actor: Actor, about: Actor | None, text: str = WORDS
) -> wire.TeamNote:
    new = wire.NewTeamNote(member=about.id if about else None, text=text)
    return await scene.house.do(lambda work: team_notes.write(work, actor, scene.room, new))


async def read(scene: Scene, actor: Actor, about: Actor | None = None) -> list[wire.TeamNote]:
    member = about.id if about else None
    found = await scene.house.do(lambda work: team_notes.read(work, actor, scene.room, member))
    return found.notes


async def change(
    scene: Scene, actor: Actor, note: wire.TeamNote, text: str, *, strike: bool = False
) -> wire.TeamNote:
    asked = wire.TeamNoteChange(version=len(note.versions), text=text, strike=strike)
    return await scene.house.do(
        lambda work: team_notes.change(work, actor, scene.room, note.id, asked)
    )


async def test_only_the_clinicians_of_the_room_read_and_write(any_house: House):
    scene = await Scene(any_house).prepare()
    elsewhere = await any_house.join("bracken", Role.CLINICIAN)
    await any_house.room("Another group", (elsewhere, "clinician"))
    await write(scene, scene.linden, scene.marram)
    [note] = await read(scene, scene.linden)
    assert (note.member_name, note.versions[0].text) == ("marram", WORDS)
    for actor in (scene.fern, scene.keeper, scene.marram, elsewhere):
        with pytest.raises(NotFound):
            await read(scene, actor)
        with pytest.raises(NotFound):
            await write(scene, actor, None)


async def test_each_look_is_written_down_for_whom_it_is_about(any_house: House):
    scene = await Scene(any_house).prepare()
    await write(scene, scene.linden, scene.marram)
    await write(scene, scene.linden, None)

    def looks(work: Work) -> list[str | None]:
        query = select(Audit.subject).where(Audit.verb == "team_note.read")
        return list(work.session.exec(query.order_by(col(Audit.number))))

    assert await any_house.do(looks) == []
    await read(scene, scene.linden)
    assert await any_house.do(looks) == [str(scene.room)]
    [receipt] = (await any_house.do(lambda work: receipts.list_mine(work, scene.marram))).receipts
    assert (receipt.scope, receipt.by, receipt.looks) == ("notes", "clinician", 1)
    assert (receipt.given_at, receipt.reason) == (None, None), "it needs no consent"


async def test_the_words_are_sealed(house: House):
    scene = await Scene(house).prepare()
    await write(scene, scene.linden, scene.marram)
    row = await house.do(lambda work: work.session.exec(select(TeamNote)).one())
    assert WORDS.encode() not in row.sealed
    about = await house.do(lambda work: stored.notes_about(work, scene.marram.id))
    assert [one.id for one in about] == [row.id]


async def test_a_note_is_corrected_and_struck_and_nothing_is_lost(any_house: House):
    scene = await Scene(any_house).prepare()
    other = await any_house.join("bracken", Role.CLINICIAN)
    await any_house.do(lambda work: seats.take_seat(work, scene.room, other.id, "clinician"))
    first = await write(scene, scene.linden, scene.marram)
    with pytest.raises(NotAllowed):
        await change(scene, other, first, "In my words.")
    corrected = await change(scene, scene.linden, first, "Asked about it once.")
    assert [one.text for one in corrected.versions] == [WORDS, "Asked about it once."]
    with pytest.raises(Stale):
        await change(scene, scene.linden, first, "From an older page.")
    struck = await change(scene, other, corrected, "It was about somebody else.", strike=True)
    assert struck.struck
    assert [one.kind for one in struck.versions] == ["written", "corrected", "struck"]
    with pytest.raises(NotNow):
        await change(scene, scene.linden, struck, "But.")
    [shown] = await read(scene, other)
    assert [one.text for one in shown.versions][:2] == [WORDS, "Asked about it once."]


async def test_a_clinician_whose_seat_ended_reads_them_no_more(any_house: House):
    scene = await Scene(any_house).prepare()
    await write(scene, scene.linden, scene.marram)

    def leave(work: Work) -> None:
        seat = rooms.find_seat(work, scene.room, scene.linden.id)
        assert seat is not None
        seats.end_seat(work, seat)

    await any_house.do(leave)
    with pytest.raises(NotFound):
        await read(scene, scene.linden)


async def test_whoever_becomes_a_clinician_does_not_read_what_was_written_about_them(house: House):
    scene = await Scene(house).prepare()
    note = await write(scene, scene.linden, scene.still)
    risen = Actor(scene.still.id, "stillwater", Role.CLINICIAN, scene.still.session)
    await house.do(lambda work: seats.take_seat(work, scene.room, risen.id, "clinician"))
    assert await read(scene, risen) == []
    with pytest.raises(NotFound):
        await change(scene, risen, note, "Not so.", strike=True)


async def test_a_note_is_about_somebody_who_sits_here(house: House):
    scene = await Scene(house).prepare()
    outsider = await house.join("outsider")
    for other in (outsider, scene.linden):
        with pytest.raises(NotFound):
            await write(scene, scene.linden, other)
