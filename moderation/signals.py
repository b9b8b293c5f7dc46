"""What we measure: names, ranges, meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing we measure. Ordinal signals have ``levels`` (their names, from 0); others a probability."""

    name: str
    meaning: str
    low: float = 0.0
    high: float = 1.0
    levels: tuple[str, ...] = ()

    @property
    def ordinal(self) -> bool:
        """Whether the value is an expected level and not a probability."""
        return bool(self.levels)


def _ordinal(name: str, meaning: str, *levels: str) -> Signal:
    return Signal(name, meaning, 0.0, float(len(levels) - 1), levels)


_EMPATHY = ("not shown", "shown weakly", "shown strongly")
_COLUMBIA = (
    "nothing found",
    "wish to be dead",
    "thoughts of suicide",
    "thoughts with a method",
    "thoughts with some intent",
    "plan and intent",
    "behaviour or attempt",
)

_ALL = (
    Signal(
        "toxicity",
        "harsh, rude or hurtful toward another; strong words about oneself are distress and do not count",
    ),
    Signal("severe_toxicity", "hateful or brutal toward another"),
    Signal("obscene", "swear words; not by themselves against anybody"),
    Signal("threat", "says that another will be, or should be, hurt"),
    Signal("insult", "puts another person down"),
    Signal(
        "identity_attack", "attacks another for who they are: origin, faith, gender, body, illness"
    ),
    Signal("dismissive", "makes the other's trouble smaller, or tells them to get over it"),
    Signal("unasked_advice", "tells the other what to do before showing that they were heard"),
    _ordinal(
        "emotional_reaction",
        "a reply names warmth, concern or care for the person it answers",
        *_EMPATHY,
    ),
    _ordinal(
        "interpretation",
        "a reply shows that the feeling behind the words was understood",
        *_EMPATHY,
    ),
    _ordinal("exploration", "a reply asks gently to learn more", *_EMPATHY),
    _ordinal(
        "risk",
        "danger of suicide to the author, on the Columbia scale, as a person would screen this one "
        "text; no diagnosis and no prediction",
        *_COLUMBIA,
    ),
    Signal("reader_harm", "means, methods or encouragement that could hurt a reader"),
    Signal("contact", "a way to reach a person outside this place: number, address, handle, link"),
)

SIGNALS: Final[Mapping[str, Signal]] = MappingProxyType({signal.name: signal for signal in _ALL})
TOXICITY: Final = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
EMPATHY: Final = ("emotional_reaction", "interpretation", "exploration")
