"""Time as a client lives it: given from outside, so that a test need not wait for it."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that only ever grow, and a way to let some of them pass."""

    def now_s(self) -> float:
        """Since some moment that stays the same."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when they have passed."""
        ...


class RealClock:
    """The machine's own, which no change of the date moves."""

    def now_s(self) -> float:
        """Since some moment that stays the same."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return when they have passed."""
        await asyncio.sleep(seconds)
