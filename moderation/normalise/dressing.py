"""Words with digits, signs or stars for letters: "su1c1de", "$hit", "f*ck"."""

from __future__ import annotations

import re
from collections.abc import Container
from itertools import product
from typing import Final

from moderation.normalise.folding import Folded
from moderation.normalise.words import DANGER, DANGER_WORDS, RANK

_LEET: Final = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s",
    "!": "il", "|": "li", "+": "t", "€": "e", "£": "l", "¡": "i",
}  # fmt: skip
_ADDRESS = r"(?:https?://|www\.)\S{1,2000}|(?<![\w.+\-])[\w.+\-]{1,64}@[\w\-]{1,63}\.[a-z]"
_TOKEN = re.compile(rf"({_ADDRESS})|(?<![\w@$])[a-z0134578@$!|+€£¡]+")
_INSIDE = re.compile(r"(?<![\w@$])\$?[a-z]+(?:[0134578@$!|+€£¡]{1,3}[a-z]+)+|(?<![\w$])\$[a-z]{3,}")
_LETTER = re.compile("[a-z]")
_SIGNS = re.compile(r"[@$!|+€£¡]+")
_MEASURE = re.compile(
    r"\d+(?:[ap]m|m?g|mcg|ml|l|k?m|cm|mm|ft|st|nd|rd|th|s|k|h|hrs?|x|min|yo|yr|d|[mf])"
)
_LONGEST: Final = 24
_MOST_READINGS: Final = 16


def undress_leet(chars: str, origin: list[int]) -> Folded:
    """Digits and signs between letters are letters ("su1c1de"); 20mg and b4 stay as they are.

    At the ends of a word they are letters where that gives a word that people hide ("di3"); any
    known word, where the text hides another one.
    """
    if chars.isalpha() or not _has_leet(chars):
        return chars, origin
    hides = any(_hides(token[0]) for token in _TOKEN.finditer(chars) if not token[1])

    def undress(match: re.Match[str]) -> str:
        return match[0] if match[1] else _undressed(match, hides)

    return _TOKEN.sub(undress, chars), origin


_has_leet = re.compile(r"[0134578@$!|+€£¡]").search


def _undressed(match: re.Match[str], hides: bool) -> str:
    token = match[0]
    if token.isalpha() or not _LETTER.search(token):
        return token
    core = _core(token)
    alone = not match.string[match.end() : match.end() + 1].isalnum()
    if alone and len(core) <= _LONGEST and not _MEASURE.fullmatch(core):
        known = DANGER if core[0] == "@" or not hides else RANK
        word = _known(core, known)
        if word:
            return token.replace(core, word, 1)
    return _INSIDE.sub(_letters, token)


def _hides(token: str) -> bool:
    """Whether this is surely a word in disguise."""
    core = _core(token)
    if core.isalpha() or len(core) > _LONGEST or not _LETTER.search(core):
        return False
    inside = _INSIDE.fullmatch(core)
    return bool(_known(core, RANK if inside else DANGER)) and not _MEASURE.fullmatch(core)


def _core(token: str) -> str:
    """The token without the signs around it that end a sentence rather than spell a word."""
    return token.rstrip("!|+@€£¡").lstrip("!|+€£¡")


def _letters(match: re.Match[str]) -> str:
    token = match[0]
    word = _known(token, RANK) if len(token) <= _LONGEST else ""
    if word:
        return word
    if all(len(part) == 1 or part in RANK for part in _SIGNS.split(token)):
        return token  # "stop!please", "a+b"
    return "".join(_LEET.get(char, char)[0] for char in token)


def _known(token: str, words: Container[str]) -> str:
    """The first reading of the token that is one of the words (three letters or more), or ""."""
    if len(token) < 3:
        return ""
    readings = product(*(_LEET.get(char, char) for char in token))
    for _, letters in zip(range(_MOST_READINGS), readings, strict=False):
        word = "".join(letters)
        if word in words:
            return word
    return ""


_BY_LENGTH: Final = {
    length: tuple(word for word in DANGER_WORDS if len(word) == length)
    for length in {len(word) for word in DANGER_WORDS}
}
_CUSTOMARY: Final = {
    "f***": "fuck", "f*****g": "fucking", "f******": "fucking", "s***": "shit", "s**t": "shit",
    "b****": "bitch", "c***": "cunt", "a**": "ass", "a*s": "ass", "k*s": "kys", "d**d": "dead",
}  # fmt: skip
_MASKED = re.compile(
    r"(?<![\w*#%^\-])[a-z][a-z*#_%^\-]{0,9}[*#_%^\-][a-z*#_%^\-]{0,9}(?![\w*#%^\-])"
)
_MASK = re.compile(r"[^a-z]")


def unmask_stars(chars: str, origin: list[int]) -> Folded:
    """Known words with letters starred out are filled in when only one word fits."""

    def fill(match: re.Match[str]) -> str:
        masked = match[0]
        customary = _CUSTOMARY.get(_MASK.sub("*", masked)) if "-" not in masked else None
        if customary:
            return customary
        fitting = [word for word in _BY_LENGTH.get(len(masked), ()) if _fits(masked, word)]
        return fitting[0] if len(fitting) == 1 else masked

    return _MASKED.sub(fill, chars), origin


def _fits(masked: str, word: str) -> bool:
    shown = sum(char.isalpha() for char in masked)
    framed = masked[-1].isalpha() or shown * 2 >= len(word)
    return framed and all(
        char == letter or not char.isalpha() for char, letter in zip(masked, word, strict=True)
    )
