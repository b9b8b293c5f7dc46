"""10,000 random pairs of questions about small rooms: nobody learns of one to seven people."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.intervals import wilson
from server.services.climate_cells import NAMES, SPLITS, protect
from server.services.shares import share
from server.services.small_cells import Cell, count, shown_value
from tests.server.climate.attacker import found_out
from tests.server.climate.campaign import (
    Campaign,
    Counted,
    draw_rooms,
    exact_sums,
    only_the_small,
)
from tests.server.store_fixture import House

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
PAIRS = 2_000


async def small_rooms(house: House, weeks: int = 10) -> list[Counted]:
    rooms = [await house.room(f"Room {number}") for number in range(5)]
    house.clock.at = BEGIN + timedelta(weeks=weeks + 1)
    return await house.do(lambda work: draw_rooms(work, rooms, BEGIN, weeks, seed=3))


async def test_no_pair_of_questions_gives_a_count_of_one_to_seven(house: House):
    rooms = await small_rooms(house)
    found = Campaign(rooms, protect).run(PAIRS, seed=1)
    assert found.is_clean, found
    assert found.pairs == PAIRS
    assert found.derived > PAIRS
    assert found.hidden > 500, "the guard: there was much to hide"
    assert found.shown > 200, "the guard: and something to show"


async def test_hiding_only_what_is_small_is_found_out(house: House):
    rooms = await small_rooms(house)
    found = Campaign(rooms, only_the_small).run(0, seed=1)
    assert found.found_out > 0
    assert found.about_few > 0


async def test_periods_that_add_up_what_is_hidden_are_found_out(house: House):
    rooms = await small_rooms(house)
    broken = [exact_sums(counted) for counted in rooms]
    assert Campaign(rooms, protect, periods=broken).run(500, seed=1).few > 0


PEOPLE = [UUID(int=number) for number in range(1, 41)]
some_people = st.lists(st.sampled_from(PEOPLE), max_size=30)


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, Cell]:
    """Any week at all: who stands behind each part, and so behind each total."""
    behind: dict[str, list[UUID]] = {}
    for split in SPLITS:
        if split.total not in behind:
            behind[split.total] = draw(some_people)
        parts: dict[str, list[UUID]] = {part: [] for part in split.parts}
        for person in behind[split.total]:
            parts[draw(st.sampled_from(split.parts))].append(person)
        behind |= parts
    found = {name: count(behind.get(name, [])) for name in NAMES}
    return found


@given(weeks())
def test_in_no_week_at_all_a_hidden_count_can_be_worked_out(cells: dict[str, Cell]):
    figures = {name: shown_value(cell) for name, cell in protect(cells).items()}
    assert found_out(figures) == []
    for split in SPLITS:
        hidden = [cells[part].people for part in split.parts if figures[part] is None]
        if figures[split.total] is not None and hidden:
            assert len(frozenset().union(*hidden)) >= 8


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe 1998, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(part: int, whole: int, low: float, high: float):
    assert wilson(part, whole) == pytest.approx((low, high), abs=5e-5)


@given(st.lists(st.tuples(st.integers(8, 60), st.integers(8, 60)), min_size=1, max_size=12))
def test_the_interval_holds_what_was_counted_before_it_was_rounded(weeks: list[tuple[int, int]]):
    counted = [(part, part + rest) for part, rest in weeks]
    rounded = [tuple(float((n + 2.5) // 5 * 5) for n in both) for both in counted]
    found = share(rounded)  # type: ignore[arg-type]
    assert found is not None
    part, whole = sum(part for part, _ in counted), sum(whole for _, whole in counted)
    low, high = wilson(part, whole)
    assert found.low <= low < high <= found.high
    assert found.low <= found.value <= found.high
