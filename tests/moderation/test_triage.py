import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import triage
from moderation.triage import DUE, due_at, queue_key
from moderation.urgency import Urgency, most_urgent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ages = st.integers(0, 4 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
cases = st.tuples(st.sampled_from(Urgency), ages)


def key(urgency, age):
    opened = NOW - age
    return queue_key(urgency, due_at(urgency, opened), opened, NOW)


@pytest.mark.parametrize(
    ("urgency", "minutes"), [(Urgency.NOW, 5), (Urgency.SOON, 60), (Urgency.ROUTINE, 24 * 60)]
)
def test_due_times_are_those_of_the_policy(urgency, minutes):
    assert due_at(urgency, NOW) - NOW == timedelta(minutes=minutes) == DUE[urgency]


@given(st.lists(cases, min_size=1))
def test_an_unclaimed_now_always_stands_first(waiting):
    ordered = sorted(waiting, key=lambda case: key(*case))
    ranks = [urgency is not Urgency.NOW for urgency, _ in ordered]
    assert ranks == sorted(ranks)


@given(ages)
def test_nothing_that_ages_ever_passes_a_now(age):
    assert key(Urgency.NOW, timedelta(0)) < key(Urgency.ROUTINE, age)
    assert key(Urgency.NOW, timedelta(0)) < key(Urgency.SOON, age)


def test_a_routine_overdue_by_its_whole_due_time_ranks_with_soon():
    almost = key(Urgency.ROUTINE, timedelta(hours=48) - timedelta(seconds=1))
    starved = key(Urgency.ROUTINE, timedelta(hours=48))
    fresh_soon = key(Urgency.SOON, timedelta(minutes=1))
    assert starved < fresh_soon < almost


def test_what_has_no_urgency_ages_too():
    assert key(Urgency.NONE, timedelta(hours=48)) < key(Urgency.SOON, timedelta(minutes=1))
    assert key(Urgency.NONE, timedelta(hours=47)) > key(Urgency.ROUTINE, timedelta(0))


def test_a_soon_that_is_late_passes_whatever_else_is_old():
    assert key(Urgency.SOON, timedelta(minutes=60)) < key(Urgency.ROUTINE, timedelta(days=4))
    assert key(Urgency.SOON, timedelta(minutes=59)) > key(Urgency.ROUTINE, timedelta(days=4))


def test_inside_a_rank_the_earliest_due_comes_first():
    assert key(Urgency.SOON, timedelta(minutes=50)) < key(Urgency.SOON, timedelta(minutes=5))


@given(st.lists(cases, min_size=1, max_size=30))
def test_the_database_orders_as_the_function_does(waiting):
    order_by = (triage.__doc__ or "").split("::", 1)[1]
    rows = [(i, u.value, (NOW - age), due_at(u, NOW - age)) for i, (u, age) in enumerate(waiting)]
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE cases (id, urgency, opened_at, due_at)")
        database.executemany(
            "INSERT INTO cases VALUES (?, ?, ?, ?)",
            [(i, u, opened.timestamp(), due.timestamp()) for i, u, opened, due in rows],
        )
        query = f"SELECT id FROM cases {order_by}, id"  # noqa: S608 - our own docstring
        found = [i for (i,) in database.execute(query, {"now": NOW.timestamp()})]
    database.close()
    expected = sorted(rows, key=lambda r: (queue_key(Urgency(r[1]), r[3], r[2], NOW), r[0]))
    assert found == [row[0] for row in expected]


def test_urgencies_are_ordered_by_rank_and_not_by_their_letters():
    ordered = sorted(Urgency, key=lambda urgency: urgency.rank)
    assert ordered == [Urgency.NONE, Urgency.ROUTINE, Urgency.SOON, Urgency.NOW]
    assert most_urgent([Urgency.SOON, Urgency.NONE]) is Urgency.SOON
    assert most_urgent([]) is Urgency.NONE
