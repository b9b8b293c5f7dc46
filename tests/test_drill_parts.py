"""What drills judge by can fail: each fault that it is there for is found, and what is right is not one."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from server.replay.ledger import Said, digest
from tests.drills._chorus import is_whole
from tests.drills._claiming import Act
from tests.drills._fairness import Book, Decided, find_faults
from tests.drills._kept import Kept, compare
from tests.drills._trace import Order, marked_id
from tests.drills.classifier_faults import Said as SaidOnce
from tests.drills.classifier_faults import count_readings, holds, told_s

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


FERN, HEATH, ASH, BIRCH, CASE = (uuid4() for _ in range(5))
NAMES = {FERN: "fern", HEATH: "heath"}
HEARD = {CASE: [1, 2, 3]}
ACTS = [
    Act(FERN, "claim", CASE, 1, got=2),
    Act(HEATH, "claim", CASE, 1, code="claimed", detail="fern has this case until 09:15 UTC."),
    Act(FERN, "decide", CASE, 2, "hide", got=3),
    Act(HEATH, "decide", CASE, 2, "warn", code="stale", detail="fern decided on this meanwhile."),
]


def book() -> Book:
    """One case, claimed and decided by fern, about ash; birch had flagged it."""
    return Book(
        versions={CASE: 3},
        states={CASE: "closed"},
        subjects={CASE: ASH},
        flaggers={CASE: [BIRCH]},
        hidden={CASE},
        decided=[Decided(CASE, FERN, "hide", 2)],
        audited=Counter([(FERN, "case.hide", CASE)]),
        told=Counter([(CASE, ASH, FERN)]),
        answered=Counter([(CASE, BIRCH)]),
        chain=True,
    )


def test_one_owner_and_one_decision_are_no_fault() -> None:
    assert find_faults(ACTS, book(), HEARD, NAMES) == {}


SPOILT_ACTS: dict[str, list[Act]] = {
    "two_owners": [*ACTS[:1], Act(HEATH, "claim", CASE, 2, got=3)],
    "version_twice": [*ACTS, Act(HEATH, "claim", CASE, 1, got=2)],
    "acted_without_it": [ACTS[0], replace(ACTS[2], who=HEATH)],
    "acted_unread": [ACTS[0], replace(ACTS[2], asked=1)],
    "unclear": [*ACTS, replace(ACTS[1], detail="Another moderator is looking at this case.")],
    "answered_otherwise": ACTS[:2],
    "version_stands_elsewhere": ACTS[:2],
}


@pytest.mark.parametrize("fault", SPOILT_ACTS)
def test_each_unfair_answer_is_found(fault: str) -> None:
    assert find_faults(SPOILT_ACTS[fault], book(), HEARD, NAMES)[fault] >= 1


SPOILT_BOOKS: dict[str, Callable[[Book], Book]] = {
    "decided_twice": lambda b: replace(b, decided=b.decided * 2),
    "undecided": lambda b: replace(b, decided=[]),
    "audited_otherwise": lambda b: replace(b, audited=Counter()),
    "audit_broken": lambda b: replace(b, chain=False),
    "hidden_otherwise": lambda b: replace(b, hidden=set()),
    "told_otherwise": lambda b: replace(b, told=b.told + b.told),
    "flag_answered_otherwise": lambda b: replace(b, answered=Counter()),
}


@pytest.mark.parametrize("fault", SPOILT_BOOKS)
def test_each_fault_in_what_is_kept_is_found(fault: str) -> None:
    assert find_faults(ACTS, SPOILT_BOOKS[fault](book()), HEARD, NAMES)[fault] == 1


@pytest.mark.parametrize(
    ("fault", "versions"), [("heard_falling", [1, 3, 2, 3]), ("heard_not_all", [1, 2])]
)
def test_what_a_moderators_line_heard_is_judged_too(fault: str, versions: list[int]) -> None:
    assert find_faults(ACTS, book(), {CASE: versions}, NAMES)[fault] == 1


@pytest.mark.parametrize(
    "fault", ["lost", "doubled", "out_of_order", "altered", "phantom", "failed", "gaps_in_seq"]
)
def test_each_fault_of_a_chorus_is_found(fault: str) -> None:
    names = ("lost", "doubled", "out_of_order", "altered", "phantom", "failed", "gaps_in_seq")
    whole = {**dict.fromkeys(names, 0), "acknowledged": 3}
    assert is_whole(whole)
    assert not is_whole(whole | {fault: 1})
    assert not is_whole(whole | {"acknowledged": 0}), "nothing said shows nothing"


READ = {
    "said": 9, "failed": 0, "unread": 0, "read_twice": 0, "another_model": 0, "urgent": 1,
    "urgent_never_told": 0, "urgent_slowest_s": 0.4, "listed_while_frozen": 3, "listed_after": 0,
    "spoilt_refused": True, "ack_p95_ms_untouched": 40.0, "ack_p95_ms_frozen": 320.0,
}  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        {"failed": 1},
        {"unread": 1},
        {"read_twice": 1},
        {"another_model": 1},
        {"urgent": 0},
        {"urgent_never_told": 1},
        {"urgent_slowest_s": 2.1},
        {"listed_while_frozen": 0},
        {"listed_after": 1},
        {"spoilt_refused": False},
        {"ack_p95_ms_frozen": 341.0},
    ],
)
def test_whatever_is_wrong_with_classifiers_fails_their_drill(changed: dict[str, object]) -> None:
    assert holds(READ)
    assert not holds(READ | changed)


def test_readings_that_are_missing_doubled_or_of_another_model_are_counted() -> None:
    once, twice, never = uuid4(), uuid4(), uuid4()
    rows = [(once, True, "m"), (twice, True, "m"), (twice, True, "other"), (never, False, "m")]
    found = count_readings([once, twice, never], rows, "m")
    assert found == {"unread": 1, "read_twice": 1, "another_model": 1}


def test_an_urgent_message_without_a_case_was_never_told() -> None:
    told, case = uuid4(), uuid4()
    said = [SaidOnce(uuid4(), "frozen", True, 1.0, 1.1, one) for one in (told, uuid4(), None)]
    assert told_s(said, {told: case}, {case: 1.5}) == [0.5, None, None]
