"""An interval holds the true value as often as it says."""

import random
from statistics import median

import pytest

from moderation.intervals import median_ranks


@pytest.mark.parametrize(
    ("count", "ranks"),
    [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (25, (8, 18)), (50, (18, 33)), (100, (40, 61))],
)
def test_the_ranks_of_a_median_are_the_exact_ones(count: int, ranks: tuple[int, int]):
    """By scipy's `binom.cdf(rank - 1, count, 0.5) <= 0.025`; ranks here begin with 1."""
    low, high = median_ranks(count) or (-1, -1)
    assert (low + 1, high + 1) == ranks


@pytest.mark.parametrize("count", range(6))
def test_five_values_or_fewer_reach_not_so_far(count: int):
    assert median_ranks(count) is None


@pytest.mark.parametrize("count", [6, 7, 25, 60])
def test_it_holds_the_true_median_at_least_95_times_in_100(count: int):
    chance = random.Random(count)
    low, high = median_ranks(count) or (0, 0)
    held = 0
    for _ in range(4_000):
        waits = sorted(chance.lognormvariate(3, 1.4) for _ in range(count))
        assert waits[low] <= median(waits) <= waits[high]
        held += waits[low] <= 20.085537 <= waits[high]
    assert held / 4_000 > 0.94, "e to the 3rd is the true one; 0.94 leaves chance its due"
