"""A member asks for a look: told what came of it, and nobody buries what is about themselves."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from moderation.cases import CaseKind
from moderation.ladder import Rung
from server.access import Actor, Relation, Role, relation_of
from server.errors import NotFound
from server.ids import new_id
from server.live.connection import Connection
from server.live.hub import Hub
from server.protocol import bodies, frames
from server.services import (
    appeals,
    by_itself,
    case_view,
    cases,
    conversations,
    decisions,
    ladder,
    notices,
    queue,
    seats,
)
from server.services import messages as verbs
from server.store import queue as stored_queue
from server.store import rooms
from server.store.tables import Case, CaseFlag
from server.store.work import ToStaff, Work
from tests.server.store_fixture import House
from tests.server.test_decisions import REASON, Scene


class Place:
    """Two rooms with keepers of their own, a steward, a clinician, and a peer who points something out."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def made(self) -> "Place":
        join = self.house.join
        self.ash = await join("Ash")
        self.fern = await join("fernhollow", Role.MODERATOR)
        self.still = await join("stillwater", Role.MODERATOR)
        self.elsewhere = await join("elsewhere", Role.MODERATOR)
        self.linden = await join("linden", Role.CLINICIAN)
        self.keeper = await join("hearthkeeper", Role.STEWARD)
        self.room = await self.house.room(
            "Low days", (self.ash, "member"), (self.fern, "moderator"), (self.still, "moderator"),
            (self.linden, "clinician"), (self.keeper, "member"),
        )  # fmt: skip
        self.other = await self.house.room("Kitchen", (self.elsewhere, "moderator"))
        return self

    async def flag(
        self,
        author: Actor,
        *,
        aside: bool = False,
        reason: Any = "unkind",
        words: str | None = None,
    ) -> Case:
        said = await self.house.say(self.room, author, "pull yourself together")
        frame = frames.Flag(
            type="flag", room=self.room, message=said.id, reason=reason, aside=aside, words=words
        )
        self.house.told.clear()
        await self.house.do(lambda work: verbs.flag(work, self.ash, frame))
        [told] = {frame.case for frame in self.house.staff()}
        return await self.house.do(lambda work: _case(work, told))

    async def sees(self, case: Case) -> set[str]:
        """Who can open it, after the same was asked of every list."""
        found = set()
        for actor in (self.fern, self.still, self.elsewhere, self.linden, self.keeper):
            opened = await self._opens(actor, case)
            assert await self._lists(actor, case) == opened, actor.name
            assert await self._counts(actor) == opened, actor.name
            assert await self._hears(actor) == opened, actor.name
            assert await self._is_handed(actor, case) == opened, actor.name
            found |= {actor.name} if opened else set()
        return found

    async def _opens(self, actor: Actor, case: Case) -> bool:
        try:
            await self.house.do(lambda work: case_view.read_case(work, actor, case.id))
        except NotFound:
            return False
        return True

    async def _lists(self, actor: Actor, case: Case) -> bool:
        wanted = stored_queue.Wanted()
        page = await self.house.do(lambda work: queue.read_queue(work, actor, wanted))
        return case.id in [line.id for line in page.cases]

    async def _counts(self, actor: Actor) -> bool:
        wanted = stored_queue.Wanted()
        page = await self.house.do(lambda work: queue.read_queue(work, actor, wanted))
        return sum(page.open.values()) > 0

    async def _is_handed(self, actor: Actor, case: Case) -> bool:
        handed = await self.house.do(lambda work: queue.next_case(work, actor))
        if handed.case:
            await self.house.do(partial(queue.release, actor=actor, case_id=handed.case))
        return handed.case == case.id

    async def _hears(self, actor: Actor) -> bool:
        """By the hub, as the announcement went out."""
        hub = Hub(lambda _: None)
        kept = await self.house.do(lambda work: _relations(work, actor))
        connection = Connection(actor)
        connection.keeps.update(kept)
        hub.add(connection)
        hub.announce([one for one in self.house.told if isinstance(one, ToStaff)][:1])  # type: ignore[arg-type]
        return bool(connection.outbox._frames)


def _case(work: Work, case_id: UUID) -> Case:
    found = work.session.get(Case, case_id)
    assert found is not None
    return found


