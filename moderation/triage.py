"""In which order cases are seen, and when each is due.

The same order in SQL, with :now bound and instants as epoch seconds (the pure function is the
truth; a test compares the two)::

    ORDER BY
      CASE WHEN urgency = 'now'  THEN 0
           WHEN urgency = 'soon' AND due_at <= :now THEN 1
           WHEN urgency = 'soon' THEN 2
           WHEN due_at + (due_at - opened_at) <= :now THEN 2
           WHEN urgency = 'routine' THEN 3
           ELSE 4 END,
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

    A ``now`` always stands first. Below it, what is overdue by its whole due time ranks with soon,
    so that nothing starves; and a soon that is late stands before them, so that many old cases at
    once do not starve the middle. Inside a rank the earliest due comes first.
    """
    return (_rank(urgency, due_at, opened_at, now), due_at, opened_at)


def _rank(urgency: Urgency, due_at: datetime, opened_at: datetime, now: datetime) -> int:
    if urgency is Urgency.NOW:
        return _NOW
    if urgency is Urgency.SOON:
        return _LATE_SOON if now >= due_at else _SOON
    if now >= due_at + (due_at - opened_at):
        return _SOON
    return _ROUTINE if urgency is Urgency.ROUTINE else _NONE


_NOW, _LATE_SOON, _SOON, _ROUTINE, _NONE = range(5)
