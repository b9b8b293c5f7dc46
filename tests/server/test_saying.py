"""Words on their way in: whatever refuses them, they are read for danger first."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest

from moderation.classifier import Assessment, Passage
from server.access import Actor
from server.api.frames_in import Line
from server.ids import new_id
from server.limits import Limits
from server.live.connection import Connection
from server.live.encoding import payload_of
from server.protocol import frames
from server.services import late as late_reading
from server.services import posting, seats
from server.services.reader import Reader
from server.store import cases as stored_cases
from server.store.work import ToMember, Work
from tests.server.readings import DANGER, calm, late
from tests.server.store_fixture import House


class Calm:
    """Stands where the assessor does: read, and nothing was found."""

    version = "calm"

    async def assess(self, passage: Passage) -> Assessment:
        return calm().assessment


async def a_line(house: House, limits: str = "bench") -> tuple[Actor, Any, Any]:
    """Ash's socket from the inside, in a room; the third says what it answered to some frames."""
    ash = await house.join("Ash")
    room = await house.room("Kitchen", (ash, "member"))
    parts: Any = SimpleNamespace(
        database=house.database, limits=Limits(limits), reader=Reader(Calm())
    )
    connection = Connection(ash)
    line = Line(parts, connection)

    async def says(*said: dict[str, Any]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = []
        for frame in said:
            await line.receive(orjson.dumps(frame).decode())
            for answer in await connection.outbox.take():
                connection.outbox.sent(answer)
                answers.append(orjson.loads(payload_of(answer)))
        return answers

    return ash, room, says


def post(room: Any, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "post", "room": str(room), "client_id": str(new_id()), "text": text, **more}


def types(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["type"] for answer in answers]


LONG = "It has been such a long time. " * 200


@pytest.mark.parametrize(
    "frame",
    [
        {"text": LONG + DANGER},
        {"text": DANGER + LONG},
        {"text": DANGER + "\x00"},
        {"text": DANGER, "x": 1},
    ],
    ids=[
        "too long, at its end",
        "too long, at its start",
        "a letter nobody can store",
        "a field too many",
    ],
)
async def test_a_cry_for_help_in_a_frame_that_is_refused_is_heard(
    any_house: House, frame: dict[str, Any]
) -> None:
    _, room, says = await a_line(any_house)
    answers = await says(post(room, "") | frame)
    assert types(answers) == ["support", "refused"]
    line = UUID(answers[0]["private_line"])
    assert (
        await any_house.do(lambda work: stored_cases.find_by_conversation(work, line)) is not None
    )


async def test_other_words_under_an_old_client_id_are_refused_and_still_heard(
    any_house: House,
) -> None:
    _, room, says = await a_line(any_house)
    first = post(room, "hello")
    answers = await says(first, first | {"text": DANGER})
    assert types(answers) == ["posted", "support", "refused"]
    assert answers[-1]["code"] == "conflict"


async def test_help_comes_again_with_the_repeated_answer(any_house: House) -> None:
    _, room, says = await a_line(any_house)
    frame = post(room, DANGER)
    assert types(await says(frame)) == ["posted", "support"]
    assert types(await says(frame)) == ["posted", "support"]


async def test_an_edit_of_what_is_not_there_is_still_heard(any_house: House) -> None:
    _, room, says = await a_line(any_house)
    frame = post(room, DANGER) | {"type": "edit", "message": str(new_id())}
    assert types(await says(frame)) == ["support", "refused"]


async def test_a_content_note_is_read_like_the_words_behind_it(any_house: House) -> None:
    _, room, says = await a_line(any_house)
    answers = await says(post(room, "hello", content_note="I am going to kill myself tonight"))
    assert types(answers) == ["posted", "support"]


async def test_who_repeats_a_refused_cry_always_sees_help_and_fills_no_queue(house: House) -> None:
    _, room, says = await a_line(house, "normal")
    fern = await house.join("Fern")
    await house.do(lambda work: seats.take_seat(work, room, fern.id, "moderator"))
    answers = await says(*(post(room, DANGER, x=number) for number in range(30)))
    assert types(answers) == ["support", "refused"] * 30
    assert len(house.staff()) <= 10


async def test_danger_that_is_read_late_brings_help_late(any_house: House) -> None:
    ash = await any_house.join("Ash")
    room = await any_house.room("Kitchen", (ash, "member"))
    frame = frames.Post(type="post", room=room, client_id=new_id(), text="hello there")
    await any_house.do(lambda work: posting.post(work, ash, frame, late()))
    unread = (await any_house.do(late_reading.find_unread))[0]
    grave = Assessment(assessed=True, model="test", language="en", signals={"risk": 5.0})

    def record(work: Work) -> None:
        late_reading.record(work, unread.assessment_id, grave)

    await any_house.do(record)
    cards = [a.frame for a in any_house.told if isinstance(a, ToMember) and a.member == ash.id]
    assert "support" in [frame.type for frame in cards]  # type: ignore[attr-defined]
