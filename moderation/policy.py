"""Versioned thresholds, and the one function that judges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from moderation.classifier import Assessment, Span
from moderation.lexicon import Hit
from moderation.urgency import Urgency as Urgency


class Handling(StrEnum):
    """What happens to a message."""

    PUBLISH = "publish"
    COLLAPSE = "collapse"
    NUDGE = "nudge"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words for a moderator; never a score."""

    code: str
    words: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Facts about the message that no classifier knows."""

    is_reply: bool = False
    insist: bool = False
    tone_nudges: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome: what happens to the message and, apart from it, how soon a person looks."""

    handling: Handling
    urgency: Urgency
    about: Literal["self", "another"] | None
    support: bool
    reasons: tuple[Reason, ...]
    content_note: str | None
    assessed: bool
    policy: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of one version."""

    version: str = "0"
    review: str = "not yet reviewed by a clinician"


DEFAULT: Final = Policy()


def judge(
    assessment: Assessment, hits: Sequence[Hit], context: Context, policy: Policy = DEFAULT
) -> Verdict:
    """What happens to a message, and how soon a person looks."""
    return Verdict(
        Handling.PUBLISH, Urgency.NONE, None, False, (), None, assessment.assessed, policy.version
    )
