"""Two workers of one community on PostgreSQL: each serves any member, whatever happened at the other."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from sqlmodel import select

from server.access import Relation
from server.api.depend import Parts
from server.api.shared_limits import SharedLimits
from server.app import create_app
from server.cli.members import add_member, make_token
from server.client import Client, Declined, Http
from server.errors import TooFast
from server.ids import new_id
from server.live.by_redis import RedisCarrier, RedisCounter
from server.live.connection import Connection, Listener
from server.live.encoding import payload_of
from server.live.feed import Feed
from server.live.hints import Hints, PostgresCarrier
from server.live.hub import Hub
from server.protocol import frames
from server.protocol.well import Well
from server.services import seats, sessions
from server.services.founding import found
from server.services.listening import StoredFeed, begun
from server.services.names import name_key
from server.services.rooms import make_room
from server.settings import read_settings
from server.store import beside, crossing, rooms
from server.store.postgres import PostgresDatabase
from server.store.tables import Crossing, Member
from server.store.turn import Turn
from server.store.work import Crossed, SeatEnded, SessionsEnded, ToStaff, Work
from tests.server.live_server import free_port, hasty
from tests.server.store_fixture import House, TestClock, _found_postgres, sealer_in
from tests.services import Postgres, empty_redis

READY_S = 60.0


class Worker:
    """One application on a port of its own."""

    def __init__(self, app: Any, url: str) -> None:
        self._app = app
        self.url = url

    @property
    def parts(self) -> Parts:
        parts: Parts = self._app.state.parts
        return parts


@asynccontextmanager
async def serving(url: str, folder: Path, redis_url: str) -> AsyncIterator[Worker]:
    settings = read_settings(
        {}, data_dir=folder, port=free_port(), classifier="lexicon", database_url=url,
        redis_url=redis_url,
    )  # fmt: skip
    app = create_app(settings, workers=2)
    server = uvicorn.Server(
        uvicorn.Config(app, port=settings.port, ws="websockets-sansio", log_config=None)
    )
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(READY_S):
        while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.02)
    try:
        yield Worker(app, f"http://127.0.0.1:{settings.port}")
    finally:
        server.should_exit = True
        await task


def _seat_all(work: Work, names: list[str]) -> tuple[UUID, dict[str, str]]:
    room = make_room(work, "Kitchen", "To talk.").id
    tokens = {}
    for name in names:
        role = "moderator" if name == "Fern" else "peer"
        member = Member(pseudonym=name, name_key=name_key(name), role=role, joined_at=work.now)
        work.session.add(member)
        work.session.flush()
        seats.take_seat(work, room, member.id, seats.seat_for(role))
        tokens[name] = sessions.open_session(work, member, "program").token
    return room, tokens


def _steward(work: Work) -> str:
    add_member(work, "Lamplighter", "steward", None)
    return make_token(work, "Lamplighter")


async def until(is_so: Callable[[], Any], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - a condition
            await asyncio.sleep(0.01)


async def test_two_workers_are_one_community(
    postgres: Postgres, redis_url: str, tmp_path: Path
) -> None:
    url = await postgres.create()
    settings = read_settings({}, data_dir=tmp_path, port=free_port(), database_url=url)
    await asyncio.to_thread(beside.do, settings, partial(found, open_to_all=True))
    room, tokens = await asyncio.to_thread(
        beside.do, settings, partial(_seat_all, names=["Ash", "Birch", "Fern"])
    )
    steward = await asyncio.to_thread(beside.do, settings, _steward)
    heard: dict[str, list[frames.ServerFrame]] = {name: [] for name in tokens}
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(serving(url, tmp_path, redis_url))
        two = await stack.enter_async_context(serving(url, tmp_path, redis_url))
        people: dict[str, Client] = {}
        for name, worker in (("Ash", one), ("Birch", two), ("Fern", two)):
            client = Client(worker.url, tokens[name], back_off=hasty(), hear=heard[name].append)
            people[name] = await stack.enter_async_context(client)
            await client.join(room)
        await _say_at_both(people, room, heard)
        await _count_once(one, two, room)
        await _say_who_answers(one, two, steward)
        await _tell_staff(people, room, heard)
        await _write(people, room, heard)
        await _guess(one, two)
        await _go(people, room, heard, one, tokens["Birch"])


async def _say_at_both(
    people: dict[str, Client], room: UUID, heard: dict[str, list[frames.ServerFrame]]
) -> None:
    async def say(name: str) -> None:
        for number in range(15):
            answer = await people[name].post(room, f"It rains at {name}'s. ({number})")
            assert isinstance(answer, frames.Posted), answer

    await asyncio.gather(say("Ash"), say("Birch"))

    def seqs(name: str) -> list[int]:
        return [frame.seq for frame in heard[name] if isinstance(frame, frames.Message)]

    await until(lambda: all(len(seqs(name)) >= 30 for name in people))
    assert seqs("Ash") == seqs("Birch") == seqs("Fern")
    assert seqs("Ash") == list(range(seqs("Ash")[0], seqs("Ash")[0] + 30))


async def _count_once(one: Worker, two: Worker, room: UUID) -> None:
    await until(lambda: one.parts.hub.here_in(room) == 3 and two.parts.hub.here_in(room) == 3)


async def _say_who_answers(one: Worker, two: Worker, steward: str) -> None:
    """What is one worker's own is said to be: the page is answered now by one of them, now by the other."""
    for worker in (one, two):
        well = await Http(worker.url, steward).read("/api/steward/well", Well)
        assert well.answered_by
        assert well.answered_by.endswith(f" {os.getpid()}")


