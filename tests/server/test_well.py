"""Is it well: judged from figures, the same for the page and at a terminal, and about nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Role
from server.counting import Spread
from server.errors import NotAllowed
from server.services import well
from server.services.place import note_key_backup
from server.services.well import Disk, Process, judge
from server.store.well import Look, Waiting
from server.store.well import look as store_look
from tests.server.store_fixture import MONDAY, House

GIB = 1024**3
LOOK = Look(
    at=MONDAY,
    cases=dict.fromkeys(Urgency, Waiting()),
    unread=0,
    push_on=True,
    push_sent=3,
    push_failed=0,
    push_outcome="done",
    push_at=MONDAY,
    backup_at=MONDAY,
    key_backup_at=MONDAY,
    database="SQLite 3",
    database_bytes=1,
)
PROCESS = Process(classifier="ready", waiting=0, posted_s=0.01, last_error_at=None)
DISK = Disk(free_bytes=50 * GIB, size_bytes=100 * GIB)
WEEK_AGO = MONDAY - timedelta(days=8)


def late(urgency: Urgency) -> dict[Urgency, Waiting]:
    return LOOK.cases | {urgency: Waiting(2, MONDAY, overdue=1)}


def test_a_place_in_which_nothing_is_wrong_is_well_throughout() -> None:
    assert set(judge(LOOK, PROCESS, DISK, MONDAY).values()) == {"well"}


@pytest.mark.parametrize(
    ("what", "state", "look", "process", "disk"),
    [
        ("queue", "mend", {"cases": late(Urgency.NOW)}, {}, DISK),
        ("queue", "look", {"cases": late(Urgency.ROUTINE)}, {}, DISK),
        ("classifier", "mend", {}, {"classifier": "down"}, DISK),
        ("classifier", "look", {}, {"classifier": "starting"}, DISK),
        ("classifier", "look", {}, {"all_read": False}, DISK),
        ("unread", "look", {"unread": 1}, {}, DISK),
        ("writing", "look", {}, {"posted_s": 2.5}, DISK),
        ("waiting", "look", {}, {"waiting": 100}, DISK),
        ("waiting", "mend", {}, {"waiting": 4_000}, DISK),
        ("push", "mend", {"push_outcome": "unreachable"}, {}, DISK),
        ("disk", "mend", {}, {}, Disk(GIB - 1, 2 * GIB)),
        ("disk", "look", {}, {}, Disk(9 * GIB, 100 * GIB)),
        ("backup", "mend", {"backup_at": None}, {}, DISK),
        ("backup", "mend", {"backup_at": WEEK_AGO}, {}, DISK),
        ("keys", "mend", {"key_backup_at": WEEK_AGO}, {}, DISK),
        ("errors", "look", {}, {"last_error_at": MONDAY}, DISK),
    ],
)
def test_what_is_wrong_is_said_and_nothing_else(what, state, look, process, disk) -> None:
    found = judge(replace(LOOK, **look), replace(PROCESS, **process), disk, MONDAY)
    assert {name: told for name, told in found.items() if told != "well"} == {what: state}


def test_a_browser_that_is_gone_and_push_that_is_off_are_nobodys_failure() -> None:
    assert well.judge_push(replace(LOOK, push_outcome="http_410")) == "well"
    assert well.judge_push(replace(LOOK, push_on=False, push_outcome="unreachable")) == "well"


@pytest.mark.parametrize(
    ("values", "share", "bound"),
    [([], 0.95, None), ([1] * 95 + [3] * 5, 0.95, 1), ([1] * 94 + [3] * 6, 0.95, 5), ([9], 0.5, 5)],
)
def test_a_quantile_is_the_bound_under_which_so_many_lie(values, share, bound) -> None:
    spread = Spread(1, 2, 5)
    for value in values:
        spread.add(value)
    assert spread.quantile(share) == bound


def test_a_quantile_of_the_last_minute_knows_nothing_of_what_was_before() -> None:
    spread = Spread(1, 2, 5)
    spread.add(5)
    before = list(spread.counts)
    assert spread.quantile(0.95, before) is None
    spread.add(0.5)
    assert spread.quantile(0.95, before) == 1


async def test_a_look_counts_cases_by_urgency_and_who_is_late(any_house: House) -> None:
    marram = await any_house.join("marram")
    ash = await any_house.join("ash")
    room = await any_house.room("Low days", (marram, "member"), (ash, "member"))
    await any_house.case(room, marram)
    await any_house.case(room, ash, urgency=Urgency.ROUTINE)
    fresh = await any_house.do(store_look)
    any_house.clock.move(minutes=6)
    later = await any_house.do(store_look)

    assert [(u.value, w.open, w.overdue) for u, w in fresh.cases.items()] == [
        ("none", 0, 0), ("routine", 1, 0), ("soon", 0, 0), ("now", 1, 0),
    ]  # fmt: skip
    assert later.cases[Urgency.NOW] == Waiting(1, fresh.at, overdue=1)
    assert later.cases[Urgency.ROUTINE].overdue == 0
    assert later.database.split()[0] in {"SQLite", "PostgreSQL"}
    assert later.database_bytes > 0
    assert (later.backup_at, later.key_backup_at) == (None, None)
    await any_house.do(lambda work: note_key_backup(work, work.now))
    assert (await any_house.do(store_look)).key_backup_at == later.at


async def test_of_what_is_for_clinicians_alone_nothing_is_told(house: House) -> None:
    marram = await house.join("marram")
    ash = await house.join("ash")
    room = await house.room("Low days", (marram, "member"), (ash, "member"))
    await house.case(room, marram, kind=CaseKind.MEASURE)
    assert (await house.do(store_look)).cases[Urgency.NOW].open == 0
    await house.case(room, ash, kind=CaseKind.RISK)
    assert (await house.do(store_look)).cases[Urgency.NOW].open == 1


@pytest.mark.parametrize("role", [Role.PEER, Role.MODERATOR, Role.CLINICIAN])
async def test_only_a_steward_may_look(house: House, role: Role) -> None:
    fern = await house.join("fernhollow", role)
    keeper = await house.join("hearthkeeper", Role.STEWARD)
    with pytest.raises(NotAllowed):
        await house.do(lambda work: well.read_look(work, fern))
    assert await house.do(lambda work: well.read_look(work, keeper))
