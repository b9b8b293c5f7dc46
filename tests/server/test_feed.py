"""What other workers wrote: read where there is a gap, in order, once, and after who may no longer hear it."""

import asyncio
from collections.abc import Callable, Collection
from uuid import UUID

import orjson

from server.access import Actor, Relation, Role
from server.ids import new_id
from server.live.connection import Connection, Listener
from server.live.encoding import payload_of
from server.live.feed import Feed, Since
from server.live.hints import Carried, Hint, Hints, _in_parts
from server.live.hub import Hub
from server.protocol import frames
from server.store.work import Announcement, Crossed, SeatEnded, ToMember, ToRoom
from tests.server.store_fixture import MONDAY

ROOM = new_id()


class Database:
    """Stands where PostgreSQL does: changes by seq, and what others told by number."""

    def __init__(self) -> None:
        self.changes: list[ToRoom] = []
        self.told: list[Announcement] = []
        self.reads = self.began_anew = 0
        self.meanwhile: Callable[[], None] | None = None

    def write(self) -> ToRoom:
        seq = len(self.changes) + 1
        self.changes.append(ToRoom(ROOM, seq, frames.Changed(room=ROOM, seq=seq)))
        return self.changes[-1]

    async def newest(self) -> int:
        return len(self.told)

    async def since(self, number: int, known: Collection[int], rooms: dict[UUID, int]) -> Since:
        self.reads += 1
        changes = [one for one in self.changes if one.seq > rooms.get(one.room, len(self.changes))]
        told = [one for one in enumerate(self.told, 1) if one[0] > number and one[0] not in known]
        reached = len(self.told)
        if self.meanwhile:
            self.meanwhile()
        return Since(reached, told, changes, more=False)

    async def went_back(self, number: int, rooms: dict[UUID, int]) -> bool:
        return number > len(self.told) or any(seq > len(self.changes) for seq in rooms.values())

    async def begin_anew(self) -> None:
        self.began_anew += 1

    async def name_of(self, room: UUID, member: UUID) -> str | None:
        return "Ash"


class Worker:
    """A feed with a hub and a listener, and no carrier of hints: it reads when a test says so."""

    def __init__(self, database: Database) -> None:
        self.hub = Hub(lambda listener: self.behind.append(listener))
        self.feed = Feed(self.hub, new_id())
        self.feed._store = database
        self.behind: list[Listener] = []
        self.ash = self.listen()

    def listen(self) -> Listener:
        connection = Connection(Actor(new_id(), "Ash", Role.PEER, new_id()))
        self.hub.add(connection)
        listener = Listener(connection, ROOM, Relation.SEAT, 0, live=True)
        self.hub.join(listener)
        return listener

    def heard(self, listener: Listener | None = None) -> list[int]:
        waiting = (listener or self.ash).connection.outbox._frames
        found = [orjson.loads(payload_of(frame)) for frame in waiting]
        return [frame["seq"] for frame in found if frame["type"] == "changed"]


async def test_what_follows_is_handed_over_and_what_others_wrote_between_is_read() -> None:
    database = Database()
    worker = Worker(database)
    worker.feed.announce([database.write()])
    assert (worker.heard(), database.reads) == ([1], 0)
    database.write()  # by somebody else
    worker.feed.announce([database.write()])
    assert worker.heard() == [1], "a later one never overtakes"
    await worker.feed.read_on({ROOM})
    assert worker.heard() == [1, 2, 3]
    worker.feed.announce([database.write()])
    assert (worker.heard(), worker.behind) == ([1, 2, 3, 4], [])


async def test_what_was_read_and_is_handed_over_late_is_told_once() -> None:
    database = Database()
    worker = Worker(database)
    database.write()
    late = database.write()
    await worker.feed.read_on({ROOM})
    worker.feed.announce([late])
    assert worker.heard() == [1, 2]


async def test_who_was_removed_at_another_worker_hears_nothing_that_was_written_after() -> None:
    database = Database()
    worker = Worker(database)
    birch = worker.listen()
    worker.feed.announce([Crossed(0, 0), database.write()])
    database.told.append(SeatEnded(ROOM, worker.ash.connection.actor.id, "removed"))
    # Written here, after the removal was, and before this worker heard of it.
    worker.feed.announce([Crossed(1, 0), database.write()])
    assert worker.heard(birch) == [1], "what others told comes first"
    await worker.feed.read_on({ROOM})
    assert worker.heard(birch) == [1, 2]
    assert worker.heard() == [1]


async def test_what_this_worker_told_itself_does_not_hold_it_up() -> None:
    database = Database()
    worker = Worker(database)
    worker.feed.announce([Crossed(0, 2), database.write()])
    worker.feed.announce([Crossed(2, 0), database.write()])
    assert worker.heard() == [1, 2]