async def _tell_staff(
    people: dict[str, Client], room: UUID, heard: dict[str, list[frames.ServerFrame]]
) -> None:
    """A case that is raised at one worker calls the moderator at the other."""
    await people["Ash"].post(room, "I want to kill myself tonight.")
    await until(lambda: any(isinstance(one, frames.QueueChanged) for one in heard["Fern"]))
    assert not any(isinstance(one, frames.QueueChanged) for one in heard["Birch"])


async def _write(
    people: dict[str, Client], room: UUID, heard: dict[str, list[frames.ServerFrame]]
) -> None:
    await people["Ash"].send(frames.Typing(type="typing", room=room))
    await until(lambda: any(isinstance(one, frames.IsTyping) for one in heard["Birch"]))


async def _guess(one: Worker, two: Worker) -> None:
    """Wrong guesses at both workers are counted together."""
    refused = []
    for number in range(12):
        worker = (one, two)[number % 2]
        status = await _log_in(worker, "Ash", "this is not their passphrase")
        refused.append(status)
    assert refused == [401] * 10 + [429] * 2


async def _log_in(worker: Worker, name: str, passphrase: str) -> int:
    try:
        await Http(worker.url).log_in(name, passphrase)
    except Declined as declined:
        return declined.status or 0
    return 200


async def _go(
    people: dict[str, Client],
    room: UUID,
    heard: dict[str, list[frames.ServerFrame]],
    one: Worker,
    token: str,
) -> None:
    """Logged out at one worker, a line at the other ends; and nothing more is heard on it."""
    ended = asyncio.Event()
    waiting = asyncio.create_task(_until_over(people["Birch"], room, ended))
    await Http(one.url, token).call("DELETE", "/api/sessions/current")
    await asyncio.wait_for(ended.wait(), 10)
    waiting.cancel()
    before = len(heard["Birch"])
    await people["Ash"].post(room, "Are you still there?")
    await asyncio.sleep(0.2)
    assert len(heard["Birch"]) == before


async def _until_over(client: Client, room: UUID, ended: asyncio.Event) -> None:
    while client._over is None:  # noqa: ASYNC110 - a condition
        await asyncio.sleep(0.01)
    ended.set()


