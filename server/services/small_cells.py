"""No figure about fewer than eight people, and none that could be worked out from those beside it.

Pure: cells in, cells out. A cell knows who stands behind it, because events are not people: twelve
messages of three people are a figure about three. Zero is hidden like seven: to say that nobody did
something is to say it of everybody.
Source: NHS England small-number rules: 1 to 7 suppressed, others to the nearest 5, and secondary
suppression against subtraction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from statistics import median
from uuid import UUID

from moderation.intervals import median_ranks

SMALLEST_GROUP = 8
COUNT_STEP = 5
SECONDS_STEP = 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure before it may be shown: its value, and the distinct people behind it."""

    value: float | None
    people: frozenset[UUID]
    hidden: bool = False
    step: int = COUNT_STEP

    @property
    def is_small(self) -> bool:
        """About fewer people than may be spoken of."""
        return len(self.people) < SMALLEST_GROUP


def count(people: Iterable[UUID]) -> Cell:
    """How many events; one entry for each, naming the person behind it."""
    events = list(people)
    return _judged(Cell(len(events), frozenset(events)))


def distinct(people: Iterable[UUID]) -> Cell:
    """How many people."""
    found = frozenset(people)
    return _judged(Cell(len(found), found))


def median_seconds(waits: Iterable[tuple[UUID, float]]) -> Cell:
    """The middle of some waits, each with the person who waited."""
    found = list(waits)
    value = median(seconds for _, seconds in found) if found else None
    return _judged(Cell(value, frozenset(who for who, _ in found), step=SECONDS_STEP))


def median_ends(waits: Iterable[tuple[UUID, float]]) -> tuple[Cell, Cell]:
    """Both ends of that middle's 95 % interval, outwards to the minute.

    Either is one person's wait. So both are hidden unless enough people waited as long as the low end or
    less, and enough as long as the high one or more.
    Source: `median_ranks`. It takes each wait for a person's only one, as `shares.share` does.
    """
    found = sorted(waits, key=lambda wait: wait[1])
    ranks = median_ranks(len(found))
    if ranks is None:
        nothing = Cell(None, frozenset(), hidden=True, step=SECONDS_STEP)
        return nothing, nothing
    low, high = (found[rank][1] for rank in ranks)
    ends = (
        Cell(
            floor(low / SECONDS_STEP) * SECONDS_STEP,
            frozenset(who for who, seconds in found if seconds <= low),
            step=SECONDS_STEP,
        ),
        Cell(
            ceil(high / SECONDS_STEP) * SECONDS_STEP,
            frozenset(who for who, seconds in found if seconds >= high),
            step=SECONDS_STEP,
        ),
    )
    hidden = any(end.is_small for end in ends)
    return replace(ends[0], hidden=hidden), replace(ends[1], hidden=hidden)


def protect_parts(total: Cell, parts: Sequence[Cell]) -> tuple[Cell, list[Cell]]:
    """Hide more parts of a sum until what is hidden cannot be worked out; else hide the sum.

    parts add up to the total. What is left when the shown parts are taken from it is the sum of the
    hidden ones: that sum must be about enough people. A small cell alone never is, so it gets company.
    """
    parts = list(parts)
    while not total.hidden and _gives_away(parts):
        shown = [index for index, part in enumerate(parts) if not part.hidden]
        if not shown:
            return replace(total, hidden=True), parts
        smallest = min(shown, key=lambda index: len(parts[index].people))
        parts[smallest] = replace(parts[smallest], hidden=True)
    return total, parts


def shown_value(cell: Cell) -> float | None:
    """The value as it may be shown, rounded half up; None when it may not."""
    if cell.hidden or cell.value is None:
        return None
    return float((cell.value + cell.step / 2) // cell.step * cell.step)


def _judged(cell: Cell) -> Cell:
    return replace(cell, hidden=cell.is_small)


def _gives_away(parts: Sequence[Cell]) -> bool:
    behind = [part.people for part in parts if part.hidden]
    return bool(behind) and len(frozenset[UUID]().union(*behind)) < SMALLEST_GROUP
