"""What a reader sees -> what a model reads, with the way back to the original kept.

Letters are folded (lower case, accents off, look-alikes, full-width), invisible characters go,
and words that were taken apart or dressed up ("k i l l", "su1c1de", "f*ck", "diiiie") are put
together again. Each step is linear in the length, which is capped first: one person's 100,000
combining marks must not cost the room a second.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_CHARS: Final = 10_000
"""Code points that are read; more than any room lets a member post."""


@dataclass(frozen=True, slots=True)
class Normal:
    """A folded text; ``origin[i]`` is the code point of the original that gave ``text[i]``."""

    text: str
    origin: tuple[int, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text behind ``text[start:end]``; both ends exclusive."""
        if start >= end:
            return (0, 0)
        return self.origin[start], self.origin[end - 1] + 1


def normalise(text: str, max_chars: int = MAX_CHARS) -> Normal:
    """The folded text of the first ``max_chars`` code points, with offsets.

    Never raises: lone surrogates and unassigned code points are read as spaces.
    """
    chars, origin = _fold(text[:max_chars])
    for step in _STEPS:
        chars, origin = step(chars, origin)
    return Normal(chars, tuple(origin))


_Folded = tuple[str, list[int]]
_MOST_PER_CHAR: Final = 4  # one ligature can stand for 18 letters

