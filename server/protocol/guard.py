"""Bodies of the wellbeing guard: what somebody sees of their own shift, a steward's totals."""

from typing import Annotated

from pydantic import Field

from server.protocol.base import Id, Time, Wire


class Figure(Wire):
    """A count or a mean that may be shown. `shown` False: it is about fewer than 8 people, and `value` is None."""

    value: float | None
    shown: bool
    rounded_to: int | None = None


class Guard(Wire):
    """One's own guard, told to nobody else. `hard`: counted since the shift began; None off shift."""

    on: bool
    budget: int
    hard: int | None
    paused_until: Time | None
    covered: list[Id]
    """While one pauses: the rooms where somebody else is on shift and on no pause."""
    offer: bool
    """A crisis case was closed: a pause is offered until it is taken or skipped."""


class GuardPatch(Wire):
    """What is to change."""

    on: bool | None = None
    budget: Annotated[int, Field(ge=1, le=50)] | None = None


class ShortPause(Wire):
    """From now on; the shift goes on."""

    minutes: Annotated[int, Field(ge=1, le=15)]


class GuardWeek(Wire):
    """A calendar week that is over, by the shifts that ended in it. No figure about fewer than 8 people."""

    start: Time
    end: Time
    shifts: Figure
    hard_cases: Figure
    hard_per_shift: Figure
    pauses: Figure
    hand_offs: Figure


class GuardTotals(Wire):
    """Newest first."""

    weeks: list[GuardWeek]
    smallest_group: int