async def test_what_is_told_with_a_commit_is_told_once_whoever_is_first() -> None:
    database = Database()
    worker = Worker(database)
    ash = worker.ash.connection.actor.id
    notices: list[Announcement] = [
        ToMember(
            ash,
            frames.Notice(
                id=new_id(),
                kind="helped",
                at=MONDAY,
                words="Thank you.",
                automated=False,
                by="member",
            ),
        )
        for _ in range(4)
    ]

    def told() -> int:
        waiting = worker.ash.connection.outbox._frames
        return sum(orjson.loads(payload_of(frame))["type"] == "notice" for frame in waiting)

    database.told += notices[:1]
    await worker.feed.read_on({ROOM})
    worker.feed.announce([Crossed(0, 1), notices[0]])
    assert told() == 1, "read first, handed over after"
    database.told += notices[1:2]
    database.meanwhile = lambda: worker.feed.announce([Crossed(1, 1), notices[1]])
    await worker.feed.read_on({ROOM})
    assert told() == 2, "handed over while it was read"
    database.meanwhile = None
    database.told += notices[2:]
    worker.feed.announce([Crossed(3, 1), notices[3]])
    assert told() == 3, "handed over before what others told is read"
    await worker.feed.read_on({ROOM})
    assert told() == 4
    worker.feed.announce([Crossed(4, 0), database.write()])
    assert worker.heard() == [1], "nothing of others is left that comes first"


def test_a_hint_makes_a_worker_look_only_where_somebody_listens_and_something_is_new() -> None:
    worker = Worker(Database())
    other = new_id()
    worker.feed._hear(Hint(worker=other, heads={ROOM: 3, new_id(): 9}))
    assert worker.feed._wanted == {ROOM}
    worker.hub.announce([ToRoom(ROOM, 1, frames.Changed(room=ROOM, seq=1))])
    worker.feed._wanted.clear()
    worker.feed._hear(Hint(worker=other, heads={ROOM: 1}))
    assert not worker.feed._wanted


def test_members_at_two_workers_are_counted_once() -> None:
    here, there = Worker(Database()), Worker(Database())
    both = here.ash.connection.actor
    there.hub.add(same := Connection(both))
    there.hub.join(Listener(same, ROOM, Relation.SEAT, 0, live=True))
    said: list[dict[UUID, list[str]]] = []
    there.feed._hints = type("Said", (), {"here": lambda _, named, crowds: said.append(named)})()
    there.feed.say_who_is_here()
    here.feed._hear(Hint(worker=there.feed.worker, here=said[0]))
    here.feed.say_who_is_here()
    assert here.hub.here_in(ROOM) == 2, "ash, and somebody at the other worker alone"
    assert here.hub.here() == {ROOM: 2}


def carried(seq: int, before: int = 0, kind: str = "changed") -> Carried:
    frame = f'{{"type":"{kind}","room":"{ROOM}","seq":{seq}}}'
    return Carried(room=ROOM, seq=seq, before=before, frame=frame)


def test_what_another_worker_carries_here_is_told_when_it_is_the_next() -> None:
    worker, other = Worker(Database()), new_id()
    changes = [carried(1), carried(2), carried(4), carried(2)]
    worker.feed._hear(Hint(worker=other, changes=changes, heads={ROOM: 4}))
    assert worker.heard() == [1, 2], "one is missing between"
    assert worker.feed._wanted == {ROOM}
    worker.feed._wanted.clear()
    worker.feed._hear(Hint(worker=other, changes=[carried(3), carried(4)], heads={ROOM: 4}))
    assert worker.heard() == [1, 2, 3, 4]
    assert not worker.feed._wanted, "nothing is left to read"


async def test_nothing_carried_is_told_before_what_crossed_before_it() -> None:
    database = Database()
    worker = Worker(database)
    birch = worker.listen()
    database.told.append(SeatEnded(ROOM, worker.ash.connection.actor.id, "removed"))
    database.write()
    worker.feed._hear(Hint(worker=new_id(), changes=[carried(1, before=1)], heads={ROOM: 1}))
    assert worker.heard(birch) == []
    await worker.feed.read_on(worker.feed._wanted)
    assert (worker.heard(birch), worker.heard()) == ([1], [])


def test_what_newer_code_carries_is_read() -> None:
    worker = Worker(Database())
    changes = [carried(1, kind="of tomorrow"), carried(2)]
    worker.feed._hear(Hint(worker=new_id(), changes=changes, heads={ROOM: 2}))
    assert worker.heard() == []
    assert worker.feed._wanted == {ROOM}


def test_only_what_somebody_hears_elsewhere_is_carried_and_nothing_that_crosses() -> None:
    database = Database()
    worker, other = Worker(database), new_id()
    sent: list[list[Carried]] = []
    worker.feed._hints = type(
        "Sent", (), {"heads": lambda _, heads, told, changes: sent.append(list(changes))}
    )()
    worker.feed.announce([Crossed(0, 0), database.write()])
    worker.feed._hear(Hint(worker=other, here={ROOM: ["somebody"]}))
    worker.feed.announce([Crossed(0, 0), database.write()])
    ended = SeatEnded(ROOM, new_id())
    worker.feed.announce([Crossed(0, 1), ended, database.write()])
    assert [[one.seq for one in each] for each in sent] == [[], [2], []]
    assert sent[1][0].before == 0
    told = frames.server_frame.validate_json(sent[1][0].frame)
    assert told == database.changes[1].frame


