"""No figure about fewer than eight people, and none that could be worked out from those beside it.

Pure: cells in, cells out. A cell knows who stands behind it, because events are not people: twelve
messages of three people are a figure about three. Zero is hidden like seven: to say that nobody did
something is to say it of everybody.
Source: NHS England small-number rules: 1 to 7 suppressed, others to the nearest 5, and secondary
suppression against subtraction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from uuid import UUID

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
