"""What the network's numbers are: one table that training, export and reading share.

A text is read alone for what it says; a reply is read once more, beside what it answers, for what
it does. Both readings come from the same network, which gives every head each time.
"""

from __future__ import annotations

from typing import Final

from moderation.signals import EMPATHY, SIGNALS, TOXICITY

ABOUT: Final = ("none", "self", "another", "past", "denied", "quoted")
"""Whom talk of suicide or self-harm is about; "none" where nobody talks of it."""
REPLY_ONLY: Final = ("dismissive", "unasked_advice")


def steps(name: str) -> tuple[str, ...]:
    """The heads of an ordinal signal: is it at least this high?"""
    return tuple(f"{name}>={level}" for level in range(1, len(SIGNALS[name].levels)))


RISK: Final = steps("risk")
TEXT_HEADS: Final = (*TOXICITY, *RISK, "reader_harm", *(f"about:{who}" for who in ABOUT))
REPLY_HEADS: Final = (*(head for name in EMPATHY for head in steps(name)), *REPLY_ONLY)
HEADS: Final = TEXT_HEADS + REPLY_HEADS
MARKS: Final = ("toxicity", *EMPATHY)
"""Heads over tokens: which words speak for it."""

AT: Final = {head: index for index, head in enumerate(HEADS)}


def between(first: str, last: str) -> slice:
    """The columns from one head to another, both included."""
    return slice(AT[first], AT[last] + 1)


ABOUT_COLUMNS: Final = between(f"about:{ABOUT[0]}", f"about:{ABOUT[-1]}")
