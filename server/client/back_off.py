"""How long to wait before the next attempt: full jitter, so that a thousand clients do not come back at once."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class BackOff:
    """Waits grow from `first_s` to `most_s`, each drawn between nothing and its bound.

    steady_s: a line that held this long starts again from `first_s`; one that breaks at once goes on.
    told_s: the same for one that a restarting server closed with its own wish: that is no failure.
    draw: gives numbers in [0, 1).
    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015.
    """

    first_s: float = 0.5
    most_s: float = 30.0
    steady_s: float = 5.0
    told_s: float = 1.0
    draw: Callable[[], float] = random.random
    _failures: int = field(default=0, init=False)

    def held(self, seconds: float, *, told: bool = False) -> None:
        """A line stood for so long after its `hello`. told: the server said when to come back."""
        if seconds >= (self.told_s if told else self.steady_s):
            self._failures = 0

    def next_s(self, hint_s: float | None = None) -> float:
        """Seconds to wait now. hint_s: the server's own wish, kept as the least wait."""
        # 2**20 is past any most_s; a larger power of a client that waits for weeks would overflow.
        bound = min(self.most_s, self.first_s * 2 ** min(self._failures, 20))
        self._failures += 1
        drawn: float = self.draw() * bound
        return drawn if hint_s is None else min(max(hint_s, 0.0), self.most_s) + drawn
