"""The client's parts that need no server: waiting, standing somewhere, and saying things once."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.client import Client
from server.client.back_off import BackOff
from server.client.errors import Declined, Left, SessionOver
from server.client.line import read_frame, socket_url
from server.client.outbox import Outbox
from server.client.position import Position, Step
from server.client.rooms import Rooms
from server.ids import new_id
from server.protocol import frames
from tests.server.store_fixture import MONDAY

ROOM = UUID("0198c0de-0000-7000-8000-000000000001")


def changed(seq: int) -> frames.Changed:
    return frames.Changed(room=ROOM, seq=seq)


def joined(seq: int) -> frames.Joined:
    return frames.Joined(room=ROOM, seq=seq, members=1, here=1, moderator_on=False)


def refused(**fields: object) -> frames.Refused:
    return frames.Refused(code="not_found", detail="Not here.", **fields)  # type: ignore[arg-type]


def post(client_id: UUID, text: str = "Hello.") -> frames.Post:
    return frames.Post(type="post", room=ROOM, client_id=client_id, text=text)


def test_waits_grow_to_their_bound_and_stay_random() -> None:
    for attempt in range(40):
        back_off = BackOff(first_s=0.5, most_s=30)
        waits = [back_off.next_s() for _ in range(attempt + 1)]
        assert 0 <= waits[-1] <= min(30, 0.5 * 2**attempt)


def test_a_line_that_held_begins_again_with_short_waits() -> None:
    back_off = BackOff(first_s=0.5, most_s=30, steady_s=5)
    for _ in range(10):
        back_off.next_s()
    back_off.held(4)
    back_off.held(6)
    assert back_off.next_s() <= 0.5


def test_a_line_that_a_restart_ended_begins_again_sooner() -> None:
    back_off = BackOff(first_s=0.5, draw=lambda: 0.9)
    back_off.next_s()
    back_off.held(2, told=True)
    assert back_off.next_s(hint_s=1) == pytest.approx(1.45)
    back_off.held(0.5, told=True)
    assert back_off.next_s(hint_s=1) == pytest.approx(1.9)


def test_the_servers_hint_is_the_least_wait() -> None:
    assert 3 <= BackOff(first_s=0.5).next_s(hint_s=3) <= 3.5


@given(st.lists(st.integers(1, 30), max_size=60))
def test_whatever_arrives_a_position_only_ever_takes_the_next(seqs: list[int]) -> None:
    position = Position(ROOM, 0)
    taken = [seq for seq in seqs if position.take(seq) is Step.NEXT]
    assert taken == list(range(1, len(taken) + 1))
    assert position.seq == len(taken)


async def test_a_gap_is_asked_for_once_and_nothing_after_it_is_told() -> None:
    rooms = Rooms()
    rooms.ask(ROOM, 0)
    rooms.receive(joined(4))
    assert rooms.receive(changed(1)).tell
    first, second = rooms.receive(changed(3)), rooms.receive(changed(4))
    assert (first.tell, first.rejoin) == ((), ROOM)
    assert (second.tell, second.rejoin) == ((), None)
    assert rooms.join_frame(ROOM).after == 1
    rooms.receive(joined(4))
    told = [rooms.receive(changed(seq)).tell for seq in (1, 2, 2, 3, 4)]
    assert told == [(), (changed(2),), (), (changed(3),), (changed(4),)]


async def test_who_asks_for_nothing_earlier_begins_where_the_room_stands() -> None:
    rooms = Rooms()
    future = rooms.ask(ROOM, None)
    rooms.receive(joined(7))
    assert (await future).seq == 7
    assert rooms.receive(changed(8)).tell


async def test_a_reset_forgets_the_position_and_asks_anew() -> None:
    rooms = Rooms()
    rooms.ask(ROOM, 100)
    reset = frames.Reset(epoch="second", room=ROOM)
    assert rooms.receive(reset) == ((reset,), ROOM, 0)
    assert rooms.join_frame(ROOM).after is None


async def test_a_declined_join_says_why() -> None:
    rooms = Rooms()
    future = rooms.ask(ROOM, None)
    rooms.receive(refused(room=ROOM))
    with pytest.raises(Declined) as caught:
        await future
    assert caught.value.code == "not_found"
    assert rooms.wanted() == []


async def test_what_is_unanswered_goes_out_once_per_line_in_order() -> None:
    outbox = Outbox()
    ids = [uuid4() for _ in range(3)]
    futures = [outbox.put(post(client_id)) for client_id in ids]
    assert [w.frame.client_id for w in outbox.unsent(1)] == ids
    assert list(outbox.unsent(1)) == []
    answer = frames.Posted(room=ROOM, client_id=ids[0], seq=1, id=new_id(), at=MONDAY)
    outbox.answered(answer)
    outbox.answered(answer)
    assert await futures[0] == answer
    assert [w.frame.client_id for w in outbox.unsent(2)] == ids[1:]


async def test_an_outbox_that_no_line_carries_any_more_says_so() -> None:
    outbox = Outbox()
    future = outbox.put(post(uuid4()))
    outbox.fail(SessionOver("over"))
    with pytest.raises(SessionOver):
        await future
    assert len(outbox) == 0


def test_frames_newer_than_this_client_are_ignored_and_newer_fields_too() -> None:
    assert read_frame('{"type": "from_the_future", "seq": 1}') is None
    frame = read_frame(f'{{"type": "changed", "room": "{ROOM}", "seq": 1, "mood": "calm"}}')
    assert frame == changed(1)


def test_the_socket_stands_beside_the_pages() -> None:
    assert socket_url("http://127.0.0.1:8000") == "ws://127.0.0.1:8000/ws"
    assert socket_url("https://hearth.example.org/") == "wss://hearth.example.org/ws"


def test_a_change_that_cannot_be_read_keeps_its_place_and_anything_else_is_dropped() -> None:
    newer = f'{{"type": "changed", "room": "{ROOM}", "seq": 1, "change": "from_the_future"}}'
    assert read_frame(newer) == changed(1)
    for text in (
        '{"type": "changed", "room": "kitchen", "seq": 1}',
        "[]",
        "null",
        "",
        "{",
        b"\xff",
    ):
        assert read_frame(text) is None


async def test_a_second_join_of_a_room_is_answered_with_the_first() -> None:
    rooms = Rooms()
    both = [rooms.ask(ROOM, 3), rooms.ask(ROOM, 1)]
    rooms.receive(joined(4))
    assert [(await future).seq for future in both] == [4, 4]
    assert rooms.join_frame(ROOM).after == 1


async def test_leaving_a_room_ends_the_wait_for_it() -> None:
    rooms = Rooms()
    future = rooms.ask(ROOM, 3)
    rooms.leave(ROOM)
    with pytest.raises(Left):
        await future
    assert rooms.receive(joined(4)).rejoin is None
    assert rooms.receive(changed(4)).tell == ()


async def test_who_says_the_same_again_meanwhile_hears_the_same_answer() -> None:
    outbox = Outbox()
    once = uuid4()
    first, second = outbox.put(post(once)), outbox.put(post(once))
    first.cancel()
    outbox.forget(once)
    assert [w.frame.client_id for w in outbox.unsent(1)] == [once]
    answer = frames.Posted(room=ROOM, client_id=once, seq=1, id=new_id(), at=MONDAY)
    outbox.answered(answer)
    assert await second == answer


async def test_what_nobody_waits_for_any_more_is_not_sent() -> None:
    outbox = Outbox()
    future = outbox.put(post(uuid4()))
    future.cancel()
    for client_id in [w.frame.client_id for w in outbox.unsent(1)]:
        outbox.forget(client_id)
    assert list(outbox.unsent(2)) == []


async def test_a_client_that_is_over_keeps_nobody_waiting() -> None:
    client = Client("http://nowhere", "token")
    with client.listening() as stream:
        await client.close()
        with pytest.raises(SessionOver):
            await anext(stream)
    for ask in (client.connect(), client.join(ROOM), client.post(ROOM, "Hello.")):
        with pytest.raises(SessionOver):
            await ask
