"""Twelve ways in which people write so that a filter does not read them.

Each takes a text and a source of chance and gives the disguised text; a person still reads it.
They measure the normaliser and roughen training texts. The tables are not those that
moderation.normalise reads by, or the measure would only show that it agrees with itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Final

Disguise = Callable[[str, Random], str]

_WORD = re.compile(r"[A-Za-z]+")
_HIDDEN: Final = frozenset(
    "kill killed killing die dying dead death suicide suicidal myself yourself hang hanging "
    "overdose pills cut cutting hurt hurting bleed gun rope jump fuck fucking fucked shit bitch "
    "bastard asshole idiot stupid hate ugly loser pathetic worthless disgusting trash crap damn "
    "dick moron".split()
)
"""The words that people hide."""


def _each_word(text: str, change: Callable[[str], str]) -> str:
    return _WORD.sub(lambda match: change(match[0]), text)


def _each_letter(text: str, change: Callable[[str], str]) -> str:
    return re.sub("[A-Za-z]", lambda match: change(match[0]), text)


def _only_hidden(text: str, change: Callable[[str], str]) -> str:
    return _each_word(text, lambda word: change(word) if word.lower() in _HIDDEN else word)


_CYRILLIC: Final = dict(zip("aceiopsxyhBKMTHjd", "асеіорѕхуһВКМТНјԁ", strict=True))
_GREEK: Final = dict(zip("ovtkAEIZHMNPTXY", "οντκΑΕΙΖΗΜΝΡΤΧΥ", strict=True))


def look_alikes(text: str, chance: Random) -> str:
    """About half of the letters that have one become their Cyrillic or Greek look-alike."""

    def change(letter: str) -> str:
        alike = [table[letter] for table in (_CYRILLIC, _GREEK) if letter in table]
        return chance.choice(alike) if alike and chance.random() < 0.5 else letter

    return _each_letter(text, change)


def full_width(text: str, chance: Random) -> str:
    """Every printable ASCII character in its full-width form."""
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


_ALPHABETS: Final = {  # where A and a stand
    "bold": (0x1D400, 0x1D41A),
    "bold script": (0x1D4D0, 0x1D4EA),
    "bold fraktur": (0x1D56C, 0x1D586),
    "double-struck": (0x1D538, 0x1D552),
    "monospace": (0x1D670, 0x1D68A),
    "circled": (0x24B6, 0x24D0),
}
_DOUBLE_STRUCK: Final = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))


def mathematical(text: str, chance: Random) -> str:
    """All letters from one of the alphabets for formulas, or circled."""
    name = chance.choice(sorted(_ALPHABETS))
    capital, small = _ALPHABETS[name]

    def change(letter: str) -> str:
        if name == "double-struck" and letter in _DOUBLE_STRUCK:
            return _DOUBLE_STRUCK[letter]
        first, base = ("A", capital) if letter.isupper() else ("a", small)
        return chr(base + ord(letter) - ord(first))

    return _each_letter(text, change)


def _sprinkled(text: str, chance: Random, marks: str, share: float) -> str:
    return _each_letter(
        text,
        lambda letter: letter + (chance.choice(marks) if chance.random() < share else ""),
    )


def zero_width(text: str, chance: Random) -> str:
    """Spaces and direction marks without width behind half of the letters."""
    return _sprinkled(text, chance, "\u200b\u200e\u200f\u2060\ufeff\u202c", 0.5)


def soft_hyphens_and_joiners(text: str, chance: Random) -> str:
    """Soft hyphens, joiners and fillers, which show nothing, behind half of the letters."""
    return _sprinkled(text, chance, "\u00ad\u200c\u200d\u034f\u115f\u3164", 0.5)


def zalgo(text: str, chance: Random) -> str:
    """One to six combining marks on every letter."""

    def change(letter: str) -> str:
        marks = (chr(chance.randrange(0x300, 0x370)) for _ in range(chance.randint(1, 6)))
        return letter + "".join(marks)

    return _each_letter(text, change)


def spaced(text: str, chance: Random) -> str:
    """The words that people hide, or one time in two every word, letter by letter."""
    mark = chance.choice((" ", "."))
    if chance.random() < 0.5:
        return _only_hidden(text, mark.join)
    wide = re.sub(" +", "  ", text) if mark == " " else text
    return _each_word(wide, mark.join)


def repeats(text: str, chance: Random) -> str:
    """One letter of most words of three letters and more stands three to six times."""

    def change(word: str) -> str:
        if len(word) < 3 or chance.random() < 0.3:
            return word
        at = chance.randrange(len(word))
        return word[:at] + word[at] * chance.randint(3, 6) + word[at + 1 :]

    return _each_word(text, change)


_LEET: Final = {
    "a": "4@", "b": "8", "e": "3", "i": "1!", "l": "1|", "o": "0", "s": "5$", "t": "7",
}  # fmt: skip


def leet(text: str, chance: Random) -> str:
    """Digits and signs for one or two letters of most words of three letters and more."""

    def change(word: str) -> str:
        places = [at for at, letter in enumerate(word) if letter.lower() in _LEET]
        if len(word) < 3 or not places or chance.random() < 0.3:
            return word
        letters = list(word)
        for at in chance.sample(places, min(len(places), chance.randint(1, 2))):
            letters[at] = chance.choice(_LEET[word[at].lower()])
        return "".join(letters)

    return _each_word(text, change)


def stars(text: str, chance: Random) -> str:
    """Stars for one or two letters inside the words that people hide; the ends stay."""

    def change(word: str) -> str:
        vowels = [at for at in range(1, len(word) - 1) if word[at].lower() in "aeiou"]
        inner = vowels or list(range(1, len(word) - 1))
        if chance.random() < 0.3 and len(word) > 3:
            inner = list(range(1, len(word) - 1))
        hidden = set(chance.sample(inner, min(len(inner), chance.randint(1, 2))))
        return "".join("*" if at in hidden else letter for at, letter in enumerate(word))

    return _only_hidden(text, change)


def typos(text: str, chance: Random) -> str:
    """Two letters swapped, one dropped or one doubled, in a quarter of the longer words."""

    def change(word: str) -> str:
        if len(word) < 4 or chance.random() > 0.25:
            return word
        at = chance.randrange(1, len(word) - 1)
        return chance.choice(
            (
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
            )
        )

    return _each_word(text, change)


_BETWEEN: Final = ("🔥", "💀", "❤️", "✨", "_", "-", "*", "~", "|", "/", "^", "•")


def split_letters(text: str, chance: Random) -> str:
    """Capitals anywhere, and an emoji or a sign between the letters of the words that people hide."""
    mark = chance.choice(_BETWEEN)
    mixed = _each_letter(text, lambda letter: chance.choice((letter.lower(), letter.upper())))
    return _only_hidden(mixed, mark.join)


DISGUISES: Final[Mapping[str, Disguise]] = MappingProxyType(
    {
        disguise.__name__: disguise
        for disguise in (
            look_alikes, full_width, mathematical, zero_width, soft_hyphens_and_joiners, zalgo,
            spaced, repeats, leet, stars, typos, split_letters,
        )
    }
)  # fmt: skip
