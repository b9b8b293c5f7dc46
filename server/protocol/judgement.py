"""Bodies of the steward's page on how the machine's judgement stands beside people's decisions."""

from typing import Literal

from server.protocol.base import Id, Time, Wire


class JudgedShare(Wire):
    """A share with its 95 % interval (Wilson). value: None where nothing was counted. few: too little to lean on."""

    value: float | None
    low: float
    high: float
    of: int
    few: bool


class Outcomes(Wire):
    """Cases that were flagged, and what people made of them; the four parts add up to it."""

    flagged: int
    confirmed: int
    dismissed: int
    wrong: int
    waiting: int


class JudgedWeek(Wire):
    """The cases that opened in one week. start: its Monday, UTC."""

    start: str
    outcomes: Outcomes
    precision: JudgedShare


class Judged(Wire):
    """What one rule or model asked people to look at.

    kind: a category of the lexicon, a signal of the model, a rule of the place's own, or a model
    (then `name` is its version, and only its signals count).
    """

    kind: Literal["lexicon", "signal", "own", "model"]
    name: str
    outcomes: Outcomes
    precision: JudgedShare
    weeks: list[JudgedWeek]


class FoundWeek(Wire):
    """Cases of one week that people acted on, by who asked first."""

    start: str
    found: int
    missed: int
    share: JudgedShare


class Found(Wire):
    """Of the cases of one class that people acted on: found by the machine, or first by people alone.

    No recall: what nobody saw is counted nowhere.
    """

    name: Literal["danger", "harm", "readers", "private", "unsure"]
    found: int
    missed: int
    share: JudgedShare
    weeks: list[FoundWeek]


class NudgeLeftOut(Wire):
    """How often no nudge was shown, and why. count: to the nearest five; None where it is of fewer than eight people.

    danger: their author may be in danger. off, snoozed: as they wish. day_cap: there had been as many as there may
    be. language, not_in_time, broken: nobody read it then, so nobody knows whether there would have been one.
    """

    why: Literal["danger", "off", "snoozed", "day_cap", "language", "not_in_time", "broken"]
    count: int | None


class Judgement(Wire):
    """Whole weeks up to now, the newest one still running. few_below: decided cases that count as few."""

    start: Time
    end: Time
    few_below: int
    cases: int
    rules: list[Judged]
    models: list[Judged]
    classes: list[Found]
    nudges: int | None
    """Shown; to the nearest five, None where it is about fewer than eight people."""
    left_out: list[NudgeLeftOut]
    nudges_from: Time
    nudges_until: Time
    """Both of these are about four whole weeks, which do not move with the weeks that were asked for."""


class LabelsCopy(Wire):
    """A file that was made with `hearth labels export`."""

    id: Id
    at: Time
    rows: int


class Labels(Wire):
    """Whether decisions may be copied out to train this place's model.

    members: how many have agreed; None below `smallest_group`.
    """

    allowed_at: Time | None
    members: int | None
    smallest_group: int
    copies: list[LabelsCopy]


class LabelsSwitch(Wire):
    """On or off for the whole place."""

    allowed: bool
