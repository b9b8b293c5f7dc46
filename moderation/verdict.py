"""What the policy is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from moderation.classifier import Span
from moderation.urgency import Urgency


class Handling(StrEnum):
    """What happens to a message."""

    PUBLISH = "publish"
    COLLAPSE = "collapse"
    NUDGE = "nudge"
    HOLD = "hold"


class LeftOut(StrEnum):
    """Why a nudge was left out. The last three: nobody knows whether there would have been one."""

    DANGER = "danger"
    """Their author may be in danger."""
    OFF = "off"
    """Their author switched nudges off."""
    SNOOZED = "snoozed"
    """For this day."""
    DAY_CAP = "day_cap"
    """They had as many on this day as there may be."""
    LANGUAGE = "language"
    """No model reads it."""
    NOT_IN_TIME = "not_in_time"
    BROKEN = "broken"
    """No model answered."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words for a moderator; never a score."""

    code: str
    words: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Facts about the message that no classifier knows.

    is_reply: it answers somebody else. insist: the author was nudged and sends it as it is.
    tone_nudges: the member's own switch. something_to_answer: what it answers tells something of
    its author (moderation.sharing). answers_danger: whoever it answers, or spoke just before, may be in danger.
    private: said to staff or to one other, not in a public room.
    room: its slug, where the place's own rules read; None where they do not.
    """

    is_reply: bool = False
    insist: bool = False
    tone_nudges: bool = True
    something_to_answer: bool = True
    answers_danger: bool = False
    private: bool = False
    room: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome.

    urgency, about: how soon a person looks, and whether the author or somebody else may be in
    danger. support: show the author help at once. reasons: the ones that led to this outcome, the
    gravest first. content_note: what a collapsed message is folded behind. assessed: whether a
    model read it. policy: the version that judged. praise: what its author may hear that they did
    well, by its code in nudges.toml. by_rule: a person looks only because a rule of the place asks.
    left_out: why its author is not nudged, where that is no matter of their words.
    """

    handling: Handling
    urgency: Urgency
    about: Literal["self", "another"] | None
    support: bool
    reasons: tuple[Reason, ...]
    content_note: str | None
    assessed: bool
    policy: str
    praise: str | None = None
    by_rule: bool = False
    left_out: LeftOut | None = None