_LOOK_ALIKES: Final = {
    **dict(zip("аеорсухіјѕԁԛԝһӏвнкмтгпзґє", "aeopcyxijsdqwhlbhkmtrn3re", strict=True)),
    **dict(zip("αβεικνορτυχωηγ", "abeikvoptuxwny", strict=True)),
    **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
    **dict(zip("ɑɡɩıƙłøđħŧƒɛɔʋ", "agiiklodhtfeov", strict=True)),
}
_ALWAYS: Final = {
    "’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "＇": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-",
    "ß": "ss", "æ": "ae", "œ": "oe", "ى": "ي", "ة": "ه", "ـ": "",
    **{chr(0x1F1E6 + i): chr(97 + i) for i in range(26)},
    **{chr(base + i): chr(97 + i) for base in (0x1F130, 0x1F150, 0x1F170) for i in range(26)},
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
    parts = unicodedata.normalize("NFKD", char).casefold()
    if parts == char:
        return char
    return "".join(_FOLDS[part] if part != char else part for part in parts)


_FOLDS: Final = _Folds()


def _fold(text: str) -> _Folded:
    """Character by character; runs of white space become one space or one line break."""
    chars: list[str] = []
    origin: list[int] = []
    space = True
    for index, char in enumerate(text):
        folded = _FOLDS[char][:_MOST_PER_CHAR]
        if folded in (" ", "\n"):
            if not space:
                chars.append(folded)
                origin.append(index)
            elif folded == "\n" and chars:
                chars[-1] = "\n"
            space = True
        elif folded:
            chars.append(folded)
            origin.extend([index] * len(folded))
            space = False
    return "".join(chars), origin


_WORD = re.compile(r"[^\W\d_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def _unmask_look_alikes(chars: str, origin: list[int]) -> _Folded:
    """Foreign letters in a Latin word, or in a text that is mostly Latin, become Latin."""
    if chars.isascii():
        return chars, origin
    latin = sum(map(len, re.findall("[a-z]+", chars)))
    letters = sum(map(len, _WORD.findall(chars)))
    mostly = latin * 2 > letters

    def latinise(match: re.Match[str]) -> str:
        word = match[0]
        if word.isascii() or not (mostly or re.search("[a-z]", word)):
            return word
        return "".join(_LOOK_ALIKES.get(char, char) for char in word)

    return _WORD.sub(latinise, chars), origin


_SPACED = re.compile(r"(?<![^\W_'])[^\W\d_](?:([ .\-_*~|/])[^\W_](?:\1[^\W_])+)(?![^\W_'])")


def _join_spaced(chars: str, origin: list[int]) -> _Folded:
    """Three or more single letters with one separator between them are one word: "k i l l"."""
    return _drop(chars, origin, [
        index for match in _SPACED.finditer(chars) for index in range(match.start() + 1, match.end(), 2)
    ])  # fmt: skip


def _drop_apostrophes(chars: str, origin: list[int]) -> _Folded:
    """People write dont and don't: both are read as dont."""
    return _drop(chars, origin, [match.start() for match in _APOSTROPHE.finditer(chars)])


_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")


def _drop(chars: str, origin: list[int], gone: list[int]) -> _Folded:
    if not gone:
        return chars, origin
    without = set(gone)
    kept = [index for index in range(len(chars)) if index not in without]
    return "".join(chars[index] for index in kept), [origin[index] for index in kept]


_LEET: Final = {
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s",
    "!": "i", "|": "l", "+": "t", "€": "e", "£": "l", "¡": "i",
}  # fmt: skip
_DRESSED = re.compile(
    r"(?<![\w@$])\$?[a-z]+(?:[0134578@$!|+€£¡]{1,3}[a-z]+)+|(?<![\w$])\$[a-z]{3,}"
)


def _undress_leet(chars: str, origin: list[int]) -> _Folded:
    """Digits and signs between letters are letters ("su1c1de"); 20mg and b4 stay as they are."""

    def letters(match: re.Match[str]) -> str:
        return "".join(_LEET.get(char, char) for char in match[0])

    return _DRESSED.sub(letters, chars), origin


_DANGER_WORDS: Final = (
    "kill killing killed die dying died dead death suicide suicidal unalive myself hang hanging "
    "overdose pills cutting cut hurt bleed gun rope jump fuck fucking fucked shit bitch cunt "
    "bastard asshole idiot stupid hate retard whore slut rape ugly loser moron dick nigger faggot "
    "kms kys"
).split()
_BY_LENGTH: Final = {
    length: tuple(word for word in _DANGER_WORDS if len(word) == length)
    for length in {len(word) for word in _DANGER_WORDS}
}
_MASKED = re.compile(r"(?<![\w*#])[a-z][a-z*#_]{0,9}[*#_][a-z*#_]{0,9}(?![\w*#])")


def _unmask_stars(chars: str, origin: list[int]) -> _Folded:
    """Known words with letters starred out are filled in when only one word fits."""

    def fill(match: re.Match[str]) -> str:
        masked = match[0]
        fitting = [word for word in _BY_LENGTH.get(len(masked), ()) if _fits(masked, word)]
        return fitting[0] if len(fitting) == 1 else masked

    return _MASKED.sub(fill, chars), origin


def _fits(masked: str, word: str) -> bool:
    shown = sum(char.isalpha() for char in masked)
    return shown * 2 >= len(word) and all(
        char == letter or not char.isalpha() for char, letter in zip(masked, word, strict=True)
    )


_LONG_RUN = re.compile(r"([^\W\d_])\1{2,}")
_STRETCHED = re.compile(r"[^\W\d_]*([^\W\d_])\1{2,}[^\W\d_]*")
_KNOWN: Final = frozenset(
    [*_DANGER_WORDS, "want", "need", "please", "never", "help", "so", "me", "my"]
)


def _shorten_repeats(chars: str, origin: list[int]) -> _Folded:
    """A letter three times or more is kept once where that gives a word we know, else twice."""
    gone: list[int] = []
    for word in _WORD.finditer(chars):
        if _LONG_RUN.search(word[0]):
            gone.extend(word.start() + index for index in _stretched(word[0]))
    return _drop(chars, origin, gone)


def _stretched(word: str) -> list[int]:
    """Indices in the word that only stretch it."""
    keep = 1 if _LONG_RUN.sub(r"\1", word) in _KNOWN else 2
    return [
        index for run in _LONG_RUN.finditer(word) for index in range(run.start() + keep, run.end())
    ]


_STEPS: Final = (
    _unmask_look_alikes,
    _join_spaced,
    _undress_leet,
    _unmask_stars,
    _shorten_repeats,
    _drop_apostrophes,
)
