"""The climate of a room as one table: exactly what its page shows, from the weeks that stand."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final
from uuid import UUID

from server.access import Actor
from server.protocol import climate as bodies
from server.services import climate
from server.services.climate_cells import ENDS
from server.services.csv_cells import Cell, table
from server.services.small_cells import COUNT_STEP, SECONDS_STEP, SMALLEST_GROUP
from server.store import audit
from server.store.work import Work

HEADER: Final = (
    "room", "week_start", "week_end", "figure", "value", "low", "high", "of", "unit", "hidden",
    "what_is_counted",
)  # fmt: skip
HIDDEN: Final = f"hidden: fewer than {SMALLEST_GROUP} people, or it would give such a figure away"
_OF: Final = {"first_reply_s": "asks_answered"}
"""A middle value, and of how many it is. How many cases a person looked at is no figure."""
_ENDS: Final = frozenset(end for ends in ENDS.values() for end in ends)
_FILE: Final = Path(__file__).with_name("climate_figures.toml")


def read(work: Work, actor: Actor, room_id: UUID) -> bodies.Climate:
    """The page that leaves. An audit line more than a look: a `do`."""
    page = climate.read(work, actor, room_id)
    audit.append(work, actor.id, "climate.export", room_id)
    return page


def stream(page: bodies.Climate) -> Iterator[bytes]:
    """A line for each figure of each week, hidden ones too, with what it counts. No notes: they are words."""
    return table(HEADER, _rows(page))


@cache
def definitions() -> Mapping[str, str]:
    """What each figure counts, in words. The ends of an interval stand beside theirs."""
    words: Mapping[str, str] = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return words


def _rows(page: bodies.Climate) -> Iterator[tuple[Cell, ...]]:
    for week in page.weeks:
        first = (page.room_name, week.start.isoformat(), week.end.isoformat())
        for name in week.figures:
            if name not in _ENDS:
                yield (*first, *_figure(name, week.figures))
        for name, share in week.shares.items():
            yield (*first, *_share(name, share))


def _figure(name: str, figures: Mapping[str, float | None]) -> tuple[Cell, ...]:
    middle = name in ENDS
    unit = f"seconds, to {SECONDS_STEP}, 95 % interval" if middle else f"count, to {COUNT_STEP}"
    beside = (*ENDS.get(name, (None, None)), _OF.get(name))
    value, low, high, of = (_whole(figures[each]) if each else None for each in (name, *beside))
    return (name, value, low, high, of, unit, _why(value), definitions()[name])


def _share(name: str, share: bodies.Share) -> tuple[Cell, ...]:
    shown = (share.value, share.low, share.high, _whole(share.of))
    words = definitions()[name]
    return (f"share_{name}", *shown, "share, 95 % interval", _why(share.value), words)


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None else None


def _why(value: float | None) -> str | None:
    return HIDDEN if value is None else None
