"""DEMO ONLY: earlier weeks of each room, drawn and not counted, so that there is something to compare.

They go through the same rules of hiding as real ones. Nobody stands behind them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from random import Random
from uuid import UUID

from server.services import climate
from server.services.climate import Due
from server.services.climate_cells import EMPATHY, figures
from server.store.climate import Happened, Raised, Read, Said
from server.store.work import Work

_WEEKS = 14
_URGENCIES = ("none", "routine", "soon", "now")


def add(work: Work, rooms: Sequence[UUID], now: datetime) -> None:
    """Weeks before the one that the demo's own talk begins in."""
    for number, room in enumerate(rooms):
        drawn = Random(number)  # noqa: S311 - the same demo every time
        people = [UUID(int=drawn.getrandbits(128), version=4) for _ in range(70)]
        for back in range(_WEEKS + 1, 1, -1):
            start = climate.monday(now) - timedelta(weeks=back)
            week = _Week(drawn, people, datetime.combine(start, time(), UTC), kinder=_WEEKS - back)
            climate.keep_week(work, Due(room, start), figures(week.happened()))


class _Week:
    """One week of one room. kinder: the larger, the more is answered and heard."""

    def __init__(self, drawn: Random, people: list[UUID], start: datetime, kinder: int) -> None:
        self._drawn, self._start = drawn, start
        self._here = drawn.sample(people, drawn.randint(38, 60))
        self._better = 0.012 * kinder

    def happened(self) -> Happened:
        """Everything that it is counted from."""
        said = [self._said() for _ in range(self._drawn.randint(190, 260))]
        asks = [row for row in said if row.ask]
        return Happened(
            said=said,
            first_replies={row.id: self._later(row.at, 25) for row in asks if self._is(0.58)},
            shared=frozenset(row.id for row in asks if self._is(0.3)),
            read={row.id: self._read() for row in said if self._drawn.random() < 0.93},
            nudges=[(self._who(), self._nudge()) for _ in range(self._drawn.randint(26, 40))],
            answers=[
                (self._who(), "heard" if self._is(0.55) else "not_yet")
                for _ in range(self._drawn.randint(40, 55))
            ],
            cases=[self._case() for _ in range(self._drawn.randint(30, 44))],
        )

    def _said(self) -> Said:
        at = self._start + self._drawn.random() * timedelta(days=7)
        ask = self._drawn.random() < 0.35
        return Said(self._id(), self._who(), at, ask, not ask and self._drawn.random() < 0.8)

    def _read(self) -> Read:
        urgency = self._drawn.choices(_URGENCIES, (80, 9, 7, 5))[0]
        return Read(urgency, {name: 1.0 if self._is(0.45) else 0.2 for name in EMPATHY})

    def _case(self) -> Raised:
        opened = self._start + self._drawn.random() * timedelta(days=7)
        urgency = self._drawn.choices(("soon", "routine", "now"), (5, 5, 3))[0]
        due = opened + timedelta(minutes=30)
        return Raised(self._who(), urgency, opened, due, self._later(opened, 25))

    def _nudge(self) -> str:
        return self._drawn.choices(("edited", "sent_as_is", "discarded"), (5, 4, 2))[0]

    def _is(self, chance: float) -> bool:
        return self._drawn.random() < chance + self._better

    def _later(self, at: datetime, mean_minutes: float) -> datetime:
        return at + timedelta(minutes=self._drawn.expovariate(1 / mean_minutes))

    def _who(self) -> UUID:
        return self._drawn.choice(self._here)

    def _id(self) -> UUID:
        return UUID(int=self._drawn.getrandbits(128), version=4)
