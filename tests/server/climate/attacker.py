"""Somebody who knows every rule of hiding and all that is shown, and subtracts.

Within a week: a total is the sum of its parts, a shown count is off by at most 2, a shown one is about
eight people or more, and whoever is hidden alone beside a shown total is about fewer. Between two
answers: one sum less another is about the weeks that only one of them holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from server.protocol.climate import Comparison, Period, Share
from server.services.climate_cells import SPLITS, Split

Figures = Mapping[str, float | None]
_OFF_BY = 2
_SMALLEST = 8


@dataclass(slots=True)
class Bounds:
    """What a count must be, as far as the attacker can tell. `alone`: it is about fewer than eight."""

    low: float = 0
    high: float = inf
    alone: bool = False

    @property
    def is_found_out(self) -> bool:
        """Certainly somebody, and certainly few: a count of 1 to 7."""
        return self.low >= 1 and (self.alone or self.high < _SMALLEST)


def found_out(figures: Figures) -> list[str]:
    """The hidden counts of one week that the attacker knows to be of 1 to 7."""
    bounds = {name: _as_shown(value) for name, value in figures.items()}
    for split in SPLITS:
        hidden = [part for part in split.parts if figures[part] is None]
        if figures[split.total] is not None and len(hidden) == 1:
            bounds[hidden[0]].alone = True
    while any(_narrow(bounds, split) for split in SPLITS):
        pass
    return [name for name, found in bounds.items() if found.is_found_out]


def _as_shown(value: float | None) -> Bounds:
    if value is None:
        return Bounds()
    return Bounds(max(_SMALLEST, value - _OFF_BY), value + _OFF_BY)


def _narrow(bounds: dict[str, Bounds], split: Split) -> bool:
    """Add up the parts, and take the others from the total. Whether anything is known better now."""
    total, parts = bounds[split.total], [bounds[name] for name in split.parts]
    better = _within(total, sum(p.low for p in parts), sum(p.high for p in parts))
    for part in parts:
        others = [other for other in parts if other is not part]
        low = total.low - sum(other.high for other in others)
        high = total.high - sum(other.low for other in others)
        better = _within(part, low, high) or better
    return better


def _within(bounds: Bounds, low: float, high: float) -> bool:
    better = low > bounds.low or high < bounds.high
    bounds.low, bounds.high = max(bounds.low, low), min(bounds.high, high)
    return better


@dataclass(frozen=True, slots=True)
class Derived:
    """A count that two answers give together: of `name`, or of all of `whole` that is not `name`."""

    name: str
    value: float
    off_by: float

    @property
    def is_few(self) -> bool:
        """Certainly a count of 1 to 7."""
        return self.value - self.off_by >= 1 and self.value + self.off_by < _SMALLEST


def subtracted(one: Comparison, other: Comparison) -> list[Derived]:
    """Everything that subtraction and complement give from two answers about one room."""
    periods = [one.one, one.other, other.one, other.other]
    found = [derived for period in periods for derived in _complements(period)]
    for larger in periods:
        for smaller in periods:
            if larger.first <= smaller.first and smaller.last <= larger.last:
                found += _remainders(larger, smaller)
    return found


def _complements(period: Period) -> Iterable[Derived]:
    for name, share in period.shares.items():
        if share.count is not None and share.of is not None:
            yield Derived(f"not {name}", share.of - share.count, 2 * _OFF_BY * share.weeks)


def _remainders(larger: Period, smaller: Period) -> Iterable[Derived]:
    """What happened in the weeks that the larger period has beyond the smaller one."""
    for name in larger.shares:
        whole, part = larger.shares[name], smaller.shares[name]
        weeks = whole.weeks - part.weeks
        for which in ("count", "of"):
            value = _number(whole, which) - _number(part, which)
            yield Derived(f"{name} {which}", value, _OFF_BY * weeks)


def _number(share: Share, which: str) -> float:
    return getattr(share, which) or 0.0
