"""How long a room's asks wait for a first human reply; a figure only where enough people asked.

Whoever is no member yet sees it: it follows the rule of small numbers, as the climate does.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from server.services import small_cells
from server.store import rooms, threads
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
    """For each of these rooms where enough people asked in the last four weeks, as it was last counted."""
    kept = threads.kept_replies(work, room_ids)
    return {row.room_id: FirstReply(row.asks, row.median_s) for row in kept if row.asks is not None}


def count(work: Work) -> dict[UUID, FirstReply | None]:
    """Anew, for every open room: four weeks of asks, too many to be read whenever somebody looks at the list."""
    by_room: dict[UUID, list[Asked]] = {
        room.id: [] for room, _ in rooms.public_rooms(work) if room.state == "open"
    }
    for asked in threads.asks_since(work, list(by_room), work.now - _WINDOW):
        by_room[asked.room].append(asked)
    return {room: first_reply(asks, work.now) for room, asks in by_room.items()}


def keep(work: Work, counted: Mapping[UUID, FirstReply | None]) -> None:
    """What the list of rooms says from now on."""
    for room, reply in counted.items():
        threads.keep_reply(work, room, *(reply or (None, None)))


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
    counted = small_cells.shown_value(small_cells.count(by for by, _ in waits))
    if counted is None:
        return None
    middle = small_cells.median_seconds(waits)
    seldom = middle.value is None or math.isinf(middle.value)
    return FirstReply(int(counted), None if seldom else small_cells.shown_value(middle))
