"""What the server knows of itself: the newest look at the database, the last hour by minutes, the newest troubles.

The metrics read it here and never make the database work: a frozen one keeps nobody from seeing that it is frozen.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from server.counting import COUNTS, Spread
from server.logs import Lately, Trouble
from server.protocol import frames
from server.protocol.well import CourseMinute
from server.services.well import Disk
from server.store.well import Look
from server.store.work import Announcement, ToRoom

log = logging.getLogger(__name__)

_MINUTES = 60
_MOST = 0.95
_ALL = 1.0


@dataclass(slots=True)
class Watch:
    """Lives as long as the server. look, disk: None until somebody looked."""

    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    look: Look | None = None
    disk: Disk | None = None
    course: deque[CourseMinute] = field(default_factory=lambda: deque(maxlen=_MINUTES))
    _before: "_Marks" = field(default_factory=lambda: _Marks.of_now())

    def end_minute(self, at: datetime) -> None:
        """Write down what happened since the last time."""
        before, self._before = self._before, _Marks.of_now()
        unread = sum(COUNTS.readings.values()) - COUNTS.readings["assessed"]
        self.course.append(
            CourseMinute(
                at=at,
                messages=COUNTS.messages - before.messages,
                deliveries=COUNTS.deliveries - before.deliveries,
                posted_ms=_ms(COUNTS.posted_s.quantile(_MOST, before.posted)),
                late_ms=_ms(COUNTS.late_s.quantile(_ALL, before.late)),
                not_assessed=unread - before.not_assessed,
            )
        )

    @property
    def posted_s(self) -> float | None:
        """The slowest of the last five minutes, by their 95 of 100."""
        newest = [minute.posted_ms for minute in list(self.course)[-5:] if minute.posted_ms]
        return max(newest) / 1000 if newest else None

    @property
    def troubles(self) -> list[Trouble]:
        """Of the log, the newest first; none where nobody remembers them."""
        found = [handler for handler in logging.getLogger().handlers if isinstance(handler, Lately)]
        return found[0].troubles if found else []


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where the counts stood."""

    messages: int
    deliveries: int
    posted: list[int]
    late: list[int]
    not_assessed: int

    @classmethod
    def of_now(cls) -> "_Marks":
        unread = sum(COUNTS.readings.values()) - COUNTS.readings["assessed"]
        return cls(
            COUNTS.messages,
            COUNTS.deliveries,
            _copied(COUNTS.posted_s),
            _copied(COUNTS.late_s),
            unread,
        )


def _copied(spread: Spread) -> list[int]:
    return list(spread.counts)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def counted(
    announce: Callable[[list[Announcement]], None],
) -> Callable[[list[Announcement]], None]:
    """The same, and how long the telling took is counted.

    What is told is written already: whoever waits for their answer gets it, whatever fails in the telling, and
    those who missed something see the gap at the room's next change.
    """

    def announce_and_count(told: list[Announcement]) -> None:
        began = time.perf_counter()
        try:
            announce(told)
        except Exception as error:
            log.error("telling failed: %s", type(error).__name__)
        COUNTS.told_s.add(time.perf_counter() - began)
        COUNTS.messages += sum(
            isinstance(one, ToRoom) and isinstance(one.frame, frames.Message) for one in told
        )

    return announce_and_count