@pytest.mark.parametrize("kind", ["redis", "postgres"])
async def test_hints_reach_the_others_and_not_their_own(
    kind: str, redis_url: str, postgres_url: str
) -> None:
    def carrier() -> RedisCarrier | PostgresCarrier:
        if kind == "redis":
            return RedisCarrier(redis_url, "hearth-test")
        return PostgresCarrier(postgres_url, "hearth-test")

    mine, theirs, room = [], [], new_id()  # type: ignore[var-annotated]
    one = Hints(carrier(), b"ours", new_id(), mine.append)
    two = Hints(carrier(), b"ours", new_id(), theirs.append)
    stranger = Hints(carrier(), b"another", new_id(), mine.append)
    try:
        async with asyncio.timeout(20):
            while not theirs or not one.is_up:
                stranger.heads({room: 9_000}, told=False)
                one.heads({room: 7}, told=False)
                await asyncio.sleep(0.05)
        assert all(hint.heads == {room: 7} for hint in theirs)
        assert not mine
    finally:
        for hints in (one, two, stranger):
            await hints.close()


async def test_hints_that_nobody_carries_are_said_to_be_away() -> None:
    nobody = RedisCarrier(f"redis://127.0.0.1:{free_port()}/0", "hearth-test")
    hints = Hints(nobody, b"ours", new_id(), lambda _: None)
    assert hints.is_up, "nothing is known yet"
    async with asyncio.timeout(10):
        while hints.is_up:
            hints.heads({new_id(): 1}, told=False)
            await asyncio.sleep(0.05)
    await hints.close()


