"""No figure about fewer than eight people is shown, or can be worked out from those that are."""

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.services.small_cells import (
    SMALLEST_GROUP,
    Cell,
    count,
    distinct,
    median_ends,
    median_seconds,
    protect_parts,
    shown_value,
)

PEOPLE = [UUID(int=number) for number in range(1, 61)]


@pytest.mark.parametrize(
    ("events", "people", "shown"),
    [
        (0, 0, None),
        (7, 7, None),
        (100, 7, None),
        (8, 8, 10),
        (12, 8, 10),
        (13, 9, 15),
        (60, 60, 60),
    ],
)
def test_a_count_is_shown_from_eight_people_on_and_rounded(
    events: int, people: int, shown: float | None
):
    behind = [PEOPLE[number % people] for number in range(events)] if people else []
    assert shown_value(count(behind)) == shown


def test_twelve_messages_of_three_people_are_a_figure_about_three():
    assert shown_value(count(PEOPLE[:3] * 4)) is None
    assert shown_value(distinct(PEOPLE[:3] * 4)) is None


def test_a_median_needs_eight_people_too():
    waits = [(person, 61.0 + number) for number, person in enumerate(PEOPLE[:8])]
    assert shown_value(median_seconds(waits)) == 60
    assert shown_value(median_seconds((person, 20.0) for person in PEOPLE[:8])) == 0
    assert shown_value(median_seconds(waits[:7] * 3)) is None
    assert shown_value(median_seconds([])) is None


def ends(waits: list[tuple[UUID, float]]) -> tuple[float | None, float | None]:
    low, high = median_ends(waits)
    return shown_value(low), shown_value(high)


def test_the_ends_of_a_median_are_shown_outwards_from_25_people_on():
    waits = [(person, 61.0 * number) for number, person in enumerate(PEOPLE[:25], start=1)]
    assert ends(waits) == (480, 1_140), "the 8th is 488 s and the 18th 1,098 s"
    assert ends(waits[:24]) == (None, None)
    assert ends([]) == (None, None)


def test_the_ends_need_enough_people_and_not_only_enough_waits():
    few = [(PEOPLE[number % 7], 60.0) for number in range(40)]
    many = [(person, 600.0) for person in PEOPLE[:40]]
    assert ends(few + many) == (None, None), "as long as the low end or less waited seven"
    assert ends([(who, 660.0 - seconds) for who, seconds in few + many]) == (None, None)
    assert ends([(PEOPLE[number % 8], 60.0) for number in range(40)] + many) == (60, 600)


waits_of_a_week = st.lists(
    st.tuples(st.sampled_from(PEOPLE[:30]), st.floats(0, 48 * 3600)), max_size=80
)


@given(waits_of_a_week)
def test_at_either_end_stand_enough_people_or_neither_is_shown(waits: list[tuple[UUID, float]]):
    low, high = ends(waits)
    assert (low is None) == (high is None)
    if low is not None and high is not None:
        assert len({who for who, seconds in waits if seconds < low + 60}) >= SMALLEST_GROUP
        assert len({who for who, seconds in waits if seconds > high - 60}) >= SMALLEST_GROUP
        middle = shown_value(median_seconds(waits))
        assert middle is not None, "never without the middle value"
        assert low <= middle <= high


def test_one_hidden_part_gets_company():
    parts = [count(PEOPLE[:20]), count(PEOPLE[20:30]), count(PEOPLE[30:33])]
    total, protected = protect_parts(count(PEOPLE[:33]), parts)
    assert not total.hidden
    assert [part.hidden for part in protected] == [False, True, True]


def test_a_sum_is_hidden_when_its_hidden_parts_are_about_too_few():
    parts = [count(PEOPLE[:4]), count(PEOPLE[:4])]
    total, _ = protect_parts(Cell(8, frozenset(PEOPLE[:9])), parts)
    assert total.hidden


events_of_a_week = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.integers(0, 6)), min_size=0, max_size=120
)


@given(events_of_a_week)
def test_an_attacker_who_subtracts_learns_nothing_about_fewer_than_eight(
    events: list[tuple[UUID, int]],
):
    parts = [count(who for who, day in events if day == number) for number in range(7)]
    total, protected = protect_parts(count(who for who, _ in events), parts)

    for cell in (total, *protected):
        assert cell.hidden or len(cell.people) >= SMALLEST_GROUP
    hidden = [part for part in protected if part.hidden]
    if not total.hidden and hidden:
        # The best that subtraction gives is the sum of all that is hidden.
        behind = set().union(*(part.people for part in hidden))
        assert len(behind) >= SMALLEST_GROUP
        assert all(part.hidden for part in protected if len(part.people) < SMALLEST_GROUP)


def test_rounding_is_to_the_nearest_five_and_never_below_what_is_shown():
    chance = random.Random(5)
    for _ in range(1_000):
        events = chance.randrange(8, 500)
        behind = [*PEOPLE[:8], *chance.choices(PEOPLE, k=events - 8)]
        value = shown_value(count(behind))
        assert value is not None
        assert value % 5 == 0
        assert abs(value - events) <= 2.5
