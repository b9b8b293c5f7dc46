"""How long a room's asks wait for a first human reply; a figure only where there are enough of them."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import NamedTuple
from uuid import UUID

from server.store import threads
from server.store.threads import Asked
from server.store.work import Work

FEWEST_ASKS = 8
_WINDOW = timedelta(days=28)
_FRESH = timedelta(hours=1)
"""An ask nobody has answered counts as waiting longer than any, once it is older than this."""


class FirstReply(NamedTuple):
    """asks: how many were counted, at least FEWEST_ASKS. median_s: None where at least half still wait."""

    asks: int
    median_s: float | None


def first_replies(work: Work, room_ids: Sequence[UUID]) -> dict[UUID, FirstReply]:
    """For each of these rooms that had enough asks in the last four weeks."""
    if not room_ids:
        return {}
    by_room: dict[UUID, list[Asked]] = {}
    for asked in threads.asks_since(work, room_ids, work.now - _WINDOW):
        by_room.setdefault(asked.room, []).append(asked)
    found = {room: first_reply(asks, work.now) for room, asks in by_room.items()}
    return {room: reply for room, reply in found.items() if reply}


def first_reply(asks: Iterable[Asked], now: datetime) -> FirstReply | None:
    """The median wait, with those that wait still; None where there are too few asks to say."""
    waits = [
        (asked.answered_at - asked.at).total_seconds() if asked.answered_at else math.inf
        for asked in asks
        if asked.answered_at or asked.at + _FRESH <= now
    ]
    if len(waits) < FEWEST_ASKS:
        return None
    middle = median(waits)
    return FirstReply(len(waits), middle if math.isfinite(middle) else None)
