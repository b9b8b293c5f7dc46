"""What this process has done since it began, in plain numbers: no id, no name, no word.

Counted where it happens, in the message path too, so one count costs less than a microsecond. Who reads
the numbers (the metrics, the steward's page) does so when asked; nothing here knows of them.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field


class Spread:
    """How values lie between bounds. bounds: upper ends, ascending; the last place is for all above them."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """One value more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def quantile(self, share: float, before: list[int] | None = None) -> float | None:
        """The bound under which at least `share` of the values lie, of those added since `before`.

        share: in (0, 1]. None: there are none. Above the last bound it is the last bound: at least so much.
        """
        counts = [
            now - then for now, then in zip(self.counts, before or self._nothing, strict=True)
        ]
        left = share * sum(counts)
        if not left:
            return None
        for bound, count in zip(self.bounds, counts, strict=False):
            left -= count
            if left <= 0:
                return bound
        return self.bounds[-1]

    @property
    def _nothing(self) -> list[int]:
        return [0] * len(self.counts)


_QUICK_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def _quick() -> Spread:
    return Spread(*_QUICK_S)


@dataclass(slots=True)
class Counts:
    """Times are in seconds. Names of jobs, outcomes and kinds are ours and few."""

    messages: int = 0
    """Published, as this process told them."""
    deliveries: int = 0
    """Frames of rooms that were handed to a line as they happened; what is caught up later is not in it."""
    catch_ups: int = 0
    """Listeners that were behind and had to read from the store."""
    posted_s: Spread = field(default_factory=_quick)
    """From a member's words to the answer, their reading and the disk included."""
    told_s: Spread = field(default_factory=_quick)
    """To tell everybody who is here of one commit."""
    late_s: Spread = field(default_factory=_quick)
    """How much later than asked the event loop came back."""
    read_s: Spread = field(default_factory=_quick)
    """The model on one text; what was late or broken is not in it."""
    asked_s: Spread = field(default_factory=_quick)
    """Requests over HTTP."""
    readings: Counter[str] = field(default_factory=Counter)
    """By outcome: assessed, late, broken, language, no model."""
    jobs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rounds of what goes on by itself, by name and outcome: done, waits, failed."""
    requests: Counter[str] = field(default_factory=Counter)
    """Over HTTP, by the first digit of the status: 2xx."""
    problems: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Lines of the log, by level and by the part that said them."""


COUNTS = Counts()
"""Of this process."""