def _relations(work: Work, actor: Actor) -> dict[UUID, Relation]:
    return {room: relation_of(seat.seat) for room, seat in rooms.seats_of(work, actor.id).items()}


@pytest.fixture
async def place(any_house: House) -> Place:
    return await Place(any_house).made()


async def test_what_is_about_a_peer_goes_to_those_who_keep_the_room(place: Place):
    case = await place.flag(place.keeper, aside=True)  # here only a member
    assert not case.aside
    assert await place.sees(case) == {"fernhollow", "stillwater"}


async def test_what_is_about_a_keeper_goes_to_another_keeper(place: Place):
    case = await place.flag(place.fern)
    assert not case.aside
    assert await place.sees(case) == {"stillwater"}
    [told] = (await place.house.do(lambda work: notices.list_mine(work, place.ash))).notices
    assert told.words.startswith("Thank you. Somebody other than the person")


async def test_who_asks_that_the_rooms_keepers_do_not_see_it_is_heard(place: Place):
    case = await place.flag(place.fern, aside=True, words="They laugh about us together.")
    assert case.aside
    assert await place.sees(case) == {"elsewhere", "hearthkeeper"}
    [told] = (await place.house.do(lambda work: notices.list_mine(work, place.ash))).notices
    assert "do not see what you sent" in told.words


async def test_what_is_set_aside_is_a_case_of_its_own_beside_the_rooms(place: Place):
    said = await place.house.say(place.room, place.fern, "pull yourself together")
    for aside in (False, True):
        frame = frames.Flag(
            type="flag", room=place.room, message=said.id, reason="unkind", aside=aside,
            words="secret" if aside else None,
        )  # fmt: skip
        await place.house.do(partial(verbs.flag, actor=place.ash, frame=frame))
    page = await place.house.do(
        lambda work: queue.read_queue(work, place.still, stored_queue.Wanted())
    )
    [line] = page.cases
    seen = await place.house.do(lambda work: case_view.read_case(work, place.still, line.id))
    assert (line.flags, seen.subject.open_cases) == (1, 1)
    assert "secret" not in seen.model_dump_json()


async def test_who_keeps_a_room_alone_does_not_judge_themselves(any_house: House):
    ash, fern = await any_house.join("Ash"), await any_house.join("fern", Role.MODERATOR)
    keeper = await any_house.join("hearthkeeper", Role.STEWARD)
    room = await any_house.room("Low days", (ash, "member"), (fern, "moderator"))
    said = await any_house.say(room, fern, "pull yourself together")
    frame = frames.Flag(type="flag", room=room, message=said.id, reason="unkind")
    await any_house.do(lambda work: verbs.flag(work, ash, frame))

    wanted = stored_queue.Wanted()
    mine = await any_house.do(lambda work: queue.read_queue(work, fern, wanted))
    hers = await any_house.do(lambda work: queue.read_queue(work, keeper, wanted))
    assert (len(mine.cases), len(hers.cases)) == (0, 1)
    assert hers.cases[0].aside


async def test_a_steward_decides_and_another_judges_the_appeal(place: Place):
    case = await place.flag(place.fern, aside=True)
    asked = bodies.NewDecision(action="warn", version=case.version, reason=REASON)
    await place.house.do(lambda work: decisions.decide(work, place.keeper, case.id, asked))
    mine = await place.house.do(lambda work: notices.list_mine(work, place.fern))
    [warning] = [one for one in mine.notices if one.kind == "warn"]
    assert warning.by == "steward"

    place.house.told.clear()
    await place.house.do(lambda work: appeals.appeal(work, place.fern, warning.id, "Why?"))
    [frame] = place.house.staff()
    appeal = await place.house.do(lambda work: _case(work, frame.case))
    assert appeal.aside
    with pytest.raises(NotFound):
        await place.house.do(lambda work: case_view.read_case(work, place.still, appeal.id))
    theirs = await place.house.do(lambda work: case_view.read_case(work, place.keeper, appeal.id))
    other = await place.house.do(lambda work: case_view.read_case(work, place.elsewhere, appeal.id))
    assert "uphold" not in theirs.allowed
    assert "uphold" in other.allowed


