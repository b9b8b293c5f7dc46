"""Bodies about a place's own policy: what judges, what is on trial, and what a replay found."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, ShortText, Storable, Time, Wire

POLICY_CHARS = 64_000
PolicyToml = Annotated[Storable, Field(max_length=POLICY_CHARS)]


class PolicyProblem(Wire):
    """What is wrong, or must be read before it is taken. `line` counts from 1; null: of the whole."""

    key: str
    line: int | None
    words: str


class PolicyChange(Wire):
    """One threshold, wording or rule that differs from what judges now."""

    key: str
    before: str
    after: str


class PolicyThreshold(Wire):
    """One number of the policy, and what is shipped."""

    key: str
    value: str
    shipped: str


class PolicyRule(Wire):
    """One of the place's own rules, in words. `rooms`: by slug; empty: everywhere."""

    name: str
    words: str
    does: Literal["collapse", "nudge", "hold", "routine", "soon"]
    rooms: list[str]
    patterns: int
    shadow: bool


class ShadowDay(Wire):
    """One day of something in shadow. `outcomes`: by "from>to", how often it would have changed that."""

    day: str
    judged: int
    outcomes: dict[str, int]


class PolicyShadow(Wire):
    """What a rule in shadow, or the whole policy on trial (`what` is "policy"), would have done."""

    what: str
    days: list[ShadowDay]


class PolicyEdition(Wire):
    """One change, as the history tells it. `back_to`: the edition taken again, 0 for the shipped one."""

    number: int
    mode: Literal["applied", "shadow", "ended"]
    reason: str
    by: str | None
    at: Time
    previous: int
    back_to: int | None
    replay: Id | None
    warnings: list[str]


class StewardPolicy(Wire):
    """What judges here and what is on trial, with the history of both.

    `number`: the edition in force, 0 as shipped. `broken`: it cannot be read any more, and the shipped
    policy judges. `changes`: against the shipped one. `rooms`: the slugs there are.
    """

    version: str
    number: int
    broken: bool
    reviewed: bool
    text: str
    shipped: str
    thresholds: list[PolicyThreshold]
    changes: list[PolicyChange]
    warnings: list[PolicyProblem]
    rules: list[PolicyRule]
    trial: int | None
    trial_text: str | None
    shadow: list[PolicyShadow]
    editions: list[PolicyEdition]
    rooms: list[str]


class PolicyDraft(Wire):
    """A policy to be looked at."""

    text: PolicyToml


class PolicyChecked(Wire):
    """Whether it can be taken, what it changes, and what must be read and accepted first."""

    ok: bool
    problems: list[PolicyProblem]
    warnings: list[PolicyProblem]
    changes: list[PolicyChange]
    rules: list[PolicyRule]


class NewPolicyReplay(Wire):
    """A policy to be replayed over the last `days` of this place."""

    text: PolicyToml
    days: Annotated[int, Field(ge=1, le=3_650)] = 30


class ReplayShare(Wire):
    """A part of a whole; `low` and `high`: where the true share likely lies, null for too few to say."""

    part: int
    whole: int
    low: float | None
    high: float | None


class ReplaySide(Wire):
    """What one policy does with the messages that were replayed.

    `caught`: of what people found harmful or a sign of danger. `flagged_harmless`: of what they dismissed.
    """

    version: str
    flagged: int
    caught: ReplayShare
    missed: int
    missed_risk: int
    flagged_harmless: ReplayShare
    to_person: int
    handling: dict[str, int]
    urgency: dict[str, int]


class ReplayGroup(Wire):
    """What changes in one room or language, or for newcomers. `people`: null where nobody knows.

    `together`: several small groups, told as one so that nobody is singled out.
    """

    name: str
    together: bool
    messages: int
    people: int | None
    decided: int
    caught_before: int
    caught_after: int
    newly_flagged: int
    no_longer_flagged: int
    more_cases: int


class ReplayLoad(Wire):
    """What it asks of moderators. `measured_on`: decided cases behind `minutes_each`; 0: assumed."""

    minutes_each: float
    measured_on: int
    more_cases: int
    more_minutes: float
    more_minutes_per_week: float | None


class PolicyReport(Wire):
    """What a replay found: figures and their counts, never words of anybody.

    `source`: the place's own past, or labelled data. `kept_readings`, `read_again`: of messages.
    `moves`: by "from>to". `notes`: what to mind, in words.
    """

    source: Literal["history", "data"]
    since: Time | None
    until: Time
    model: str
    messages: int
    people: int | None
    affected_people: int | None
    not_assessed: int
    unreadable: int
    kept_readings: int
    read_again: int
    decided: dict[str, int]
    before: ReplaySide
    after: ReplaySide
    newly_flagged: int
    no_longer_flagged: int
    newly_caught: int
    newly_missed: int
    moves: dict[str, int]
    rules: dict[str, int]
    changes: list[PolicyChange]
    warnings: list[PolicyProblem]
    rooms: list[ReplayGroup]
    languages: list[ReplayGroup]
    newcomers: list[ReplayGroup]
    load: ReplayLoad
    notes: list[str]
    ran_s: float


class PolicyReplay(Wire):
    """How a replay stands. `total`: null until it is known. `report`: once it is done."""

    id: Id
    state: Literal["running", "done", "failed"]
    done: int
    total: int | None
    report: PolicyReport | None


class NewPolicyEdition(Wire):
    """Take a policy. `applied` needs a replay of exactly this text against what judges now.

    `accept_warnings`: I have read what it means for people in danger.
    """

    text: PolicyToml
    mode: Literal["applied", "shadow"]
    reason: ShortText
    replay: Id | None = None
    accept_warnings: bool = False


class PolicyRollback(Wire):
    """Take an earlier edition again; 0: the shipped one."""

    to: Annotated[int, Field(ge=0, le=2**31 - 1)]
    reason: ShortText


class PolicyTrialEnd(Wire):
    """Nothing is on trial any more."""

    reason: ShortText
