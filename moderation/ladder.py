"""Who is called when nobody looks, and when; when a person is looked at again; when a sanction lapses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from moderation.urgency import Urgency


class Rung(IntEnum):
    """How far the calling for a case has gone; each rung stands for more people than the one before.

    AGAIN those on shift once more; CLINICIANS those of the room; ON_CALL whom the steward named;
    REPEAT all of them, from then on until somebody comes.
    """

    NONE = 0
    AGAIN = 1
    CLINICIANS = 2
    ON_CALL = 3
    REPEAT = 4

    @property
    def code(self) -> str:
        """Stable, for the wire, the log and the steward's command."""
        return self.name.lower()


MINUTES: Final[Mapping[Urgency, tuple[int, int, int]]] = MappingProxyType(
    {Urgency.NOW: (5, 10, 15), Urgency.SOON: (5, 10, 15)}
)
"""From the opening of a case to its first three rungs: the defaults of the place's own settings."""
REPEAT_EVERY: Final = timedelta(minutes=15)
LOOK_AGAIN_AFTER: Final = (timedelta(hours=1), timedelta(hours=24))
"""From the closing of a case about somebody in danger: once is not enough to know how they are."""
LAPSES_AFTER: Final = timedelta(days=7)
"""A sanction ends when for so long there is nobody who may judge its appeal."""
LAPSE_ASKED_EVERY: Final = timedelta(days=1)

_LATER: Final[Mapping[Urgency, Urgency]] = MappingProxyType(
    {Urgency.NOW: Urgency.SOON, Urgency.SOON: Urgency.ROUTINE}
)


def climbs(urgency: Urgency) -> bool:
    """Whether people are called when nobody looks at such a case in time."""
    return urgency in MINUTES


def rungs_at(start: datetime, minutes: Sequence[int]) -> dict[Rung, datetime]:
    """When the first three rungs are due; REPEAT follows the third. minutes: three, rising."""
    rungs = (Rung.AGAIN, Rung.CLINICIANS, Rung.ON_CALL)
    return {
        rung: start + timedelta(minutes=after) for rung, after in zip(rungs, minutes, strict=True)
    }


def next_repeat(now: datetime) -> datetime:
    """When all are called once more; after a standstill once, not as often as was missed."""
    return now + REPEAT_EVERY


def look_again_at(closed_at: datetime) -> list[datetime]:
    """When a person is looked at again after a case about them was closed."""
    return [closed_at + after for after in LOOK_AGAIN_AFTER]


def look_again_urgency(urgency: Urgency) -> Urgency:
    """A later look is one step less urgent than the case that was closed."""
    return _LATER.get(urgency, Urgency.ROUTINE)
