"""Who is here: the next seq, once, to those who may have it, and never waiting for anybody."""

import asyncio
import random
import time
from uuid import UUID

import orjson

from server.access import Actor, Relation, Role
from server.errors import NotFound
from server.ids import new_id
from server.live.catching_up import CatchUp
from server.live.connection import Connection, Listener
from server.live.encoding import encode, payload_of
from server.live.hub import Hub
from server.live.pages import Missed
from server.protocol import frames
from server.store.work import SeatEnded, SeatTaken, SessionsEnded, ToRoom, ToStaff


def hub() -> tuple[Hub, list[Listener]]:
    """A hub, and the listeners it sent to catch up."""
    behind: list[Listener] = []
    return Hub(behind.append), behind


def connect(
    hub: Hub, room: UUID, *, role: Role = Role.PEER, relation: Relation = Relation.SEAT
) -> Listener:
    connection = Connection(Actor(new_id(), "Ash", role, new_id()))
    hub.add(connection)
    listener = Listener(connection, room, relation, 0, live=True)
    hub.join(listener)
    return listener


class Stored:
    """Changes by seq, as they are now. may_answer: a page that was read waits for it."""

    def __init__(self, changes: dict[int, frames.Changed], *, seated: bool = True) -> None:
        self.changes, self.seated, self.reads = changes, seated, 0
        self.was_read, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def check_seat(self, actor: Actor, room: UUID) -> None:
        if not self.seated:
            raise NotFound

    async def page_after(self, room: UUID, seq: int) -> list[Missed]:
        self.reads += 1
        after = sorted(n for n in self.changes if n > seq)
        page = [Missed(n, "changed", encode(self.changes[n])) for n in after]
        self.was_read.set()
        await self.may_answer.wait()
        return page


def change(room: UUID, seq: int) -> ToRoom:
    return ToRoom(room, seq, frames.Changed(room=room, seq=seq))


def sent(listener: Listener) -> list[int]:
    waiting = [orjson.loads(payload_of(frame)) for frame in listener.connection.outbox._frames]
    return [frame["seq"] for frame in waiting if frame["type"] == "changed"]


def test_a_double_is_dropped_and_a_gap_is_caught_up() -> None:
    place, behind = hub()
    room = new_id()
    listener = connect(place, room)
    place.announce([change(room, 1), change(room, 1), change(room, 2)])
    assert sent(listener) == [1, 2]
    place.announce([change(room, 4)])
    assert sent(listener) == [1, 2], "a later event never overtakes"
    assert behind == [listener]
    place.announce([change(room, 5)])
    assert behind == [listener], "once is enough"


def test_a_listener_is_live_only_when_it_has_all_there_is() -> None:
    place, _ = hub()
    room = new_id()
    listener = connect(place, room)
    listener.live = False
    place.announce([change(room, 1), change(room, 2)])
    listener.seq = 1
    assert not place.reached(listener)
    listener.seq = 2
    assert place.reached(listener)


def test_of_five_hundred_who_type_all_at_once_a_room_hears_of_two_in_a_second() -> None:
    place, _ = hub()
    room = new_id()
    everybody = [connect(place, room).connection for _ in range(500)]
    began, times, told = time.monotonic(), 0, 0
    while time.monotonic() - began < 1.2 or times < 10:
        told += sum(place.typing(one, room) for one in everybody)
        times += 1
    assert 1 <= told <= 1 + (time.monotonic() - began) / 0.5
    heard = [len(one.outbox._frames) for one in everybody]
    assert sum(heard) <= told * (len(everybody) - 1)


def test_after_a_seat_ends_nothing_more_is_delivered() -> None:
    place, _ = hub()
    room = new_id()
    listener, other = connect(place, room), connect(place, room)
    member = listener.connection.actor.id
    place.announce([change(room, 1), SeatEnded(room, member, "removed"), change(room, 2)])
    assert sent(listener) == [1]
    assert sent(other) == [1, 2]


