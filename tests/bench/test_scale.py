"""What is computed for many members rests on what was measured, and the simulation on queues that can be worked out."""

from dataclasses import replace
from random import Random

import pytest

from tests.bench.scale import (
    DOCS,
    HINT_S,
    Costs,
    Machine,
    Talk,
    costs_of,
    needs,
    read_results,
    simulate,
    tables,
    workers_reached,
)

COSTS = Costs(
    message=2_000,
    delivery=20,
    reading=10_000,
    join=0,
    change=1_000,
    connection_kib=20,
    base_mib=200,
)
TALK = Talk("test", per_hour=6, listeners=50, peak=1)


def test_the_page_says_what_is_computed_now() -> None:
    page = (DOCS / "scale.md").read_text("utf-8").splitlines()
    assert [line for line in tables(read_results()) if line not in page] == []


def test_costs_are_those_of_the_benchmark() -> None:
    rows = read_results()
    fixed = next(
        r
        for r in rows
        if (r["server"], r["members"], r["phase"]) == ("hearth-postgres", 500, "fixed")
    )
    costs = costs_of(rows, "postgres")
    measured = fixed["server_cpu_s"] / fixed["sent"] * 1e6
    assert costs.message + 500 * costs.delivery == pytest.approx(measured)


def test_how_many_workers_a_message_reaches() -> None:
    chance = Random(4)
    tried = [len({chance.randrange(8) for _ in range(10)}) for _ in range(20_000)]
    assert workers_reached(10, 8) == pytest.approx(sum(tried) / len(tried), rel=0.01)
    assert workers_reached(10, 1) == 1


def test_needs_grow_in_a_straight_line_by_room_and_faster_where_members_come_to_any_worker() -> (
    None
):
    machine = Machine()
    few, many = (needs(COSTS, TALK, n, machine, by_room=True) for n in (100_000, 1_000_000))
    assert many.chat == pytest.approx(10 * few.chat)
    few, many = (needs(COSTS, TALK, n, machine, by_room=False) for n in (10_000, 1_000_000))
    assert many.chat > 110 * few.chat


def test_model_and_memory_are_counted() -> None:
    found = needs(COSTS, TALK, 100_000, Machine(), by_room=True)
    assert found.per_second == pytest.approx(100_000 * 6 / 3600)
    assert found.model == pytest.approx(found.per_second * 0.01)
    assert found.memory_gib > 100_000 * 20 / 1024**2


def test_one_worker_with_little_to_do_takes_as_long_as_the_work() -> None:
    idle = replace(TALK, per_hour=0.05)
    found = simulate(COSTS, idle, 10_000, 1, by_room=True, seconds=300)
    assert found.p50_ms == pytest.approx(3.0, rel=0.01)  # 2 ms and 50 deliveries of 20 us
    assert found.reached == 1


def test_another_worker_is_told_after_the_commit_and_takes_it_up_first() -> None:
    idle = replace(TALK, per_hour=0.05, listeners=2)
    found = simulate(COSTS, idle, 10_000, 1_000, by_room=False, seconds=300)
    assert found.p99_ms == pytest.approx(2.02 + HINT_S * 1000 + 1.02, rel=0.02)


def test_half_busy_means_the_wait_of_a_queue_with_equal_work() -> None:
    work_s = (COSTS.message + TALK.listeners * COSTS.delivery) / 1e6
    members = int(0.5 / work_s * 3600 / TALK.per_hour)
    found = simulate(COSTS, TALK, members, 1, by_room=True, seconds=200)
    assert found.busy == pytest.approx(0.5, abs=0.03)
    # M/D/1: the mean wait is half the work at this load; half of all wait less than that, the slowest several times it.
    assert work_s * 1000 <= found.p50_ms < work_s * 1500
    assert work_s * 2500 < found.p99_ms < work_s * 6000
