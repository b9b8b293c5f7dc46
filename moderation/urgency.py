"""How soon a person must look."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Urgency(StrEnum):
    """How soon a person must look; order them by ``rank``, never as strings."""

    NONE = "none"
    ROUTINE = "routine"
    SOON = "soon"
    NOW = "now"

    @property
    def rank(self) -> int:
        """0 for none up to 3 for now: a total order."""
        return _RANKS[self]


_RANKS = {urgency: rank for rank, urgency in enumerate(Urgency)}


def most_urgent(urgencies: Iterable[Urgency]) -> Urgency:
    """The highest by rank; NONE when there is none."""
    return max(urgencies, key=lambda urgency: urgency.rank, default=Urgency.NONE)
