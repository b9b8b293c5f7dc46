"""Some weeks together, and two such periods side by side. Pure, and from shown figures alone.

Two periods that overlap differ by whole weeks as they are shown: subtraction gives nothing that the
weeks do not say by themselves.
"""

import datetime as dates
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import mean, median
from typing import Final

from server.protocol import climate as bodies
from server.services import shares
from server.services.climate_cells import EMPATHY, MEDIANS

SHARES: Final = {
    "asks_answered": "asks",
    "asks_shared": "asks",
    **dict.fromkeys(EMPATHY, "replies_read"),
    "felt_heard": "felt",
    "nudges_edited": "nudges",
    "cases_in_time": "cases",
}
"""A part, and the whole that it is a share of."""
_PER_WEEK: Final = ("people", "messages", "asks", "replies_read")

Figures = Mapping[str, float | None]
Weeks = Sequence[tuple[dates.date, Figures]]


def compare(
    one: tuple[dates.date, dates.date, Weeks], other: tuple[dates.date, dates.date, Weeks]
) -> bodies.Comparison:
    """First day, last day and the weeks between, of each."""
    return bodies.Comparison(
        one=_period(*one),
        other=_period(*other),
        changes={name: _change(one[2], other[2], name) for name in SHARES},
    )


def share(weeks: Weeks, name: str) -> bodies.Share:
    """Of the weeks that show it."""
    found = _share(weeks, name)
    if found is None:
        return bodies.Share(value=None, low=None, high=None, count=None, of=None, weeks=0)
    return bodies.Share(**asdict(found))


def _period(first: dates.date, last: dates.date, weeks: Weeks) -> bodies.Period:
    return bodies.Period(
        first=first,
        last=last,
        weeks=len(weeks),
        per_week={name: _of_shown(weeks, name, mean) for name in _PER_WEEK},
        medians={name: _of_shown(weeks, name, median) for name in MEDIANS},
        shares={name: share(weeks, name) for name in SHARES},
    )


def _share(weeks: Weeks, name: str) -> shares.Share | None:
    whole = SHARES[name]
    return shares.share((figures.get(name), figures.get(whole)) for _, figures in weeks)


def _of_shown(weeks: Weeks, name: str, what: Callable[[list[float]], float]) -> float | None:
    values = [value for _, figures in weeks if (value := figures.get(name)) is not None]
    return round(what(values), 1) if values else None


def _change(one: Weeks, other: Weeks, name: str) -> bodies.ShareChange:
    before, after = _share(one, name), _share(other, name)
    if before is None or after is None:
        return bodies.ShareChange(value=None, low=None, high=None)
    return bodies.ShareChange(**asdict(shares.difference(after, before)))
