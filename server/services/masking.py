"""Masking what leads to a person in a text that leaves the store: contact details, and pseudonyms.

A real name that somebody wrote is not found, and nobody may promise that it is.
"""

import re
from collections.abc import Iterable
from typing import Final

from moderation.contact import MAX_CHARS, contact_spans
from moderation.normalise.words import RANK

CONTACT: Final = "[contact]"
NAME: Final = "[name]"
_BATCH: Final = 500
"""Pseudonyms in one pattern: few enough to be compiled, and enough to be quick."""


class Masks:
    """What to mask, compiled once for many texts."""

    def __init__(self, pseudonyms: Iterable[str]) -> None:
        names = sorted(set(pseudonyms), key=lambda name: (-len(name), name))
        self._patterns = [
            *_compiled([name for name in names if not _is_word(name)], re.IGNORECASE),
            *_compiled([name for name in names if _is_word(name)], re.NOFLAG),
        ]

    def masked(self, text: str) -> str:
        """The text without them. Words beyond what is searched for contact details are cut off."""
        text = text[:MAX_CHARS]
        for span in reversed(contact_spans(text)):
            text = text[: span.start] + CONTACT + text[span.end :]
        for pattern in self._patterns:
            text = pattern.sub(NAME, text)
        return text


def _compiled(names: list[str], flags: re.RegexFlag) -> list[re.Pattern[str]]:
    return [
        re.compile(
            rf"(?<!\w)@?(?:{'|'.join(map(re.escape, names[start : start + _BATCH]))})(?!\w)", flags
        )
        for start in range(0, len(names), _BATCH)
    ]


def _is_word(name: str) -> bool:
    """An ordinary word is masked as its bearer spells it: "Hope", and not every "hope"."""
    return name.casefold() in RANK
