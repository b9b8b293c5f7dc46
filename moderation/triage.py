"""In which order cases are seen, and when each is due.

The same order in SQL, with :now bound and instants as epoch seconds (the pure function is the
truth; a test compares the two)::

    ORDER BY
      CASE WHEN urgency = 'now'  THEN 0
           WHEN urgency = 'soon' THEN 1
           WHEN urgency = 'routine' AND due_at + (due_at - opened_at) <= :now THEN 1
           WHEN urgency = 'routine' THEN 2
           ELSE 3 END,
      due_at, opened_at
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from moderation.urgency import Urgency

DUE: Final[Mapping[Urgency, timedelta]] = MappingProxyType(
    {
        Urgency.NOW: timedelta(minutes=5),
        Urgency.SOON: timedelta(hours=1),
        Urgency.ROUTINE: timedelta(hours=24),
        Urgency.NONE: timedelta(hours=24),
    }
)
"""From the opening of a case to the first human act (decisions 1); the defaults of settings.

NONE stands for held messages and flags without risk: looked at within a day like routine.
"""

QueueKey = tuple[int, datetime, datetime]


def due_at(
    urgency: Urgency, opened_at: datetime, due: Mapping[Urgency, timedelta] = DUE
) -> datetime:
    """When a first human act is due; the clock runs from the opening."""
    return opened_at + due[urgency]


def queue_key(urgency: Urgency, due_at: datetime, opened_at: datetime, now: datetime) -> QueueKey:
    """Sorts the unclaimed queue, smallest first.

    A ``now`` always stands first. Below it, a routine that is overdue by its whole due time ranks
    with soon, so that the middle never starves; inside a rank the earliest due comes first.
    """
    return (_rank(urgency, due_at, opened_at, now), due_at, opened_at)


def _rank(urgency: Urgency, due_at: datetime, opened_at: datetime, now: datetime) -> int:
    if urgency is Urgency.ROUTINE and now >= due_at + (due_at - opened_at):
        return _QUEUE_RANKS[Urgency.SOON]
    return _QUEUE_RANKS[urgency]


_QUEUE_RANKS: Final = {Urgency.NOW: 0, Urgency.SOON: 1, Urgency.ROUTINE: 2, Urgency.NONE: 3}
