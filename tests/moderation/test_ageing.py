"""Nothing starves: days of a queue under heavy traffic, worked in the order of triage."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from moderation.triage import DUE, due_at, queue_key
from moderation.urgency import Urgency

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
STEP = timedelta(minutes=10)
BOUND = 3
"""No case waits longer than this many of its due times while the queue moves."""
Key = Callable[[Urgency, datetime, datetime, datetime], tuple[object, ...]]


@dataclass
class Queue:
    """One person takes one case each step. worst: the longest wait, in due times."""

    key: Key = queue_key
    now: datetime = START
    waiting: list[tuple[Urgency, datetime]] = field(default_factory=list)
    worst: dict[Urgency, float] = field(default_factory=dict)
    taken: Counter[Urgency] = field(default_factory=Counter)

    def open(self, urgency: Urgency, count: int = 1) -> None:
        self.waiting += [(urgency, self.now)] * count

    def step(self) -> None:
        self.now += STEP
        if self.waiting:
            first = min(
                self.waiting, key=lambda c: self.key(c[0], due_at(c[0], c[1]), c[1], self.now)
            )
            self.waiting.remove(first)
            self.taken[first[0]] += 1
            self._note(*first)

    def wait_of(self, urgency: Urgency) -> float:
        """Also of those who wait still: who is never taken must not look as if nobody waited."""
        for each, opened_at in self.waiting:
            self._note(each, opened_at)
        return self.worst.get(urgency, 0.0)

    def _note(self, urgency: Urgency, opened_at: datetime) -> None:
        waited = (self.now - opened_at) / DUE[urgency]
        self.worst[urgency] = max(self.worst.get(urgency, 0.0), waited)


def busy_days(
    key: Key = queue_key, *, seed: int = 5, old: int = 12, soon_waiting: int = 2, days: int = 7
) -> Queue:
    """Half of all steps bring a `now`, and there is always a `soon` that waits: whoever sorts by
    urgency alone never comes to anything else. old: so many others were opened all at once."""
    queue, chance = Queue(key), random.Random(seed)
    queue.open(Urgency.ROUTINE, old)
    queue.open(Urgency.NONE, old // 2)
    for number in range(days * 24 * 6):
        if chance.random() < 0.5:
            queue.open(Urgency.NOW)
        if sum(urgency is Urgency.SOON for urgency, _ in queue.waiting) < soon_waiting:
            queue.open(Urgency.SOON)
        if number % 48 == 0:
            queue.open(Urgency.ROUTINE)
        if number % 72 == 0:
            queue.open(Urgency.NONE)
        queue.step()
    return queue


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_nothing_waits_more_than_three_due_times_while_the_queue_moves(seed):
    queue = busy_days(seed=seed)
    assert queue.taken[Urgency.NOW] > 450, "the days were busy"
    for urgency in Urgency:
        assert queue.taken[urgency] > 10
        assert queue.wait_of(urgency) <= BOUND


def test_a_now_is_taken_next_however_old_the_others_are():
    queue = Queue()
    queue.open(Urgency.ROUTINE, 50)
    queue.now += timedelta(days=9)
    queue.open(Urgency.NOW)
    queue.step()
    assert queue.taken == {Urgency.NOW: 1}


def test_many_old_cases_at_once_do_not_starve_what_is_soon():
    queue = busy_days(old=24, soon_waiting=1)
    assert queue.wait_of(Urgency.SOON) <= BOUND
    assert queue.wait_of(Urgency.ROUTINE) <= BOUND


def test_where_a_late_soon_does_not_pass_them_they_starve_it():
    def aged_alone(urgency, due, opened, now):
        rank = queue_key(urgency, due, opened, now)[0]
        return (max(rank, 2) if urgency is Urgency.SOON else rank, due, opened)

    assert busy_days(aged_alone, old=24, soon_waiting=1).wait_of(Urgency.SOON) > BOUND


def test_by_urgency_alone_the_same_days_starve_the_rest():
    queue = busy_days(lambda urgency, due, opened, now: (-urgency.rank, due, opened))
    assert queue.wait_of(Urgency.ROUTINE) > BOUND
    assert queue.wait_of(Urgency.NONE) > BOUND
