"""What can hurt in a reply without one rude word: making it smaller, and advice before listening.

Rules and word lists (replies.toml), because nobody has published data for them with a licence.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from moderation.normalise import normalise
from moderation.phrases import Match, PhraseBook, Tokens

_RAW: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("replies.toml").read_text("utf-8")
)


def _book(name: str) -> PhraseBook:
    return PhraseBook(((name, phrase) for phrase in _RAW[name]["phrases"]), _RAW["lists"])


_DISMISSIVE, _ADVICE, _HEARD, _ASKED = map(_book, ("dismissive", "advice", "heard", "asked"))
_OPENS_WITHIN: Final[int] = _RAW["advice"]["opens_within_words"]
_LONG_REPLY: Final = 90
"""Who writes more than this many words has usually done more than dismiss or advise."""
_MOST_SPANS: Final = 4
ANSWERED_CHARS: Final = 1_500
"""How much is read of what a reply answers: enough to know what it asks and how it feels."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule's answer: its probability and which words of the original speak for it."""

    probability: float
    spans: tuple[tuple[int, int], ...] = ()


_NOT_FOUND: Final = Found(0.05)


def dismissal(tokens: Tokens, answered: str) -> Found:
    """Whether the reply makes the other's trouble smaller. ``answered``: the text it answers."""
    matches = _DISMISSIVE.find(tokens)
    if not matches:
        return _NOT_FOUND
    kind = _HEARD.found(tokens)
    return Found(0.4 if kind or _is_long(tokens) else 0.85, _spans(matches, tokens))


def unasked_advice(tokens: Tokens, answered: str) -> Found:
    """Whether the reply opens with advice that nobody asked for, and shows no sign of listening."""
    opening = [m for m in _ADVICE.find(tokens) if tokens.token_at(m.start) <= _OPENS_WITHIN]
    if not opening or _is_long(tokens) or _HEARD.found(tokens):
        return _NOT_FOUND
    if _ASKED.found(Tokens.of(normalise(answered, ANSWERED_CHARS))):
        return Found(0.3)
    return Found(0.8, _spans(opening, tokens))


def _is_long(tokens: Tokens) -> bool:
    return len(tokens.starts) > _LONG_REPLY


def _spans(matches: list[Match], tokens: Tokens) -> tuple[tuple[int, int], ...]:
    """Without overlaps, the first of them."""
    spans: list[tuple[int, int]] = []
    for match in matches:
        start, end = tokens.original(match.start, match.end)
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
    return tuple(spans[:_MOST_SPANS])
