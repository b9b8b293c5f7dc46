"""Which language a text is written in: script, and the small words every language needs.

Small and honest: it says None when it sees no evidence. It knows when a text is *not* English,
which is all the policy asks of it (what a model was not trained to read is not assessed).
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final

_RULES: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("language.toml").read_text("utf-8")
)
_SMALL_WORDS: Final[dict[str, frozenset[str]]] = {
    code: frozenset(ws.split()) for code, ws in _RULES["small_words"].items()
}
_ENGLISH: Final = _SMALL_WORDS.pop("en") | frozenset(_RULES["english_more"].split())
_SCRIPTS: Final[list[tuple[str, re.Pattern[str]]]] = [
    (code, re.compile(f"[{chars}]")) for code, chars in _RULES["scripts"].items()
]
_WORD = re.compile(r"[^\W\d_]+")
_READ_WORDS: Final = 400
_ENOUGH_WORDS: Final = 8
"""An English text of this length without one small English word is rare (measured in CARD.md)."""


def language_of(folded: str) -> str | None:
    """A language code, "und" for surely not English but unknown, None when nothing tells.

    folded: as moderation.normalise gives it (lower case, no accents, no apostrophes).
    """
    words = _WORD.findall(folded[:4_000])[:_READ_WORDS]
    return _by_script("".join(words)) or _by_small_words(words)


def _by_script(letters: str) -> str | None:
    if letters.isascii():
        return None
    counts = {code: len(script.findall(letters)) for code, script in _SCRIPTS}
    code, count = max(counts.items(), key=lambda pair: pair[1])
    return code if count * 2 > len(letters) else None


def _by_small_words(words: list[str]) -> str | None:
    english = sum(map(_ENGLISH.__contains__, words))
    others = Counter(
        {code: sum(map(small.__contains__, words)) for code, small in _SMALL_WORDS.items()}
    )
    code, count = others.most_common(1)[0]
    if count > english * 1.5 and count >= min(2, len(words) - 1):
        return code
    if english:
        return "en"
    return "und" if len(words) >= _ENOUGH_WORDS else None
