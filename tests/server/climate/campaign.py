"""Many pairs of questions about many small rooms, and what an attacker makes of the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID

from server.protocol.climate import Comparison
from server.services import climate, climate_cells, climate_periods
from server.services.climate_cells import SPLITS
from server.services.climate_periods import Weeks
from server.services.small_cells import SMALLEST_GROUP, Cell, shown_value
from server.store.climate import Span, happened
from server.store.work import Work
from tests.server.climate.attacker import Figures, found_out, subtracted
from tests.server.climate.drawn import Drawing
from tests.server.climate.stored import store

Cells = Mapping[str, Cell]
Protect = Callable[[Cells], Cells]
Counted = Sequence[tuple[date, Cells]]


@dataclass(slots=True)
class Outcome:
    """Figures of one campaign. `found_out` and `few`: counts of 1 to 7 that an attacker knows."""

    pairs: int = 0
    derived: int = 0
    few: int = 0
    weeks: int = 0
    hidden: int = 0
    shown: int = 0
    found_out: int = 0
    about_few: int = 0
    """Shown figures, and their complements, behind which fewer than eight people stand in truth."""

    @property
    def is_clean(self) -> bool:
        """Nothing about few was shown or could be known."""
        return not (self.few or self.found_out or self.about_few)


def draw_rooms(
    work: Work, rooms: Sequence[UUID], begin: datetime, weeks: int, seed: int
) -> list[Counted]:
    """Small rooms, where most of what could be said is about few; their weeks as cells."""
    chance = Random(seed)
    for number, room in enumerate(rooms):
        drawing = Drawing(seed + number, begin, weeks, people=chance.randint(9, 45))
        store(work, room, drawing.draw(weeks * chance.choice((25, 60, 120, 250))))
    work.flush()
    return [[_counted(work, room, begin, week) for week in range(weeks)] for room in rooms]


def _counted(work: Work, room: UUID, begin: datetime, week: int) -> tuple[date, Cells]:
    start = begin + timedelta(weeks=week)
    span = Span(room, start, start + timedelta(weeks=1))
    return start.date(), climate_cells.cells(happened(work, span))


def figures_of(counted: Counted, protect: Protect) -> Weeks:
    """As they would be stored."""
    return [
        (start, {name: shown_value(cell) for name, cell in protect(cells).items()})
        for start, cells in counted
    ]


def only_the_small(cells: Cells) -> Cells:
    """A control: what is small is hidden, and nothing beside it."""
    return cells


def exact_sums(counted: Counted) -> Weeks:
    """A control: periods add up what is hidden too, unrounded; all but ones and twos."""
    return [
        (
            start,
            {
                name: cell.value if cell.value and cell.value > 2 else None
                for name, cell in cells.items()
            },
        )
        for start, cells in counted
    ]


class Campaign:
    """Asks pairs of questions. periods: what the answers are worked out from, per room."""

    def __init__(
        self, rooms: Sequence[Counted], protect: Protect, *, periods: Sequence[Weeks] | None = None
    ) -> None:
        self._rooms, self._protect = rooms, protect
        self._shown = [figures_of(counted, protect) for counted in rooms]
        self._exact = periods is not None
        self._periods = periods or self._shown
        self.outcome = Outcome()

    def run(self, pairs: int, seed: int) -> Outcome:
        """Every week once, then so many pairs of filters, drawn at random."""
        for counted, weeks in zip(self._rooms, self._shown, strict=True):
            for (_, cells), (_, figures) in zip(counted, weeks, strict=True):
                self._look_at(cells, figures)
        chance = Random(seed)
        for _ in range(pairs):
            self._pair(chance)
        return self.outcome

    def _look_at(self, cells: Cells, figures: Figures) -> None:
        found = self.outcome
        found.weeks += 1
        found.hidden += sum(value is None for value in figures.values())
        found.shown += sum(value is not None for value in figures.values())
        found.found_out += sum(_is_few(cells[name]) for name in found_out(figures))
        found.about_few += sum(
            len(cells[name].people) < SMALLEST_GROUP
            for name, value in figures.items()
            if value is not None
        )
        found.about_few += sum(_rest_is_few(cells, figures, split.total) for split in SPLITS)

    def _pair(self, chance: Random) -> None:
        weeks = self._periods[chance.randrange(len(self._periods))]
        one, other = (_answer(chance, weeks) for _ in range(2))
        found = self.outcome
        found.pairs += 1
        for derived in subtracted(one, other):
            found.derived += 1
            sure = replace(derived, off_by=0) if self._exact else derived
            found.few += sure.is_few


def _answer(chance: Random, weeks: Weeks) -> Comparison:
    """To one filter: two periods of a room, of random ends."""
    return climate_periods.compare(_period(chance, weeks), _period(chance, weeks))


def _period(chance: Random, weeks: Weeks) -> tuple[date, date, Weeks]:
    first, last = sorted(chance.choices(range(len(weeks)), k=2))
    ends = weeks[first][0], weeks[last][0] + timedelta(days=6)
    return climate.monday(ends[0]), ends[1], weeks[first : last + 1]


def _is_few(cell: Cell) -> bool:
    return 1 <= len(cell.people) < SMALLEST_GROUP


def _rest_is_few(cells: Cells, figures: Figures, total: str) -> bool:
    """Whether what is left of a shown total, when all that is shown is taken away, is about few."""
    splits = [split for split in SPLITS if split.total == total]
    if figures[total] is None:
        return False
    rests = [
        frozenset[UUID]().union(*(cells[p].people for p in split.parts if figures[p] is None))
        for split in splits
    ]
    return any(1 <= len(rest) < SMALLEST_GROUP for rest in rests)