async def test_those_outside_are_called_when_nobody_looks(place: Place):
    case = await place.flag(place.fern, aside=True, reason="worried")
    called: dict[Rung, set[UUID]] = {}
    for rung in (Rung.AGAIN, Rung.CLINICIANS, Rung.ON_CALL):
        case.rung = rung
        called[rung] = set(await place.house.do(partial(ladder.called, case=case, rung=rung)))
    assert called[Rung.AGAIN] == {place.keeper.id}
    assert called[Rung.CLINICIANS] == {place.linden.id}
    assert called[Rung.ON_CALL] == {place.keeper.id, place.elsewhere.id}
    place.house.clock.move(minutes=16)
    for timer in await place.house.do(by_itself.find_due):
        await place.house.do(partial(by_itself.run, timer_id=timer, has_command=False))
    for kept_out in (place.fern, place.still):
        told = await place.house.do(partial(notices.list_mine, actor=kept_out))
        assert told.notices == []


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("dismiss", "left it as it is"),
        ("hide", "did something about it"),
        ("remove_member", "did something about it"),
        ("care_note", "has turned to the person"),
    ],
)
async def test_who_asked_is_told_what_came_of_it_and_nothing_of_a_sanction(
    any_house: House, action: str, words: str
):
    scene = await Scene(any_house).set()
    ash = await any_house.join("Ash")
    await any_house.do(lambda work: _seat(work, scene.room, ash.id))
    said = await any_house.say(scene.room, scene.marram, "pull yourself together")
    frame = frames.Flag(type="flag", room=scene.room, message=said.id, reason="not_sure")
    await any_house.do(lambda work: verbs.flag(work, ash, frame))
    [told] = any_house.staff()
    case = await any_house.do(lambda work: _case(work, told.case))

    await scene.decide(scene.fern, case, action, words="Be gentle with yourself.")

    answer = (await any_house.do(lambda work: notices.list_mine(work, ash))).notices[0]
    assert answer.kind == "flag_answered"
    assert words in answer.words
    for private in ("removed", "hidden", "warn", "seat", REASON, "gentle with yourself"):
        assert private not in answer.words


def _seat(work: Work, room: UUID, member: UUID) -> None:
    seats.take_seat(work, room, member)


async def test_a_private_conversation_comes_out_only_when_somebody_in_it_asks(any_house: House):
    ash, fern = await any_house.join("Ash"), await any_house.join("fern", Role.MODERATOR)
    await any_house.join("hearthkeeper", Role.STEWARD)
    room = await any_house.room("Low days", (ash, "member"), (fern, "moderator"))
    line = await any_house.do(lambda work: conversations.open_line(work, ash.id, room))
    said = await any_house.say(line.id, fern, "pull yourself together")
    by_machine = await any_house.case(line.id, fern, said, kind=CaseKind.HARM)
    assert not by_machine.aside

    other = await any_house.say(line.id, fern, "or else")
    frame = frames.Flag(type="flag", room=line.id, message=other.id, reason="unkind")
    any_house.told.clear()
    await any_house.do(lambda work: verbs.flag(work, ash, frame))
    [told] = any_house.staff()
    assert (await any_house.do(lambda work: _case(work, told.case))).aside


async def test_the_machines_cases_about_a_lone_keeper_are_set_aside_too(any_house: House):
    fern = await any_house.join("fern", Role.MODERATOR)
    room = await any_house.room("Low days", (fern, "moderator"))
    case = await any_house.case(room, fern, kind=CaseKind.HARM)
    assert case.aside
    assert cases.is_for_clinicians(case)


async def test_what_was_sent_twice_is_asked_once_and_answered_alike(any_house: House) -> None:
    place = await Place(any_house).made()
    said = await any_house.say(place.room, place.fern, "pull yourself together")
    frame = frames.Flag(
        type="flag", room=place.room, message=said.id, reason="unkind", words="It hurt.", aside=True
    )
    client_id = new_id()
    ask = partial(verbs.flag, actor=place.ash, frame=frame)
    answers = [await any_house.do(partial(ask, client_id=client_id)) for _ in range(2)]
    assert [answer.who for answer in answers] == ["aside", "aside"]
    told = await any_house.do(lambda work: notices.list_mine(work, place.ash))
    assert [notice.kind for notice in told.notices] == ["flag_answered"]
    await any_house.do(partial(ask, client_id=new_id()))
    assert len(await any_house.do(_flags)) == 2, "another time it is another one"


def _flags(work: Work) -> list[CaseFlag]:
    return list(work.session.exec(select(CaseFlag)))
