"""Other words for what was said: answered once, under their own client_id, and never unheard."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from sqlmodel import select

from moderation.classifier import Assessment, Passage
from server.access import Actor, Role
from server.api.frames_in import Line
from server.errors import Conflict
from server.ids import new_id
from server.limits import POSTS_PER_MINUTE, Limits
from server.live.connection import Connection
from server.live.encoding import payload_of
from server.protocol import bodies, frames
from server.services import decisions, editing, publishing, rooms, seats
from server.services import messages as verbs
from server.services.reader import Reader
from server.services.reading import Reading
from server.store import assessments
from server.store import cases as stored_cases
from server.store import messages as stored
from server.store import rooms as stored_rooms
from server.store.tables import Message, Revision
from tests.server.readings import DANGER, calm, late, severe
from tests.server.store_fixture import House
from tests.server.test_posting import kitchen, page_for, pause, post, say, types


async def said(house: House, actor: Actor, room: Any, text: str = "hello") -> frames.Posted:
    return (await say(house, actor, post(room, text)))[0]  # type: ignore[no-any-return]


def edit_of(message: frames.Posted, text: str, **more: Any) -> frames.Edit:
    return frames.Edit(
        type="edit",
        room=message.room,
        client_id=more.pop("client_id", new_id()),
        message=message.id,
        text=text,
        **more,
    )


async def edit(
    house: House, actor: Actor, frame: frames.Edit, read: Reading | None = None
) -> list[Any]:
    return await house.do(lambda work: editing.edit(work, actor, frame, read or calm(frame.text)))


async def judge_open_case(house: House, moderator: Actor, message_id: Any, action: Any) -> None:
    case = await house.do(lambda work: stored_cases.find_open(work, message_id))
    assert case is not None
    asked = bodies.NewDecision(action=action, version=case.version, reason="I have looked.")
    await house.do(lambda work: decisions.decide(work, moderator, case.id, asked))


async def seat_moderator(house: House, room: Any, moderator: Actor) -> None:
    await house.do(lambda work: seats.take_seat(work, room, moderator.id, "moderator"))


@pytest.mark.parametrize(
    ("text", "read", "answers"),
    [
        ("hello again", calm(), ["posted"]),
        ("you will be sorry", severe(), ["held"]),
        (DANGER, calm(DANGER), ["posted", "support"]),
    ],
)
async def test_every_answer_to_an_edit_carries_the_client_id_of_the_edit(
    any_house: House, text: str, read: Reading, answers: list[str]
) -> None:
    ash, _, room = await kitchen(any_house)
    frame = edit_of(await said(any_house, ash, room), text)
    answered = await edit(any_house, ash, frame, read)
    assert types(answered) == answers
    assert {answer.client_id for answer in answered} == {frame.client_id}


@pytest.mark.parametrize(("text", "read"), [("hello again", calm()), ("be sorry", severe())])
async def test_the_same_edit_again_gets_the_first_answer_and_changes_nothing(
    any_house: House, text: str, read: Reading
) -> None:
    ash, birch, room = await kitchen(any_house)
    frame = edit_of(await said(any_house, ash, room), text)
    first = await edit(any_house, ash, frame, read)
    before, told = await page_for(any_house, birch, room), len(any_house.told)
    assert await edit(any_house, ash, frame, read) == first
    assert await page_for(any_house, birch, room) == before
    assert len(any_house.told) == told


async def test_a_held_edit_that_was_let_pass_is_answered_as_posted(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    fern = await any_house.join("Fern", Role.MODERATOR)
    await seat_moderator(any_house, room, fern)
    frame = edit_of(await said(any_house, ash, room), "you will be sorry")
    assert types(await edit(any_house, ash, frame, severe())) == ["held"]
    await any_house.do(
        lambda work: publishing.show(work, stored.by_id(work, [frame.message])[frame.message])
    )
    assert types(await edit(any_house, ash, frame, severe())) == ["posted"]


async def test_each_held_edit_keeps_its_own_answer(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    first, second = edit_of(message, "you will be sorry"), edit_of(message, "so very sorry")
    answered = await edit(any_house, ash, first, severe())
    await any_house.do(
        lambda work: publishing.show(work, stored.by_id(work, [message.id])[message.id])
    )
    other = await edit(any_house, ash, second, severe())
    assert other[0].notice != answered[0].notice
    assert await edit(any_house, ash, first, severe()) == answered
    assert await edit(any_house, ash, second, severe()) == other


async def test_other_words_under_the_client_id_of_an_edit_are_refused_and_not_lost_unsaid(
    any_house: House,
) -> None:
    ash, birch, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    frame = edit_of(message, "the first change")
    await edit(any_house, ash, frame)
    with pytest.raises(Conflict):
        await edit(any_house, ash, edit_of(message, "another change", client_id=frame.client_id))
    other = await said(any_house, ash, room, "another message")
    with pytest.raises(Conflict):
        await edit(any_house, ash, edit_of(other, "the first change", client_id=frame.client_id))
    page = await page_for(any_house, birch, room)
    assert [line.text for line in page.messages] == ["the first change", "another message"]


async def test_one_client_id_is_a_post_or_an_edit_never_both(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    draft = post(room, "hello")
    message = (await say(any_house, ash, draft))[0]
    with pytest.raises(Conflict):
        await edit(any_house, ash, edit_of(message, "hello", client_id=draft.client_id))
    frame = edit_of(message, "hello again")
    await edit(any_house, ash, frame)
    with pytest.raises(Conflict):
        await say(any_house, ash, post(room, "hello again", client_id=frame.client_id))


async def _paused(house: House, actor: Actor, message: frames.Posted) -> None:
    await house.do(lambda work: pause(work, message.room, actor))


async def _hidden(house: House, actor: Actor, message: frames.Posted) -> None:
    await house.do(lambda work: publishing.hide(work, stored.by_id(work, [message.id])[message.id]))


async def _left(house: House, actor: Actor, message: frames.Posted) -> None:
    await house.do(lambda work: rooms.leave(work, actor, message.room))


@pytest.mark.parametrize(
    ("befall", "code"), [(_paused, "paused"), (_hidden, "not_now"), (_left, "not_found")]
)
async def test_a_refused_edit_of_somebody_in_danger_opens_a_line(
    any_house: House, befall: Any, code: str
) -> None:
    ash, _, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    await befall(any_house, ash, message)
    frame = edit_of(message, DANGER)
    answers = await edit(any_house, ash, frame)
    assert types(answers) == ["support", "refused"]
    assert answers[1].code == code
    assert {answer.client_id for answer in answers} == {frame.client_id}
    line = answers[0].private_line
    assert types(await say(any_house, ash, post(line, "are you there?"))) == ["posted"]
    case = await any_house.do(lambda work: stored_cases.find_by_conversation(work, line))
    assert case is not None
    assert case.kind == "line"
    assert await stored_words(any_house, message) == "hello", "and nothing was changed"


class NoClassifier:
    """Stands where the assessor does: nobody has read anything."""

    version = "nobody"

    async def assess(self, passage: Passage) -> Assessment:
        return late().assessment


@pytest.mark.parametrize(
    ("text", "heard"), [("hello again", ["refused"]), (DANGER, ["support", "refused"])]
)
async def test_an_edit_that_comes_too_fast_is_still_read_for_danger(
    any_house: House, text: str, heard: list[str]
) -> None:
    ash, _, room = await kitchen(any_house)
    frame = edit_of(await said(any_house, ash, room), text)
    limits = Limits("normal")
    for _ in range(POSTS_PER_MINUTE["normal"]):
        limits.hit("post", str(ash.id))
    parts: Any = SimpleNamespace(
        database=any_house.database, limits=limits, reader=Reader(NoClassifier())
    )
    connection = Connection(ash)
    await Line(parts, connection).receive(frame.model_dump_json())
    answers = [orjson.loads(payload_of(answer)) for answer in await connection.outbox.take()]
    assert [answer["type"] for answer in answers] == heard
    assert answers[-1]["code"] == "too_fast"
    assert {answer["client_id"] for answer in answers} == {str(frame.client_id)}


async def test_a_calm_edit_that_is_refused_is_only_refused(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    message = await said(any_house, ash, room)
    await any_house.do(lambda work: pause(work, room, ash))
    assert types(await edit(any_house, ash, edit_of(message, "hello again"))) == ["refused"]


async def test_a_closed_room_takes_no_new_words_by_an_edit_either(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    message = await said(any_house, ash, room)

    def close(work: Any) -> None:
        closed = stored_rooms.find_room(work, room)
        assert closed is not None
        closed.state = "closed"
        work.session.add(closed)

    await any_house.do(close)
    answers = await edit(any_house, ash, edit_of(message, "hello again"))
    assert [answer.code for answer in answers] == ["room_closed"]


async def revisions(house: House, message_id: Any) -> int:
    query = select(Revision).where(Revision.message_id == message_id)
    return len(await house.do(lambda work: work.session.exec(query).all()))


async def stored_words(house: House, message: frames.Posted) -> str | None:
    return await house.do(
        lambda work: stored.open_text(work, stored.by_id(work, [message.id])[message.id])
    )


async def withdraw(house: House, actor: Actor, message: frames.Posted) -> None:
    frame = frames.Withdraw(type="withdraw", room=message.room, message=message.id)
    await house.do(lambda work: verbs.withdraw(work, actor, frame))


async def test_withdrawn_words_are_gone_with_all_that_stood_there_before(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    message = (await say(any_house, ash, post(room, "hello", content_note="About a loss.")))[0]
    await edit(any_house, ash, edit_of(message, "hello again"))
    assert await revisions(any_house, message.id) == 1, "the guard: there is one"
    await withdraw(any_house, ash, message)
    assert await revisions(any_house, message.id) == 0
    row = await any_house.do(lambda work: work.session.get(Message, message.id))
    assert row is not None
    assert (row.sealed, row.sealed_note) == (None, None)


async def test_an_open_case_keeps_withdrawn_words_until_it_closes(any_house: House) -> None:
    ash, _, room = await kitchen(any_house)
    fern = await any_house.join("Fern", Role.MODERATOR)
    await seat_moderator(any_house, room, fern)
    message = await said(any_house, ash, room)
    await edit(any_house, ash, edit_of(message, DANGER))
    await withdraw(any_house, ash, message)
    assert (await stored_words(any_house, message), await revisions(any_house, message.id)) == (
        DANGER,
        1,
    )
    await judge_open_case(any_house, fern, message.id, "dismiss")
    assert await stored_words(any_house, message) is None
    assert await revisions(any_house, message.id) == 0


@pytest.mark.parametrize("moves", [{"hours": 1}, {"hours": -1}])
async def test_words_are_called_read_only_when_they_were_read_as_they_are_now(
    any_house: House, moves: dict[str, float]
) -> None:
    """Whatever the clock does between: what nobody has read is never shown as read."""
    ash, _, room = await kitchen(any_house)
    message = await said(any_house, ash, room)

    async def is_read() -> bool:
        return await any_house.do(lambda work: assessments.is_assessed(work, message.id))

    assert await is_read()
    any_house.clock.move(**moves)
    await edit(any_house, ash, edit_of(message, "other words"), late())
    assert not await is_read()
    any_house.clock.move(**moves)
    await edit(any_house, ash, edit_of(message, "others again"), calm())
    assert await is_read()
    waiting = await any_house.do(lambda work: assessments.waiting(work, 10))
    assert waiting == [], "the words that nobody read are gone"
