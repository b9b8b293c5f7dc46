"""What comes in numbers is done in one go, and nobody can tell: the same rows, answers and events."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from server.access import Actor
from server.errors import Conflict, NotFound, ServerError
from server.ids import new_id
from server.protocol import frames
from server.services import ordinary, posting, rooms, seats
from server.services.ordinary import Draft
from server.services.reading import Reading
from server.store import rooms as stored_rooms
from server.store.tables import Assessment, Message, RoomEvent, RoomHead
from server.store.work import Together, ToRoom, Work
from tests.server.readings import DANGER, calm, harsh, late, severe, warm
from tests.server.store_fixture import House


def post(room: UUID, text: str, **more: Any) -> frames.Post:
    return frames.Post(
        type="post", room=room, client_id=more.pop("client_id", new_id()), text=text, **more
    )


async def kitchen(house: House) -> tuple[Actor, Actor, UUID]:
    """Ash and Birch in one room."""
    ash, birch = await house.join("Ash"), await house.join("Birch")
    return ash, birch, await house.room("Kitchen", (ash, "member"), (birch, "host"))


def said(house: House, room: UUID) -> list[Any]:
    return [a.frame for a in house.told if isinstance(a, ToRoom) and a.room == room]


async def stored(house: House, room: UUID, *tables: Any) -> list[list[dict[str, Any]]]:
    """Every row of the room, by `seq` or time, without what is new each time."""
    new = {"id", "room_id", "message_id", "client_id", "fingerprint", "sealed", "sealed_note", "reply_to"}  # fmt: skip

    def verb(work: Work) -> list[list[dict[str, Any]]]:
        found = []
        for table in tables:
            query = select(table).where(col(table.room_id) == room).order_by(*_order(table))
            found.append([row.model_dump(exclude=new) for row in work.session.exec(query)])
        return found

    return await house.database.read(verb)


def _order(table: Any) -> tuple[Any, ...]:
    return (table.seq,) if hasattr(table, "seq") else (table.id,)


def drafts_of(room: UUID, ash: Actor, birch: Actor, asked: Any) -> Sequence[Draft]:
    """One ordinary post of each sort. praised: client_ids whose number asks for praise."""
    praised = UUID(int=(new_id().int // 4) * 4)
    return [
        Draft(ash, post(room, "good morning"), calm()),
        Draft(birch, post(room, "I hear you", reply_to=asked), calm()),
        Draft(ash, post(room, "nobody has read this", content_note="about work"), late()),
        Draft(ash, post(room, "is anybody here?", ask=True), calm()),
        Draft(birch, post(room, "said harshly, on purpose", insist=True), harsh()),
        Draft(birch, post(room, "so sorry", reply_to=asked, client_id=praised), warm()),
    ]


async def test_in_one_go_or_one_by_one_the_same_is_stored_answered_and_told(
    any_house: House,
) -> None:
    ash, birch, _ = await kitchen(any_house)
    outcomes = []
    for together in (True, False):
        room = await any_house.room("Porch", (ash, "member"), (birch, "host"))
        asked = (await any_house.say(room, ash, "nobody listens")).id
        drafts = drafts_of(room, ash, birch, asked)
        answers = await _post_all(any_house, drafts, together=together)
        tables = await stored(any_house, room, Message, RoomEvent, Assessment, RoomHead)
        outcomes.append((_shapes(answers), _shapes([said(any_house, room)]), tables))
    assert outcomes[0] == outcomes[1]
    assert [answer[-1]["type"] for answer in outcomes[0][0]][-1] == "praise"


async def _post_all(house: House, drafts: Sequence[Draft], *, together: bool) -> list[list[Any]]:
    def verb(work: Work) -> list[list[Any]]:
        if not together:
            return [posting.post(work, d.actor, d.frame, d.read) for d in drafts]
        answers = ordinary.post_together(work, drafts)
        assert None not in answers, "each of these is ordinary"
        return answers  # type: ignore[return-value]

    return await house.do(verb)


def _shapes(answers: Sequence[Sequence[Any]]) -> list[list[dict[str, Any]]]:
    new = {"id", "room", "client_id", "reply_to", "words"}
    return [[a.model_dump(exclude=new) for a in some] for some in answers]


async def test_what_is_not_ordinary_is_left_whole_for_the_other_way(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    asked = (await any_house.say(room, ash, "nobody listens")).id
    known = post(room, "only once")
    await any_house.do(lambda work: posting.post(work, ash, known, calm()))
    nudged = post(room, "you are an idiot", reply_to=asked)
    await any_house.do(lambda work: posting.post(work, birch, nudged, harsh()))
    cedar, gone, resting = (
        await any_house.join("Cedar"),
        await any_house.join("Gone"),
        await any_house.join("Resting"),
    )
    closed = await any_house.room("Closed", (ash, "member"))
    private = await any_house.room("Private", (ash, "member"))

    def arrange(work: Work) -> None:
        for room_id, name, value in (
            (closed, "state", "closed"),
            (private, "kind", "conversation"),
        ):
            setattr(stored_rooms.find_room(work, room_id), name, value)
        for member in (gone, resting):
            seats.take_seat(work, room, member.id, "member")
        work.session.flush()
        left, paused = (stored_rooms.find_any_seat(work, room, one.id) for one in (gone, resting))
        assert left
        assert paused
        left.left_at, paused.paused_until = work.now, work.now + timedelta(hours=1)

    await any_house.do(arrange)
    before = await stored(any_house, room, Message, RoomEvent)
    drafts = [
        Draft(ash, known, calm()),
        Draft(birch, post(room, "gentler", client_id=nudged.client_id, reply_to=asked), calm()),
        Draft(cedar, post(room, "let me in"), calm()),
        Draft(gone, post(room, "still here"), calm()),
        Draft(resting, post(room, "may I?"), calm()),
        Draft(ash, post(closed, "hello?"), calm()),
        Draft(ash, post(private, "just us"), calm()),
        Draft(ash, post(room, "to nothing", reply_to=new_id()), calm()),
        Draft(birch, post(room, "you are an idiot", reply_to=asked), harsh()),
        Draft(birch, post(room, "you will be sorry"), severe()),
        Draft(ash, post(room, DANGER), calm(DANGER)),
    ]
    told = len(any_house.told)
    answers = await any_house.do(lambda work: ordinary.post_together(work, drafts))
    assert answers == [None] * len(drafts)
    assert await stored(any_house, room, Message, RoomEvent) == before
    assert len(any_house.told) == told


async def test_many_at_once_are_each_answered_in_their_own_way(any_house: House) -> None:
    ash, birch, room = await kitchen(any_house)
    cedar = await any_house.join("Cedar")
    twice = post(room, "only once")
    other = post(room, "other words", client_id=twice.client_id)
    drafts = [
        Draft(ash, twice, calm()),
        Draft(ash, twice, calm()),
        Draft(ash, other, calm()),
        Draft(cedar, post(room, "let me in"), calm()),
        *(Draft(birch, post(room, f"number {n}"), calm()) for n in range(40)),
        Draft(ash, post(room, DANGER), calm(DANGER)),
    ]
    answers = await asyncio.gather(
        *(any_house.database.do_together(posting.POSTS, draft) for draft in drafts),
        return_exceptions=True,
    )
    assert answers[0] == answers[1]
    assert isinstance(answers[2], Conflict)
    assert isinstance(answers[3], NotFound)
    kinds = [answer.type for answer in answers[-1] if not isinstance(answers[-1], ServerError)]  # type: ignore[union-attr]
    assert kinds == ["posted", "support"]
    told = [frame.seq for frame in said(any_house, room) if frame.type == "message"]
    assert told == list(range(told[0], told[0] + 42)), "each once, in order, without a gap"


async def test_when_many_fail_each_goes_by_itself_and_nothing_is_doubled(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)

    def fails_at_its_end(work: Work, drafts: Sequence[Draft]) -> list[Any]:
        ordinary.post_together(work, drafts)
        raise RuntimeError

    verbs = Together(many=fails_at_its_end, one=posting.POSTS.one)
    drafts = [Draft(ash, post(room, f"number {n}"), calm()) for n in range(5)]
    answers = await asyncio.gather(
        *(any_house.database.do_together(verbs, draft) for draft in drafts)
    )
    told = [frame.seq for frame in said(any_house, room) if frame.type == "message"]
    assert sorted(answer[0].seq for answer in answers) == told
    (messages,) = await stored(any_house, room, Message)
    assert len(messages) == 5


@pytest.mark.parametrize("reading", [calm(), late()])
async def test_an_ordinary_post_can_be_read_again(any_house: House, reading: Reading) -> None:
    ash, _, room = await kitchen(any_house)
    frame = post(room, "a quiet day", content_note="small things")
    await any_house.database.do_together(posting.POSTS, Draft(ash, frame, reading))
    page = await any_house.do(lambda work: rooms.history(work, ash, room, None))
    (shown,) = [m for m in page.messages if m.client_id == frame.client_id]
    assert (shown.text, shown.content_note) == ("a quiet day", "small things")
