"""What we say to an author, by reason: short words and things to try, never a reply written for them.

And, now and then, what they did well.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from moderation.classifier import Span
from moderation.errors import PolicyInvalid
from moderation.verdict import Reason

_HERE: Final = Path(__file__)
LANGUAGES: Final = ("en", "de", "es", "fr", "ar")


@cache
def _read(language: str) -> dict[str, Any]:
    """`nudges.toml` in English, `nudges.de.toml` beside it."""
    name = "nudges.toml" if language == "en" else f"nudges.{language}.toml"
    return tomllib.loads(_HERE.with_name(name).read_text("utf-8"))


_RAW: Final = _read("en")
NUDGES_VERSION: Final[str] = _RAW["version"]
_WORDINGS: Final = {code: value for code, value in _RAW.items() if isinstance(value, dict)}
NUDGE_REASONS: Final = tuple(code for code, said in _WORDINGS.items() if "suggestions" in said)
PRAISES: Final = tuple(code for code in _WORDINGS if code not in NUDGE_REASONS)
_MOST_SUGGESTIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Nudge:
    """Private words to the author: what was noticed, what could be tried, and where."""

    reasons: tuple[str, ...]
    words: str
    spans: tuple[Span, ...]
    suggestions: tuple[str, ...]


def compose(reasons: Sequence[Reason], variant: int = 0, language: str = "en") -> Nudge:
    """The words for these reasons; the first we have words for speaks, all of them are marked.

    variant: any whole number; the same one gives the same words, the next one other words.
    language: of the author; English where it has no words.
    Raises PolicyInvalid when we have words for none of the reasons.
    """
    spoken = [reason for reason in reasons if reason.code in NUDGE_REASONS or _is_rule(reason)]
    if not spoken:
        raise PolicyInvalid("nothing is said for these reasons in nudges.toml")
    words, suggestions = _said(spoken[0], variant, language)
    return Nudge(
        reasons=tuple(reason.code for reason in spoken),
        words=words,
        spans=tuple(span for reason in spoken for span in reason.spans),
        suggestions=suggestions,
    )


def _is_rule(reason: Reason) -> bool:
    return reason.code.startswith("rule:")


def _said(reason: Reason, variant: int, language: str) -> tuple[str, tuple[str, ...]]:
    """A place's own rule speaks in its own words; what could be tried, its steward has not told us."""
    if _is_rule(reason):
        return reason.words, ()
    wording = _wording(reason.code, language)
    return _chosen(wording["words"], variant), _turned(wording["suggestions"], variant)


def _wording(code: str, language: str) -> dict[str, Any]:
    spoken = _read(language) if language in LANGUAGES else {}
    said: dict[str, Any] = spoken.get(code) or _WORDINGS[code]
    return said


def praise(code: str, variant: int = 0, language: str = "en") -> str:
    """What was done well, in words for whoever did it. variant, language: as for ``compose``.

    Raises PolicyInvalid when we have no words for it.
    """
    if code not in PRAISES:
        raise PolicyInvalid("this praise has no words in nudges.toml")
    return _chosen(_wording(code, language)["words"], variant)


def _chosen(words: Sequence[str], variant: int) -> str:
    return words[variant % len(words)]


def _turned(suggestions: Sequence[str], variant: int) -> tuple[str, ...]:
    """All of them, another one first each time."""
    first = variant % len(suggestions)
    return (*suggestions[first:], *suggestions[:first])[:_MOST_SUGGESTIONS]