async def test_what_crosses_is_sealed_and_read_in_its_order(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = await postgres.clone("house", _found_postgres)
    sealer, clock, told = sealer_in(tmp_path), TestClock(), []  # type: ignore[var-annotated]
    workers = new_id(), new_id()
    one, two = (PostgresDatabase(url, sealer, clock, told.extend, worker) for worker in workers)
    member, room = new_id(), new_id()
    card = ToStaff(
        room,
        frames.QueueChanged(case=new_id(), room=room, urgency="soon", state="open", version=1),
        claimed_by=member,
    )
    over = SessionsEnded(member, frozenset({new_id(), new_id()}))

    def tell(work: Work) -> None:
        work.announce(card)
        work.announce(SeatEnded(room, member, "removed"))
        work.announce(over)

    await one.do(tell)
    assert told == [Crossed(0, 3), card, SeatEnded(room, member, "removed"), over]
    heard = await two.read(lambda work: crossing.after(work, 0))
    everything = [(1, card), (2, SeatEnded(room, member, "removed")), (3, over)]
    assert heard == (everything, 3, False)
    assert await one.read(lambda work: crossing.after(work, 0)) == heard, "one's own, too"
    rest = await one.read(lambda work: crossing.after(work, 0, frozenset({1, 3})))
    assert rest == (everything[1:2], 3, False)
    stored = await two.read(lambda work: list(work.session.exec(select(Crossing.sealed))))
    assert not any(b"removed" in sealed for sealed in stored)
    clock.move(minutes=11)
    await two.do(crossing.forget)
    assert await two.read(crossing.newest) == 3, "numbers never begin anew"
    assert len(await two.read(lambda work: list(work.session.exec(select(Crossing.id))))) == 1
    await one.close()
    await two.close()


async def test_numbers_go_up_in_the_order_of_commits(postgres: Postgres, tmp_path: Path) -> None:
    """Whoever has read up to a number never finds an older one later."""
    url = await postgres.clone("house", _found_postgres)
    sealer, clock = sealer_in(tmp_path), TestClock()
    databases = [PostgresDatabase(url, sealer, clock, lambda _: None, new_id()) for _ in range(2)]
    seen, at = 0, 0

    def tell(work: Work) -> None:
        work.announce(SeatEnded(new_id(), new_id()))
        work.announce(SeatEnded(new_id(), new_id()))

    async def read_on() -> None:
        nonlocal seen, at
        found = await databases[0].read(lambda work: crossing.after(work, at))
        seen, at = seen + len(found.told), found.number

    telling = [asyncio.create_task(databases[n % 2].do(tell)) for n in range(40)]
    while not all(task.done() for task in telling):
        await read_on()
    await read_on()
    assert (seen, at) == (80, 80)
    for database in databases:
        await database.close()


async def test_no_room_is_read_before_all_that_was_told_is_heard(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Else who lost their seat further on would hear what was written after it."""
    url = await postgres.clone("house", _found_postgres)
    sealer, clock, worker = sealer_in(tmp_path), TestClock(), new_id()
    house = House(PostgresDatabase(url, sealer, clock, lambda _: None, worker), clock)
    ash = await house.join("Ash")
    room = await house.room("Kitchen", (ash, "member"))
    await house.say(room, ash, "first")

    def end(work: Work) -> None:
        for _ in range(crossing.PAGE):
            work.announce(SeatEnded(room, new_id()))
        work.announce(SeatEnded(room, ash.id))

    await house.do(end)
    feed = StoredFeed(house.database, await house.database.read(begun))
    told = await house.database.read(crossing.newest) - crossing.PAGE - 1
    first = await feed.since(told, (), {room: 0})
    assert (len(first.told), first.changes, first.more) == (crossing.PAGE, [], True)
    rest = await feed.since(first.number, (), {room: 0})
    assert [one for _, one in rest.told] == [SeatEnded(room, ash.id)]
    assert [(change.seq, type(change.frame).__name__) for change in rest.changes] == [
        (1, "Changed"),
        (2, "Message"),
    ]
    assert not rest.more
    await house.database.close()


async def test_who_was_removed_hears_nothing_more_although_nothing_said_that_it_was_done(
    postgres: Postgres, tmp_path: Path
) -> None:
    """The commit was done and its answer lost: nobody hands over what it announced."""
    url = await postgres.clone("house", _found_postgres)
    hub, worker = Hub(lambda _: None), new_id()
    database = PostgresDatabase(url, sealer_in(tmp_path), TestClock(), lambda _: None, worker)
    house, feed = House(database, TestClock()), Feed(hub, worker)
    ash, birch = await house.join("Ash"), await house.join("Birch")
    room = await house.room("Kitchen", (ash, "member"), (birch, "member"))
    feed._store, feed._number = (
        StoredFeed(database, await database.read(begun)),
        await database.read(crossing.newest),
    )
    hub.add(connection := Connection(ash))
    hub.join(listener := Listener(connection, room, Relation.SEAT, 2, live=True))

    def remove(work: Work) -> None:
        held = rooms.find_seat(work, room, ash.id)
        assert held is not None
        seats.end_seat(work, held, "removed")

    await house.do(remove)
    await house.say(room, birch, "between ourselves")
    await feed.read_on({room})
    assert listener.ended
    assert not any("between" in payload_of(frame) for frame in connection.outbox._frames)
    await database.close()


async def test_what_guards_log_in_is_counted_in_the_database_and_posts_also_without_redis(
    postgres: Postgres, redis_url: str, tmp_path: Path
) -> None:
    url = await postgres.clone("house", _found_postgres)
    database = PostgresDatabase(url, sealer_in(tmp_path), TestClock(), lambda _: None)

    def limits(at: str) -> SharedLimits:
        return SharedLimits(
            "normal", database, secret=b"s" * 32, counter=RedisCounter(at), workers=2
        )

    async def used(shared: list[SharedLimits], kind: Any) -> int:
        for number in range(40):
            try:
                await shared[number % 2].count(kind, "ash")
            except TooFast:
                return number
        return 40

    nobody = f"redis://127.0.0.1:{free_port()}/0"
    both, alone = [limits(redis_url), limits(redis_url)], [limits(nobody), limits(nobody)]
    try:
        assert await used(both, "post_burst") == 10, "both together as much as one"
        assert await used(alone, "post_burst") == 10, "each its half"
        assert await used(alone, "log_in_account") == 10, "whether Redis is there or not"
        with pytest.raises(TooFast):
            await both[0].look("log_in_account", "ash")
        assert both[0].address_key("192.0.2.7") == both[1].address_key("192.0.2.9")
        await database.close()
    finally:
        for one in [*both, *alone]:
            await one.close()


@asynccontextmanager
async def counting(
    tmp_path: Path, postgres: Postgres
) -> AsyncIterator[Callable[..., SharedLimits]]:
    """Makes limits of two workers that count at a Redis."""
    url = await postgres.clone("house", _found_postgres)
    database = PostgresDatabase(url, sealer_in(tmp_path), TestClock(), lambda _: None)
    made: list[SharedLimits] = []

    def make(at: str, **others: Any) -> SharedLimits:
        counter = RedisCounter(at)
        made.append(
            SharedLimits("normal", database, secret=b"s" * 32, counter=counter, workers=2, **others)
        )
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            await one.close()
        await database.close()


async def how_many(limits: SharedLimits, most: int = 40) -> int:
    """Until it refuses."""
    for number in range(most):
        try:
            await limits.count("post_burst", "ash")
        except TooFast:
            return number
    return most


async def test_an_emptied_redis_gives_nobody_their_share_anew(
    postgres: Postgres, redis_url: str, tmp_path: Path
) -> None:
    async with counting(tmp_path, postgres) as limits:
        worker, other = limits(redis_url), limits(redis_url)
        assert await how_many(worker, 6) == 6
        await empty_redis(redis_url)
        assert await how_many(worker) == 4, "ten in all, as if nothing had happened"
        assert await how_many(other) == 6, "the guard: Redis knows of four"


async def test_what_redis_refused_is_not_counted_here(
    postgres: Postgres, redis_url: str, tmp_path: Path
) -> None:
    async with counting(tmp_path, postgres) as limits:
        worker, other = limits(redis_url), limits(redis_url)
        assert await how_many(other) == 10
        for _ in range(20):
            assert await how_many(worker) == 0
        await empty_redis(redis_url)
        assert await how_many(worker) == 10


async def test_when_redis_goes_what_was_counted_with_it_still_counts(
    postgres: Postgres, redis_url: str, tmp_path: Path
) -> None:
    async with counting(tmp_path, postgres) as limits:
        worker = limits(redis_url)
        assert await how_many(worker, 5) == 5
        assert worker._counter
        await worker._counter.close()
        worker._counter = limits(f"redis://127.0.0.1:{free_port()}/0")._counter
        assert await how_many(worker) == 0, "five are its part of ten"


async def test_a_frozen_redis_is_waited_for_once_a_second_not_by_each(
    postgres: Postgres, tmp_path: Path
) -> None:
    asked = 0

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(keep_silent, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    at = 0.0
    async with silent, counting(tmp_path, postgres) as limits:
        worker = limits(f"redis://127.0.0.1:{port}/0", now=lambda: at)
        assert await how_many(worker) == 5
        assert asked == 1
        at = 1.1
        assert await how_many(worker) == 0
        await worker.count("post_burst", "birch")
        assert asked == 2


async def test_one_worker_at_a_time_has_its_turn_and_another_takes_over(postgres_url: str) -> None:
    running: list[str] = []

    def loops(name: str) -> list[Coroutine[Any, Any, None]]:
        async def loop() -> None:
            running.append(name)
            try:
                await asyncio.Event().wait()
            finally:
                running.remove(name)

        return [loop()]

    first = asyncio.create_task(Turn(postgres_url, lambda: loops("first")).keep())
    await until(lambda: running == ["first"])
    second = asyncio.create_task(Turn(postgres_url, lambda: loops("second")).keep())
    await asyncio.sleep(1.5)
    assert running == ["first"]
    first.cancel()
    await until(lambda: running == ["second"])
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert not running


_HOLDER = """
import asyncio, sys
from server.store import turn
turn._SILENT_MS = "3000"
async def loop():
    print("mine", flush=True)
    await asyncio.Event().wait()
asyncio.run(turn.Turn(sys.argv[1], lambda: [loop()]).keep())
"""


async def test_a_worker_that_stands_still_does_not_keep_the_turn(postgres_url: str) -> None:
    """Its kernel goes on answering for it."""
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLDER, postgres_url, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout
    assert await holder.stdout.readline() == b"mine\n"
    taken = asyncio.Event()

    async def loop() -> None:
        taken.set()

    other = asyncio.create_task(Turn(postgres_url, lambda: [loop()]).keep())
    try:
        await asyncio.sleep(4)
        assert not taken.is_set(), "the guard: who asks keeps it"
        holder.send_signal(signal.SIGSTOP)
        await asyncio.wait_for(taken.wait(), 20)
    finally:
        other.cancel()
        holder.kill()
        await asyncio.gather(other, holder.wait(), return_exceptions=True)
