"""Characters one by one, and the edits that keep the way back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

Folded = tuple[str, list[int]]
"""Characters, and for each the code point of the original it came from."""

AMBIGUOUS_CAPITALS: Final = "ΗΜΝΥ"
"""They look like other letters than their small forms do; look_alikes folds their case."""

_MOST_PER_CHAR: Final = 4  # one ligature can stand for 18 letters
_BOXED: Final = (0x1F110, 0x1F130, 0x1F150, 0x1F170, 0x249C)
_ALWAYS: Final = {
    "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "＇": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-",
    "ß": "ss", "æ": "ae", "œ": "oe", "ى": "ي", "ة": "ه", "ـ": "",
    "\u115f": "", "\u1160": "", "\u3164": "", "\uffa0": "", "\u2800": " ",
    **{chr(0x1F1E6 + i): chr(97 + i) for i in range(26)},
    **{chr(base + i): chr(97 + i) for base in _BOXED for i in range(26)},
    **{capital: capital for capital in AMBIGUOUS_CAPITALS},
}  # fmt: skip


class _Folds(dict[str, str]):
    """One character -> what is read in its place; each is worked out once."""

    def __missing__(self, char: str) -> str:
        folded = _ALWAYS.get(char)
        if folded is None:
            folded = _fold_char(char)
        if len(self) < 20_000:
            self[char] = folded
        return folded


def _fold_char(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me") or 0xFE00 <= ord(char) <= 0xFE0F:
        return ""
    if category[0] in "ZC":
        return "\n" if char in "\n\r\u2028\u2029" else " "
    parts = unicodedata.normalize("NFKD", char)
    if parts == char:
        parts = char.casefold()
    if parts == char:
        return char
    return "".join(_FOLDS[part] if part != char else part for part in parts)


_FOLDS: Final = _Folds()
_PLAIN: Final = {code: _FOLDS[chr(code)] for code in range(128)}
"""ASCII: one character for each."""


def fold(text: str) -> Folded:
    """Character by character; white space stays as wide as it is."""
    if text.isascii():  # most texts, in a tenth of the time
        return text.translate(_PLAIN), [*range(len(text))]
    chars: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        folded = _FOLDS[char][:_MOST_PER_CHAR]
        chars.append(folded)
        origin.extend([index] * len(folded))
    return "".join(chars), origin


_WHITE = re.compile(r"[ \n]+")


def squeeze(chars: str, origin: list[int]) -> Folded:
    """Runs of white space become one space or one line break; none stands at the start."""
    edits: dict[int, str] = {}
    for run in _WHITE.finditer(chars):
        start, end = run.span()
        if start == 0:
            edits.update(dict.fromkeys(range(end), ""))
        elif end > start + 1:
            edits[start] = "\n" if "\n" in run[0] else " "
            edits.update(dict.fromkeys(range(start + 1, end), ""))
    return edit(chars, origin, edits)


def drop(chars: str, origin: list[int], gone: Iterable[int]) -> Folded:
    """Without the characters at these indices."""
    return edit(chars, origin, dict.fromkeys(gone, ""))


def edit(chars: str, origin: list[int], edits: Mapping[int, str]) -> Folded:
    """With the characters at these indices replaced by one character, or by nothing."""
    if not edits:
        return chars, origin
    new = [edits.get(index, char) for index, char in enumerate(chars)]
    return "".join(new), [at for at, char in zip(origin, new, strict=True) if char]