def test_a_hint_that_is_too_long_for_one_notice_goes_in_parts() -> None:
    worker = new_id()
    hint = Hint(worker=worker, told=True, heads={new_id(): 10_000 + n for n in range(300)})
    parts = [Hint.model_validate_json(part) for part in _in_parts(hint, 5_900)]
    assert len(parts) > 1
    assert all(len(part.model_dump_json(exclude_defaults=True)) <= 5_900 for part in parts)
    assert {room: seq for part in parts for room, seq in part.heads.items()} == hint.heads
    assert any(part.told for part in parts)


def test_what_fits_in_no_part_is_left_out_and_changes_come_before_where_rooms_stand() -> None:
    long = Carried(room=ROOM, seq=2, before=0, frame="x" * 2_000)
    changes = [carried(1), long, carried(3)]
    hint = Hint(worker=new_id(), changes=changes, heads={ROOM: 3})
    parts = [Hint.model_validate_json(part) for part in _in_parts(hint, 500)]
    assert [[one.seq for one in part.changes] for part in parts] == [[1], [3]]
    assert parts[-1].heads == {ROOM: 3}


def test_nothing_carried_is_told_where_nobody_has_looked_for_long() -> None:
    """Meanwhile it may have been hidden, and whoever holds it up would know when to let go."""
    worker = Worker(Database())
    worker.feed._looked_at -= 3
    worker.feed._hear(Hint(worker=new_id(), changes=[carried(1)], heads={ROOM: 1}))
    assert worker.heard() == []
    assert worker.feed._wanted == {ROOM}


def test_what_is_done_here_is_told_also_where_the_database_went_back() -> None:
    """Its numbers come again."""
    worker = Worker(Database())
    worker.feed._number = 100
    ended = SeatEnded(ROOM, worker.ash.connection.actor.id, "removed")
    worker.feed.announce([Crossed(95, 1), ended])
    assert worker.ash.ended


class Loop:
    """A carrier that hands what is sent to all who listen, by the way of whoever reaches it."""

    most_bytes = 5_900

    def __init__(self) -> None:
        self.hear: list[Callable[[bytes], None]] = []
        self.sent: list[bytes] = []
        self.all_listen = asyncio.Event()

    async def send(self, hint: bytes) -> None:
        self.sent.append(hint)
        for hear in self.hear:
            hear(hint)

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        self.hear.append(hear)
        if len(self.hear) == 3:
            self.all_listen.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


async def test_a_hint_can_be_read_by_its_own_community_alone_and_changed_by_nobody() -> None:
    loop, elsewhere = Loop(), []  # type: ignore[var-annotated]
    heard = asyncio.Queue[Hint]()
    one = Hints(loop, b"ours", new_id(), lambda _: None)
    two = Hints(loop, b"ours", new_id(), heard.put_nowait)
    other = Hints(loop, b"another epoch", new_id(), elsewhere.append)
    frame = '{"type":"message","text":"WORDS-OF-ASH"}'
    async with asyncio.timeout(10):
        await loop.all_listen.wait()
        for seq in (1, 2):
            change = Carried(room=ROOM, seq=seq, before=0, frame=frame)
            one.heads({ROOM: seq}, told=False, changes=[change])
            assert (await heard.get()).changes[0].frame == frame
    assert elsewhere == []
    first, second = loop.sent
    assert b"WORDS" not in first + second
    assert first[16:28] != second[16:28], "no number twice under one key"
    for at in (0, 16, 28, len(first) - 1):
        changed = bytearray(first)
        changed[at] ^= 1
        await loop.send(bytes(changed))
    await loop.send(b"")
    assert heard.empty()
    deaf = Hints(loop, b"ours", new_id(), lambda _: [][1])
    await asyncio.sleep(0)
    one.heads({ROOM: 3}, told=False)
    async with asyncio.timeout(10):
        assert (await heard.get()).heads == {ROOM: 3}, (
            "who cannot hear one keeps nobody else from it"
        )
    for hints in (one, two, other, deaf):
        await hints.close()


class Silent:
    """Carries nothing."""

    most_bytes = 1_000

    async def send(self, hint: bytes) -> None:
        pass

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


async def test_where_the_database_went_back_the_worker_ends_once_and_all_begins_anew() -> None:
    database, ended = Database(), asyncio.Event()
    worker, carrier = Worker(database), Silent()
    await worker.feed.open(database, carrier, b"secret", ended.set)
    worker.feed.announce([database.write(), database.write()])
    await worker.feed.check_back()
    assert database.began_anew == 0
    database.changes.pop()
    async with asyncio.timeout(10):
        await ended.wait()
    assert database.began_anew == 1
    assert worker.heard() == [1, 2]
    await worker.feed.close()
