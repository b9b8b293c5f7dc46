"""What we say to an author, by reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moderation.classifier import Span
from moderation.policy import Reason


@dataclass(frozen=True, slots=True)
class Nudge:
    """Private words to the author: what was noticed, what could be tried, and where."""

    reasons: tuple[str, ...]
    words: str
    spans: tuple[Span, ...]
    suggestions: tuple[str, ...]


def compose(reasons: Sequence[Reason], variant: int = 0) -> Nudge:
    """The words for these reasons; the same ``variant`` gives the same words."""
    return Nudge(tuple(r.code for r in reasons), "", tuple(s for r in reasons for s in r.spans), ())
