"""How long a room's asks wait for a first human reply; a figure only where enough people asked.

Whoever is no member yet sees it: it follows the rule of small numbers, as the climate does.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from server.services.small_cells import count, median_seconds, shown_value
from server.store import threads
from server.store.threads import Asked
from server.store.work import Work

_WINDOW = timedelta(days=28)
_FRESH = timedelta(hours=1)
"""An ask nobody has answered counts as waiting longer than any, once it is older than this."""


class FirstReply(NamedTuple):
    """asks: how many, to the nearest five. median_s: to the minute; None where at least half still wait."""

    asks: int
    median_s: float | None


def first_replies(work: Work, room_ids: Sequence[UUID]) -> dict[UUID, FirstReply]:
    """For each of these rooms where enough people asked in the last four weeks."""
    if not room_ids:
        return {}
    by_room: dict[UUID, list[Asked]] = {}
    for asked in threads.asks_since(work, room_ids, work.now - _WINDOW):
        by_room.setdefault(asked.room, []).append(asked)
    found = {room: first_reply(asks, work.now) for room, asks in by_room.items()}
    return {room: reply for room, reply in found.items() if reply}


def first_reply(asks: Iterable[Asked], now: datetime) -> FirstReply | None:
    """The median wait, with those that wait still; None where too few people asked to say."""
    waits = [
        (
            asked.by,
            (asked.answered_at - asked.at).total_seconds() if asked.answered_at else math.inf,
        )
        for asked in asks
        if asked.answered_at or asked.at + _FRESH <= now
    ]
    counted = shown_value(count(by for by, _ in waits))
    if counted is None:
        return None
    middle = median_seconds(waits)
    seldom = middle.value is None or math.isinf(middle.value)
    return FirstReply(int(counted), None if seldom else shown_value(middle))
