"""Shares of rounded counts, each with an interval that holds the rounding too. Pure.

Everything here is worked out from figures that are shown already, so it can give nothing more away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot

from moderation.intervals import wilson
from server.services.small_cells import COUNT_STEP

_OFF_BY = COUNT_STEP // 2
"""A whole number rounded to 5 is at most so far from what it was."""


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, both as shown, in `weeks` weeks. `low` to `high`: 95 in 100, rounding included."""

    count: float
    of: float
    weeks: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One share less another, from `low` to `high`."""

    value: float
    low: float
    high: float


def share(counts: Iterable[tuple[float | None, float | None]]) -> Share | None:
    """Of all weeks in which both counts are shown; None when there is none.

    counts: for each week a part and its whole, rounded.
    Source: Wilson 1927, the score interval, at the ends of what the rounded counts may have been. It
    takes each answer for a person's only one: where somebody answers often, the truth is wider.
    """
    both = [(part, whole) for part, whole in counts if part is not None and whole is not None]
    if not both:
        return None
    part, whole = sum(one for one, _ in both), sum(one for _, one in both)
    off_by = _OFF_BY * len(both)
    least, most = max(0.0, part - off_by), part + off_by
    smallest, largest = whole - off_by, whole + off_by
    return Share(
        count=part,
        of=whole,
        weeks=len(both),
        value=min(1.0, part / whole),
        low=wilson(min(least, largest), largest)[0],
        high=wilson(min(most, smallest), smallest)[1],
    )


def difference(one: Share, other: Share) -> Difference:
    """Of two shares. Source: Newcombe 1998, method 10, from the intervals of both."""
    value = one.value - other.value
    return Difference(
        value=value,
        low=max(-1.0, value - hypot(one.value - one.low, other.high - other.value)),
        high=min(1.0, value + hypot(one.high - one.value, other.value - other.low)),
    )