def test_cases_reach_only_those_who_keep_the_room() -> None:
    place, _ = hub()
    room, elsewhere = new_id(), new_id()
    peer = connect(place, room)
    fern = connect(place, room, role=Role.MODERATOR, relation=Relation.KEEPER)
    other = connect(place, elsewhere, role=Role.MODERATOR, relation=Relation.KEEPER)
    linden = connect(place, room, role=Role.CLINICIAN, relation=Relation.CARER)
    for listener, seat in (
        (fern, "moderator"),
        (other, "moderator"),
        (linden, "clinician"),
        (peer, "member"),
    ):
        place.announce([SeatTaken(listener.room, listener.connection.actor.id, seat)])
    frame = frames.QueueChanged(case=new_id(), room=room, urgency="soon", state="open", version=1)
    place.announce([ToStaff(room, frame)])
    assert [len(one.connection.outbox._frames) for one in (peer, fern, other, linden)] == [
        0,
        1,
        0,
        0,
    ]
    place.announce([ToStaff(room, frame, escalated=True)])
    assert [len(one.connection.outbox._frames) for one in (peer, fern, other, linden)] == [
        0,
        2,
        0,
        1,
    ]


def test_a_peer_seated_as_moderator_by_mistake_still_sees_no_case() -> None:
    place, _ = hub()
    room = new_id()
    peer = connect(place, room)
    place.announce([SeatTaken(room, peer.connection.actor.id, "moderator")])
    frame = frames.QueueChanged(case=new_id(), room=room, urgency="now", state="open", version=1)
    place.announce([ToStaff(room, frame, escalated=True)])
    assert not peer.connection.outbox._frames


def test_an_ended_session_closes_its_socket_and_no_other() -> None:
    place, _ = hub()
    room = new_id()
    first, second = connect(place, room), connect(place, room)
    actor = first.connection.actor
    place.announce([SessionsEnded(actor.id, frozenset({actor.session})), change(room, 1)])
    assert first.connection.close_code == frames.Close.SESSION
    assert sent(first) == []
    assert sent(second) == [1]


def test_a_slow_reader_is_closed_and_costs_nobody_anything() -> None:
    place, _ = hub()
    room = new_id()
    slow, swift = connect(place, room), connect(place, room)
    for seq in range(1, 400):
        place.announce([change(room, seq)])
        swift.connection.outbox._frames.clear()
    assert slow.connection.outbox.closing
    assert len(slow.connection.outbox._frames) <= 256
    assert not swift.connection.outbox.closing


def test_presence_counts_people_not_sockets() -> None:
    place, _ = hub()
    room = new_id()
    listener = connect(place, room)
    second = Connection(listener.connection.actor)
    place.add(second)
    place.join(Listener(second, room, Relation.SEAT, 0, live=True))
    assert place.here() == {room: 1}


def test_presence_stays_right_however_people_come_and_go() -> None:
    place, chance = hub()[0], random.Random(4)
    rooms = [new_id() for _ in range(3)]
    actors = [Actor(new_id(), "Ash", Role.PEER, new_id()) for _ in range(4)]
    open_now: list[Connection] = []
    for _ in range(2_000):
        act = chance.choice(["open", "join", "join", "leave", "close", "end"])
        one = chance.choice(open_now) if open_now else None
        if act == "open" or one is None:
            open_now.append(Connection(chance.choice(actors)))
            place.add(open_now[-1])
        elif act == "join":
            place.join(Listener(one, chance.choice(rooms), Relation.SEAT, 0))
        elif act == "leave" and one.listeners:
            place.leave(chance.choice([*one.listeners.values()]))
        elif act == "close":
            open_now.remove(one)
            place.remove(one)
        elif act == "end":
            place.end(one, frames.Close.SESSION)
        expected = {
            room: len({one.actor.id for one in open_now if room in one.listeners}) for room in rooms
        }
        assert place.here() == {room: here for room, here in expected.items() if here}
        assert {room: place.here_in(room) for room in rooms} == expected


async def test_a_listener_without_a_seat_is_let_go_while_catching_up() -> None:
    catch_up = CatchUp()
    catch_up.reads_with(Stored({}, seated=False))
    room = new_id()
    listener = connect(catch_up.hub, room)
    listener.live = False
    catch_up.hub.saw_head(room, 3)
    catch_up.begin(listener)
    while not listener.ended:  # noqa: ASYNC110 - its task tells nobody
        await asyncio.sleep(0)
    assert listener.ended
    assert catch_up.hub.here() == {}


