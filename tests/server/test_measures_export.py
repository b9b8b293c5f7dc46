"""Measures leave under the consent of each member, and each is told. Nobody else's do."""

import csv
import json
from io import StringIO
from uuid import UUID

import pytest

from server.access import Actor, Role
from server.errors import NotFound, NotNow
from server.services import measures_csv, measures_export, seats, sight
from server.services.fhir import bundle
from server.services.fhir.model import Export
from server.store import audit, exports, people, receipts, rooms
from server.store.tables import Member
from server.store.work import Work
from tests.server.exporting.drawn import Drawer, agree
from tests.server.store_fixture import House


class Scene:
    """A group with its clinician, and members who agree and answer."""

    def __init__(self, house: House) -> None:
        self.house, self.source = house, Drawer()

    async def open(self) -> "Scene":
        self.carer = await self.house.join("rowan", Role.CLINICIAN)
        self.room = await self.house.room("Tides", (self.carer, "clinician"))
        return self

    async def member(self, name: str, *, agrees: bool = True, answers: bool = True) -> Actor:
        actor = await self.house.join(name)
        await self.house.do(lambda work: _seat(work, self.room, actor))
        if agrees:
            await self.agree(actor)
        if answers:
            self.source.answer(actor.id, self.room, self.house.clock.now(), _1=3, _2=0)
        return actor

    async def agree(self, actor: Actor, scope: str = "measures") -> None:
        await self.house.do(lambda work: agree(work, self.room, actor.id, scope))

    async def withdraw(self, actor: Actor) -> None:
        await self.house.do(lambda work: _withdraw(work, self.room, actor))

    async def collect(self, actor: Actor, member: Actor | None = None) -> measures_export.Collected:
        asked = member.id if member else None
        return await self.house.do(
            lambda work: measures_export.collect(work, actor, self.room, asked, self.source)
        )

    async def export(self, actor: Actor, member: Actor | None = None) -> Export:
        collected = await self.collect(actor, member)
        return await self.house.do(lambda work: measures_export.release(work, actor, collected))


def _seat(work: Work, room: UUID, actor: Actor) -> None:
    seats.take_seat(work, room, actor.id, "member")


def _withdraw(work: Work, room: UUID, actor: Actor) -> None:
    row = exports.agreed(work, "measures", room)[actor.id]
    row.withdrawn_at = work.now
    work.session.add(row)


@pytest.fixture
async def scene(any_house: House) -> Scene:
    return await Scene(any_house).open()


def members_in(export: Export) -> set[UUID]:
    return {response.member for person in export.people for response in person.responses}


async def told(house: House, member: Actor) -> list[tuple[str, str, UUID]]:
    rows = await house.do(lambda work: receipts.of_member(work, member.id))
    return [(row.scope, row.role, row.room_id) for row in rows]


async def test_whoever_agreed_is_in_it_and_is_told_and_nobody_else(scene: Scene) -> None:
    marram, sedge = await scene.member("marram"), await scene.member("sedge")
    silent = await scene.member("teasel", agrees=False)
    new = await scene.member("yarrow", answers=False)

    export = await scene.export(scene.carer)

    assert members_in(export) == {marram.id, sedge.id}
    told_of_it = [("measures.export", "clinician", scene.room)]
    assert await told(scene.house, marram) == await told(scene.house, sedge) == told_of_it
    assert await told(scene.house, silent) == await told(scene.house, new) == []
    head = await scene.house.do(audit.head)
    assert head is not None
    assert (head.actor, head.verb, head.subject) == (
        scene.carer.id, "measures.export", str(scene.room),
    )  # fmt: skip


async def test_one_member_alone_leaves_when_one_is_asked_for(scene: Scene) -> None:
    marram, sedge = await scene.member("marram"), await scene.member("sedge")
    assert members_in(await scene.export(scene.carer, sedge)) == {sedge.id}
    assert await told(scene.house, marram) == []


async def test_whoever_took_it_back_is_not_in_it_even_at_the_last_moment(scene: Scene) -> None:
    marram, sedge = await scene.member("marram"), await scene.member("sedge")
    collected = await scene.collect(scene.carer)
    assert set(collected.people) == {marram.id, sedge.id}

    await scene.withdraw(marram)
    export = await scene.house.do(
        lambda work: measures_export.release(work, scene.carer, collected)
    )

    assert members_in(export) == {sedge.id}
    assert await told(scene.house, marram) == []
    assert set((await scene.collect(scene.carer)).people) == {sedge.id}
    with pytest.raises(NotFound):
        await scene.export(scene.carer, marram)


async def test_when_the_last_one_takes_it_back_nothing_leaves(scene: Scene) -> None:
    marram = await scene.member("marram")
    collected = await scene.collect(scene.carer)
    await scene.withdraw(marram)
    before = await scene.house.do(audit.head)
    with pytest.raises(NotNow):
        await scene.house.do(lambda work: measures_export.release(work, scene.carer, collected))
    assert await scene.house.do(audit.head) == before


async def test_consent_that_ran_out_or_is_for_something_else_lets_nothing_out(scene: Scene) -> None:
    marram = await scene.member("marram")
    mood = await scene.member("sedge", agrees=False)
    await scene.agree(mood, "mood")
    assert members_in(await scene.export(scene.carer)) == {marram.id}
    with pytest.raises(NotFound):
        await scene.export(scene.carer, mood)
    scene.house.clock.move(days=31)
    with pytest.raises(NotNow):
        await scene.export(scene.carer)


