"""The one clock: aware UTC, passed down as `now`."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is; tests bring their own."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        """Aware UTC, in whole microseconds."""
        return datetime.now(UTC)
