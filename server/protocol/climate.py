"""The climate of a room over HTTP: weeks in figures, shares with their intervals, two periods, notes."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from server.protocol.base import Id, ShortText, Time, Wire
from server.protocol.bodies import Role

ElementName = Literal["recognise", "universal", "feel", "bear", "act"]


def _from_json_string(value: object) -> object:
    if not isinstance(value, str | date):
        raise ValueError("must be a string")
    return value


Day = Annotated[date, Field(strict=False), BeforeValidator(_from_json_string)]


class Share(Wire):
    """`count` of `of`, both rounded; `low` to `high` is the 95 % interval, rounding included.

    All None when no week of the period shows both counts: not known, which is not nought.
    weeks: how many weeks are in it.
    """

    value: float | None
    low: float | None
    high: float | None
    count: float | None
    of: float | None
    weeks: int


class ClimateWeek(Wire):
    """A calendar week, Monday to Sunday (UTC), as it was counted once, two days after its end.

    figures: counts rounded to 5, and those whose name ends in `_s` seconds, rounded to 60; `_low_s` and
    `_high_s` the ends of a middle value's 95 % interval, rounded outwards. None: not shown, because it
    is about too few people or would give such a figure away; never nought.
    """

    start: Day
    end: Day
    figures: dict[str, float | None]
    shares: dict[str, Share]


class Element(Wire):
    """One of the five elements of compassion and the figures that speak of it. None: not measured."""

    name: ElementName
    shares: list[str]
    medians: list[str]


class ClimateNote(Wire):
    """What happened on a day. `mine`: the reader wrote it. `text` None: it can no longer be read."""

    id: Id
    day: Day
    text: str | None
    by_role: Role
    mine: bool
    at: Time


class Climate(Wire):
    """How a room is, week by week, oldest first. Nothing about fewer than `smallest_group` people.

    next_at: when the next week will be counted.
    """

    room: Id
    room_name: str
    smallest_group: int
    next_at: Time
    weeks: list[ClimateWeek]
    elements: list[Element]
    notes: list[ClimateNote]


class Period(Wire):
    """Some weeks together. `per_week`: the mean of what is shown; `medians`: the middle one of the weeks' own."""

    first: Day
    last: Day
    weeks: int
    per_week: dict[str, float | None]
    medians: dict[str, float | None]
    shares: dict[str, Share]


class ShareChange(Wire):
    """A share of the second period less that of the first; an interval on one side of 0 is a change."""

    value: float | None
    low: float | None
    high: float | None


class Comparison(Wire):
    """Two periods side by side."""

    one: Period
    other: Period
    changes: dict[str, ShareChange]


class NewClimateNote(Wire):
    """Words beside a day: an event, a new host. Nobody's name and nothing about one person."""

    day: Day
    text: ShortText
