"""What a person's decision says about the machine: a label for each rule that asked for a look.

Pure: codes in, labels out. A label is only as good as the question that was asked: acting on a case
confirms every rule that raised it, dismissing it dismisses them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from moderation.cases import Action
from moderation.intervals import wilson
from moderation.lexicon import READER_HARM, category_of
from moderation.policy import DEFAULT

FEW: Final = 30
"""Fewer decided cases than this are called few: at a half, the interval is then wider than 17 points each way."""


class Outcome(StrEnum):
    """What became of a case, as a label. WAITING: nobody has decided."""

    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    WRONG = "wrong"
    WAITING = "waiting"


RULE_WRONG: Final = "rule_wrong"
"""The action by which a person says that the rule itself is wrong."""

LABELS: Final[Mapping[str, Outcome | None]] = {
    Action.DISMISS: Outcome.DISMISSED,
    Action.HIDE: Outcome.CONFIRMED,
    Action.CARE_NOTE: Outcome.CONFIRMED,
    Action.WARN: Outcome.CONFIRMED,
    Action.PAUSE: Outcome.CONFIRMED,
    Action.REMOVE_MEMBER: Outcome.CONFIRMED,
    Action.REMOVE_FROM_PLACE: Outcome.CONFIRMED,
    Action.REACH_OUT: Outcome.CONFIRMED,
    Action.SHARE_RESOURCES: Outcome.CONFIRMED,
    Action.ESCALATE: None,
    Action.UPHOLD: None,
    Action.OVERTURN: None,
    Action.CHANGE: None,
    RULE_WRONG: Outcome.WRONG,
}
"""Each action as a label; None: it hands on, or judges another decision. An appeal counts by what it overturns."""


class Decided(NamedTuple):
    """One decision on a case. overturned: another person undid it on appeal."""

    action: str
    overturned: bool


def outcome(decisions: Iterable[Decided], *, machine_overturned: bool = False) -> Outcome:
    """The label of a case: the rule is wrong, else somebody acted, else dismissed.

    An act that was overturned says the same as a dismissal. machine_overturned: a person undid what
    the machine itself did (a hold, a fold) on appeal.
    """
    found = {_label(decision) for decision in decisions}
    if machine_overturned:
        found.add(Outcome.DISMISSED)
    order = (Outcome.WRONG, Outcome.CONFIRMED, Outcome.DISMISSED)
    return next((label for label in order if label in found), Outcome.WAITING)


def _label(decision: Decided) -> Outcome | None:
    label = LABELS.get(decision.action)
    overturned = decision.overturned and label is Outcome.CONFIRMED
    return Outcome.DISMISSED if overturned else label


class Class(StrEnum):
    """What a case is about, for people and machine alike; UNSURE where a person did not say."""

    DANGER = "danger"
    HARM = "harm"
    READERS = "readers"
    PRIVATE = "private"
    UNSURE = "unsure"


_BY_SIGNAL: Final = {
    "risk": Class.DANGER,
    "reader_harm": Class.READERS,
    "contact": Class.PRIVATE,
}
"""Every other signal of the policy is about harm to another."""
_BY_FLAG: Final = {
    "flag_worried": Class.DANGER,
    "flag_unkind": Class.HARM,
    "flag_unsafe": Class.READERS,
    "flag_private": Class.PRIVATE,
}


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """What asked for a look: a category of the lexicon, a signal, or a rule of the place's own.

    own: a code that neither the lexicon nor the policy of today knows: a place's rule, or an older one.
    """

    kind: Literal["lexicon", "signal", "own"]
    name: str

    @property
    def about(self) -> Class:
        """What it looks for."""
        if self.kind == "lexicon":
            return Class.READERS if self.name in READER_HARM else Class.DANGER
        if self.kind == "signal":
            return _BY_SIGNAL.get(self.name, Class.HARM)
        return Class.UNSURE


def rule_of(reason: str) -> Rule:
    """The rule behind a reason's code."""
    category = category_of(reason)
    if category is not None:
        return Rule("lexicon", category)
    return Rule("signal" if reason in DEFAULT.words else "own", reason)


def class_of_flag(reason: str) -> Class:
    """What a member or moderator meant by their flag."""
    return _BY_FLAG.get(reason, Class.UNSURE)


class Share(NamedTuple):
    """A share with its 95 % interval; `value` is None where nothing was counted."""

    value: float | None
    low: float
    high: float
    of: int

    @property
    def few(self) -> bool:
        """Too few to lean on."""
        return self.of < FEW


def share(part: int, whole: int) -> Share:
    """part of whole, 0 <= part <= whole, with its interval; of nothing: from 0 to 1."""
    if not whole:
        return Share(None, 0.0, 1.0, 0)
    return Share(part / whole, *wilson(part, whole), whole)
