"""What drills judge by can fail: each fault that it is there for is found, and what is right is not one."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from server.replay.ledger import Said, digest
from tests.drills._kept import Kept, compare
from tests.drills._trace import Order, marked_id

ROOM = uuid4()
WAL = b"13</data/hearth.sqlite3-wal>"


def lines(*said: bytes) -> list[bytes]:
    return [b"100 " + line for line in said]


def page(message: UUID) -> bytes:
    return b"pwrite64(" + WAL + b', "\\0\\1' + message.hex.encode() + b'\\2", 4096, 56) = 4096'


def frame(kind: str, message: UUID) -> bytes:
    told = f'{{\\"type\\":\\"{kind}\\",\\"client_id\\":\\"{message}\\"}}'
    return b'write(20<socket:[7]>, "\\201~\\0\\360' + told.encode() + b'", 240) = 240'


SYNC = b"fdatasync(" + WAL + b") = 0"


def test_a_message_that_was_synced_before_it_was_told_is_in_order() -> None:
    one = marked_id(1)
    order = Order().read(lines(page(one), SYNC, frame("posted", one), frame("message", one)))
    assert (order.told["posted"], order.told["message"]) == (1, 1)
    assert order.early.total() == 0


@pytest.mark.parametrize(
    "before",
    [
        [],
        [page(marked_id(1))],
        [SYNC, page(marked_id(1))],
        [page(marked_id(2)), SYNC],
        [page(marked_id(1)), b"fdatasync(9</data/keys.sqlite3-wal>) = 0"],
        [page(marked_id(1)), b"fdatasync(" + WAL + b" <unfinished ...>"],
    ],
)
def test_a_message_that_was_told_before_its_own_sync_ended_is_early(before: list[bytes]) -> None:
    order = Order().read(lines(*before, frame("posted", marked_id(1))))
    assert order.early["posted"] == 1


def test_a_sync_that_was_interrupted_in_the_trace_counts_from_its_beginning_to_its_end() -> None:
    one, two = marked_id(1), marked_id(2)
    order = Order().read(
        [
            b"101 " + page(one),
            b"101 fdatasync(" + WAL + b" <unfinished ...>",
            b"102 " + page(two),
            b"101 <... fdatasync resumed>) = 0",
            b"100 " + frame("posted", one),
            b"100 " + frame("posted", two),
        ]
    )
    assert (order.told["posted"], order.early["posted"]) == (2, 1)


def test_what_was_promised_is_compared_with_what_is_there() -> None:
    said = Said(ROOM, digest("Hello."), 0.0, message=uuid4(), seq=1)
    assert said.message
    right = Kept({(ROOM, 1): (said.message, said.digest)}, gaps=0, damage=0)
    assert not any(compare([said], {(ROOM, 1): said.message}, right).values())
    altered = right._replace(places={(ROOM, 1): (said.message, digest("Bye."))})
    assert compare([said], {}, altered)["altered"] == 1
    gone = right._replace(places={})
    assert compare([said], {(ROOM, 1): said.message}, gone) >= Counter(lost=1, shown_lost=1)
    assert compare([], {}, right._replace(gaps=1, damage=2)) >= Counter(gaps=1, corrupt=2)