def test_whoever_a_case_is_about_hears_nothing_of_it_also_as_a_keeper() -> None:
    place, _ = hub()
    room = new_id()
    fern = connect(place, room, role=Role.MODERATOR, relation=Relation.KEEPER)
    other = connect(place, room, role=Role.MODERATOR, relation=Relation.KEEPER)
    for listener in (fern, other):
        place.announce([SeatTaken(room, listener.connection.actor.id, "moderator")])
    frame = frames.QueueChanged(case=new_id(), room=room, urgency="now", state="open", version=1)
    place.announce([ToStaff(room, frame, subject=fern.connection.actor.id)])
    assert not fern.connection.outbox._frames
    assert len(other.connection.outbox._frames) == 1


async def test_without_a_direct_line_what_was_missed_comes_frame_by_frame() -> None:
    room, catch_up = new_id(), CatchUp()

    page = {n: frames.Changed(room=room, seq=n) for n in range(1, 46)}
    catch_up.reads_with(Stored(page))
    listener = fall_behind(catch_up, room, 45)
    heard: list[int] = []
    async with asyncio.timeout(5):
        while len(heard) < 45:
            taken = await listener.connection.outbox.take()
            heard += [orjson.loads(payload_of(frame))["seq"] for frame in taken]
            for frame in taken:
                listener.connection.outbox.sent(frame)
    assert heard == list(range(1, 46))
    await catch_up.close()


def fall_behind(catch_up: CatchUp, room: UUID, head: int) -> Listener:
    listener = connect(catch_up.hub, room)
    catch_up.hub.saw_head(room, head)
    listener.live = False
    catch_up.begin(listener)
    return listener


async def until_live(*listeners: Listener) -> None:
    async with asyncio.timeout(5):
        while not all(listener.live for listener in listeners):  # noqa: ASYNC110 - a condition
            await asyncio.sleep(0.01)


async def test_those_who_missed_the_same_share_one_page() -> None:
    room, catch_up = new_id(), CatchUp()
    stored = Stored({n: frames.Changed(room=room, seq=n) for n in (1, 2)})
    catch_up.reads_with(stored)
    behind = [fall_behind(catch_up, room, 2) for _ in range(20)]
    await until_live(*behind)
    assert [sent(listener) for listener in behind] == [[1, 2]] * 20
    assert stored.reads == 1
    await catch_up.close()


async def test_words_hidden_after_a_page_was_read_do_not_leave_with_it() -> None:
    """Neither to who waited for that page, nor to who asks while it is still being read."""
    room, message, catch_up = new_id(), new_id(), CatchUp()

    def shown(seq: int, text: str | None = "private words") -> frames.Changed:
        return frames.Changed(room=room, seq=seq, change="shown", message=message, text=text)

    stored = Stored({1: shown(1), 2: shown(2)})
    stored.may_answer.clear()
    catch_up.reads_with(stored)
    first = fall_behind(catch_up, room, 2)
    await asyncio.wait_for(stored.was_read.wait(), 5)
    gone = frames.Changed(room=room, seq=3, change="hidden", message=message)
    stored.changes = {1: shown(1, None), 2: shown(2, None), 3: gone}
    catch_up.hub.announce([ToRoom(room, 3, gone)])
    second = fall_behind(catch_up, room, 3)
    await asyncio.sleep(0.01)
    stored.may_answer.set()
    await until_live(first, second)
    for listener in (first, second):
        assert sent(listener) == [1, 2, 3]
        waiting = [payload_of(frame) for frame in listener.connection.outbox._frames]
        assert not any("private words" in frame for frame in waiting)
    await catch_up.close()


def test_what_is_for_clinicians_alone_reaches_nobody_else() -> None:
    place, _ = hub()
    room = new_id()
    roles = ((Role.MODERATOR, "moderator"), (Role.CLINICIAN, "clinician"))
    fern, linden = (connect(place, room, role=role) for role, _ in roles)
    keeper = connect(place, room, role=Role.STEWARD)
    away = connect(place, new_id(), role=Role.MODERATOR)
    for listener, (_, seat) in zip((fern, linden), roles, strict=True):
        place.announce([SeatTaken(room, listener.connection.actor.id, seat)])
    frame = frames.QueueChanged(case=new_id(), room=room, urgency="now", state="open", version=1)
    everybody = (fern, linden, keeper, away)
    for is_aside in (False, True):
        place.announce([ToStaff(room, frame, escalated=True, aside=is_aside, clinicians_only=True)])
    assert [len(one.connection.outbox._frames) for one in everybody] == [0, 2, 0, 0]
    place.announce([ToStaff(room, frame, escalated=True)])
    assert len(fern.connection.outbox._frames) == 1, "the guard: others do reach them"
