"""Coming back: what was missed, in order, as it may be seen now."""

import asyncio
import time
from functools import partial
from typing import Any, get_args

import pytest
from sqlalchemy import text
from sqlmodel import col, update

from server.access import Actor
from server.errors import NotFound
from server.ids import new_id
from server.live.encoding import encode
from server.protocol import frames
from server.services import editing, listening, posting, publishing, rooms, seats
from server.services import messages as verbs
from server.store import crossing, place
from server.store import messages as stored
from server.store import rooms as stored_rooms
from server.store.tables import Audit
from server.store.work import ToRoom, Work
from tests.server.readings import calm
from tests.server.store_fixture import House


async def table(house: House) -> tuple[Actor, Actor, Any]:
    ash, birch = await house.join("Ash"), await house.join("Birch")
    return ash, birch, await house.room("Kitchen", (ash, "member"), (birch, "member"))


async def missed(house: House, actor: Actor, room: Any, after: int = 0) -> list[Any]:
    await house.database.read(lambda work: listening.start(work, actor, room))
    page = await house.database.read(lambda work: listening.page_after(work, room, after))
    assert [seq for seq, _ in page] == list(range(after + 1, after + 1 + len(page))), "a gap"
    return [frame for _, frame in page]


async def test_what_was_missed_comes_in_order_without_a_gap(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    for number in range(5):
        await any_house.say(room, ash, f"message {number}")
    told = await missed(any_house, birch, room)
    assert [frame.text for frame in told if frame.type == "message"] == [
        f"message {n}" for n in range(5)
    ]
    assert [frame.change for frame in told if frame.type == "changed"] == ["joined", "joined"]


async def test_hidden_and_withdrawn_words_never_come_again(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    hidden, withdrawn = (
        await any_house.say(room, ash, "HIDDEN-WORDS"),
        await any_house.say(room, ash, "TAKEN-BACK"),
    )
    await any_house.do(lambda w: publishing.hide(w, stored.by_id(w, [hidden.id])[hidden.id]))
    taken = frames.Withdraw(type="withdraw", room=room, message=withdrawn.id)
    await any_house.do(lambda w: verbs.withdraw(w, ash, taken))
    told = await missed(any_house, birch, room)
    heard = "".join(frame.model_dump_json() for frame in told)
    assert "HIDDEN-WORDS" not in heard
    assert "TAKEN-BACK" not in heard
    assert [frame.change for frame in told][-2:] == ["hidden", "withdrawn"]
    live = "".join(
        a.frame.model_dump_json() for a in any_house.told if isinstance(a, ToRoom) and a.seq > 4
    )
    assert "HIDDEN-WORDS" not in live


async def test_what_was_missed_and_what_is_fetched_anew_agree(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    first, second = (
        await any_house.say(room, ash, "first"),
        await any_house.say(room, ash, "second"),
    )
    edit = frames.Edit(
        type="edit", room=room, client_id=new_id(), message=first.id, text="first, mended"
    )
    await any_house.do(lambda w: editing.edit(w, ash, edit, calm("first, mended")))
    react = frames.React(type="react", room=room, message=second.id, reaction="hug")
    await any_house.do(lambda w: verbs.react(w, birch, react))
    await any_house.do(lambda w: publishing.hide(w, stored.by_id(w, [second.id])[second.id]))
    await any_house.do(lambda w: publishing.show(w, stored.by_id(w, [second.id])[second.id]))
    fresh = await any_house.do(lambda w: rooms.history(w, birch, room, None))
    assert _apply(await missed(any_house, birch, room)) == {
        message.id: (message.text, dict(message.reactions)) for message in fresh.messages
    }


def _apply(told: list[Any]) -> dict[Any, Any]:
    """What a client holds after applying every frame."""
    held: dict[Any, Any] = {}
    for frame in told:
        if frame.type == "message":
            held[frame.id] = (frame.text, dict(frame.reactions))
        elif frame.type == "reaction":
            held[frame.message] = (held[frame.message][0], dict(frame.reactions))
        elif frame.type == "changed" and frame.change in {"edited", "shown"} and frame.message:
            held[frame.message] = (frame.text, held[frame.message][1])
    return held


async def test_someone_who_left_hears_nothing_more(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    await any_house.do(lambda w: rooms.leave(w, birch, room))
    await any_house.say(room, ash, "after you left")
    with pytest.raises(NotFound):
        await missed(any_house, birch, room)


async def test_someone_who_was_removed_does_not_come_back_alone(any_house: House) -> None:
    _, birch, room = await table(any_house)

    def remove(work: Any) -> None:
        seat = stored_rooms.find_seat(work, room, birch.id)
        assert seat is not None
        seat.removed_at = work.now
        seats.end_seat(work, seat, "removed")

    await any_house.do(remove)
    with pytest.raises(NotFound):
        await any_house.do(lambda w: rooms.enter(w, birch, room, {}))


async def test_history_comes_in_pages_that_meet(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    for number in range(25):
        await any_house.say(room, ash, str(number))
    seen: list[str] = []
    before: int | None = None
    while True:
        page = await any_house.do(
            partial(rooms.history, actor=birch, room_id=room, before=before, limit=10)
        )
        seen = [message.text or "" for message in page.messages] + seen
        before = page.before
        if before is None:
            break
    assert seen == [str(number) for number in range(25)]


async def test_unread_counts_only_the_words_of_others(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    await any_house.say(room, ash, "one")
    await any_house.say(room, birch, "mine")
    await any_house.say(room, ash, "two")
    listed = await any_house.do(lambda w: rooms.list_rooms(w, birch, {room: 1}))
    assert [(line.unread, line.here) for line in listed.rooms] == [(2, 1)]
    head = listed.rooms[0].seq
    await any_house.do(
        lambda w: verbs.mark_read(w, birch, frames.Read(type="read", room=room, seq=head + 1_000))
    )
    listed = await any_house.do(lambda w: rooms.list_rooms(w, birch, {}))
    assert listed.rooms[0].unread == 0
    await any_house.say(room, ash, "three")
    assert (await any_house.do(lambda w: rooms.list_rooms(w, birch, {}))).rooms[0].unread == 1


async def test_whoever_is_new_has_nothing_to_catch_up_on_and_no_more_are_counted_than_asked(
    any_house: House,
) -> None:
    ash, _, room = await table(any_house)
    for words in ("one", "two"):
        await any_house.say(room, ash, words)
    cedar = await any_house.join("Cedar")
    await any_house.do(lambda w: seats.take_seat(w, room, cedar.id))
    detail = await any_house.do(lambda w: rooms.get_room(w, cedar, room, {}))
    assert (detail.room.unread, detail.room.read_seq) == (0, detail.room.seq)
    for words in ("three", "four", "five"):
        await any_house.say(room, ash, words)
    for most, count in ((2, 2), (100, 3)):
        found = await any_house.do(partial(stored.count_unread, member_id=cedar.id, most=most))
        assert found == {room: count}


async def test_what_is_told_live_is_what_is_caught_up_on(any_house: House) -> None:
    """For each kind of change, as long as nothing changed it later."""
    ash, birch, room = await table(any_house)
    draft = frames.Post(
        type="post", room=room, client_id=new_id(), text="first", content_note="About a loss."
    )
    said: Any = (await any_house.do(lambda w: posting.post(w, ash, draft, calm())))[0]
    edit = frames.Edit(
        type="edit", room=room, client_id=new_id(), message=said.id, text="first, mended"
    )
    other = await any_house.say(room, ash, "second")
    react = frames.React(type="react", room=room, message=said.id, reaction="hug")
    taken = frames.Withdraw(type="withdraw", room=room, message=said.id)

    def collapse(work: Any) -> None:
        message = stored.by_id(work, [other.id])[other.id]
        message.collapsed_by = "This may hurt to read."
        publishing.announce_change(work, message, "collapsed")

    seen = {await as_told_and_as_missed(any_house, birch, room)}
    for verb in (
        lambda w: posting.post(
            w, ash, frames.Post(**{**draft.model_dump(), "client_id": new_id()}), calm()
        ),
        lambda w: editing.edit(w, ash, edit, calm("first, mended")),
        lambda w: verbs.react(w, birch, react),
        collapse,
        lambda w: publishing.hide(w, stored.by_id(w, [said.id])[said.id]),
        lambda w: publishing.show(w, stored.by_id(w, [said.id])[said.id]),
        lambda w: verbs.withdraw(w, ash, taken),
        lambda w: rooms.leave(w, ash, room),
        lambda w: rooms.enter(w, ash, room, {}),
    ):
        await any_house.do(verb)
        seen.add(await as_told_and_as_missed(any_house, birch, room))
    changes = {*get_args(frames.Changed.model_fields["change"].annotation)} - {"other"}
    assert seen == {"message", "reaction", *changes}, "the guard: every kind was seen"


async def as_told_and_as_missed(house: House, actor: Actor, room: Any) -> str:
    """The kind of the newest change, when it is the same live and caught up on."""
    told = [a for a in house.told if isinstance(a, ToRoom)][-1]
    (frame,) = await missed(house, actor, room, told.seq - 1)
    assert encode(told.frame) == encode(frame)
    return str(frame.change if frame.type == "changed" else frame.type)


async def test_a_page_and_its_position_are_of_one_moment(any_house: House) -> None:
    ash, birch, room = await table(any_house)
    reading = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slowly(work: Any) -> tuple[int, Any]:
        before = stored_rooms.get_head(work, room).seq
        loop.call_soon_threadsafe(reading.set)
        _wait(work, 0.5)
        return before, rooms.history(work, birch, room, None)

    task = asyncio.create_task(any_house.database.read(slowly))
    await reading.wait()
    await any_house.say(room, ash, "meanwhile")
    assert not task.done(), "the guard: it was said meanwhile"
    before, page = await task
    assert (page.seq, page.messages) == (before, [])
    assert [line.text for line in (await fresh_page(any_house, birch, room)).messages] == [
        "meanwhile"
    ]


async def fresh_page(house: House, actor: Actor, room: Any) -> Any:
    return await house.database.read(lambda work: rooms.history(work, actor, room, None))


def _wait(work: Any, seconds: float) -> None:
    """In the database, where the loop would stand still; else in this thread, which is no loop's."""
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.connection().execute(text("SELECT pg_sleep(:s)"), {"s": seconds})
    else:
        time.sleep(seconds)


async def test_of_several_rooms_those_that_moved_are_read_a_page_at_a_time(
    any_house: House,
) -> None:
    ash, _, room = await table(any_house)
    still = await any_house.room("Garden", (ash, "member"))
    for number in range(3):
        await any_house.say(room, ash, f"message {number}")
    feed = listening.StoredFeed(any_house.database, listening.Begun("", None))
    at = {room: 2, still: 1}
    assert not (await feed.since(0, (), at)).more
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listening, "PAGE", 2)
        first = await feed.since(0, (), at)
    assert [(one.room, one.seq) for one in first.changes] == [(room, 3), (room, 4)]
    assert first.more


async def test_a_database_that_went_back_gives_the_place_one_new_epoch(any_house: House) -> None:
    ash, _, room = await table(any_house)
    await any_house.say(room, ash, "said")
    database = any_house.database
    before = await database.read(listening.begun)
    feed, other = (listening.StoredFeed(database, before) for _ in range(2))
    heads = await database.read(lambda work: stored_rooms.heads(work, [room]))
    number = await database.read(crossing.newest)
    assert not await feed.went_back(number, heads)
    assert await feed.went_back(number, {room: heads[room] + 1})
    assert await feed.went_back(number, {new_id(): 1}), "a room that is not there any more"
    assert await feed.went_back(number + 1, heads)
    await feed.begin_anew()
    after = await database.read(listening.begun)
    assert after.epoch != before.epoch
    assert await other.went_back(number, {}), "the other worker hears of it, who has nobody there"
    await other.begin_anew()
    assert await database.read(listening.begun) == after
    assert not await listening.StoredFeed(database, after).went_back(number, heads)
    # Back beyond that: an epoch stands there that devices may know from a time that is lost.
    await database.do(_as_before_all)
    await listening.StoredFeed(database, after).begin_anew()
    assert (await database.read(listening.begun)).epoch not in {before.epoch, after.epoch, "older"}


def _as_before_all(work: Work) -> None:
    found = place.get_place(work)
    found.epoch = "older"
    work.session.exec(update(Audit).where(col(Audit.verb) == "place.restore").values(verb="other"))