async def test_who_agreed_before_the_words_said_that_a_copy_may_leave_is_not_in_it(
    scene: Scene,
) -> None:
    sedge = await scene.member("sedge", agrees=False)
    await scene.house.do(lambda work: agree(work, scene.room, sedge.id, wording="2026-11 en"))
    with pytest.raises(NotFound):
        await scene.export(scene.carer, sedge)
    marram = await scene.member("marram")
    assert members_in(await scene.export(scene.carer)) == {marram.id}


async def test_only_the_clinician_of_the_group_exports(scene: Scene) -> None:
    marram = await scene.member("marram")
    others = [
        marram,
        await scene.house.join("linden", Role.CLINICIAN),
        await scene.house.join("fern", Role.MODERATOR),
        await scene.house.join("hearthkeeper", Role.STEWARD),
    ]
    for other in others:
        with pytest.raises(NotFound):
            await scene.export(other)
    collected = await scene.collect(scene.carer)
    await scene.house.do(lambda work: _leave(work, scene.room, scene.carer))
    with pytest.raises(NotFound):
        await scene.house.do(lambda work: measures_export.release(work, scene.carer, collected))
    assert await told(scene.house, marram) == []


def _leave(work: Work, room: UUID, actor: Actor) -> None:
    seat = rooms.find_seat(work, room, actor.id)
    assert seat is not None
    seat.left_at = work.now
    work.session.add(seat)


async def test_whoever_left_the_group_or_the_place_is_not_in_it(scene: Scene) -> None:
    marram, sedge = await scene.member("marram"), await scene.member("sedge")
    stays = await scene.member("teasel")
    await scene.house.do(lambda work: _leave(work, scene.room, marram))
    await scene.house.do(lambda work: _removed(work, sedge))
    assert members_in(await scene.export(scene.carer)) == {stays.id}


def _removed(work: Work, actor: Actor) -> None:
    member = work.session.get(Member, actor.id)
    assert member is not None
    member.state = "removed"
    work.session.add(member)


async def test_an_export_opens_what_a_look_would_open_and_no_more(scene: Scene) -> None:
    cast = [
        await scene.member(name, agrees=agrees)
        for name, agrees in (("marram", True), ("sedge", False), ("teasel", True))
    ]
    await scene.withdraw(cast[2])
    seen = {each.id for each in cast if await _may_look(scene, each)}
    assert seen == members_in(await scene.export(scene.carer)) == {cast[0].id}


async def _may_look(scene: Scene, member: Actor) -> bool:
    try:
        await scene.house.do(
            lambda work: sight.may_look(work, scene.carer, scene.room, member.id, "measures")
        )
    except NotFound:
        return False
    return True


async def test_the_looks_before_are_in_it_and_this_one_too(scene: Scene) -> None:
    marram = await scene.member("marram")
    await scene.house.do(
        lambda work: sight.look(work, scene.carer, scene.room, marram.id, "measures")
    )
    scene.house.clock.move(hours=1)
    [first] = (await scene.export(scene.carer)).people
    assert [look.exported for look in first.looks] == [False, True]
    scene.house.clock.move(hours=1)
    [second] = (await scene.export(scene.carer)).people
    assert [look.exported for look in second.looks] == [False, True, True]


async def test_nothing_that_leaves_names_anybody(scene: Scene) -> None:
    marram = await scene.member("marram-by-the-sea")
    export = await scene.export(scene.carer)
    fhir = b"".join(bundle.stream(export)).decode()
    table = b"".join(measures_csv.stream(export)).decode()
    for text in (fhir, table):
        for private in (
            marram.name,
            str(marram.id),
            scene.carer.name,
            str(scene.carer.id),
            str(scene.room),
            "Tides",
        ):
            assert private not in text
    assert json.loads(fhir)["type"] == "collection"
    assert await scene.house.do(lambda work: people.find_by_name_key(work, "marram-by-the-sea")), (
        "the guard: somebody has that name"
    )


async def test_the_table_has_a_line_for_each_answer_and_no_formula(scene: Scene) -> None:
    marram = await scene.member("marram")
    scene.source.answer(marram.id, scene.room, scene.house.clock.now(), _1=3)
    export = await scene.export(scene.carer)
    text = b"".join(measures_csv.stream(export)).decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text, newline="")))
    assert [(row["item"], row["answer"], row["value"]) for row in rows] == [
        ("1", "Nearly every day", "3"), ("2", "Not at all", "0"), ("total", "", "3"),
        ("1", "Nearly every day", "3"), ("2", "", ""), ("total", "not scored", ""),
    ]  # fmt: skip
    assert {row["person"] for row in rows} == {"1"}
    assert rows[1]["text"] == "'=1+1"


async def test_an_answer_outlives_the_definition_that_the_place_lost(scene: Scene) -> None:
    await scene.member("marram")
    scene.source.known.clear()
    export = await scene.export(scene.carer)
    [definition] = export.definitions
    assert (definition.title, [item.text for item in definition.items]) == ("moods", ["1", "2"])
    assert b'"3"' in b"".join(bundle.stream(export))
