"""A small language for phrases, so that clinicians can read and change the lists.

A phrase is words with single spaces; a word ends nowhere but at its last letter. In it

- ``(kill|hang) myself`` takes any of the alternatives, which may be phrases themselves,
- ``(really)? want`` may leave the group out,
- ``{want}`` is a named list of the same file, ``{want}?`` may be left out,
- ``..`` skips up to three words, ``...`` up to six, never past the end of a sentence and never
  a word that denies ("not", "never"), which would turn the phrase around,
- ``pill*`` is any word that begins so.

Phrases are folded like the text (moderation.normalise), so accents, capitals and apostrophes do
not matter. Matching is by regular expressions with bounded gaps, each tried only when a word that
it cannot do without stands in the text: time grows linearly with the text. Phrases are read, and
refused, when a book is made; each is compiled when it is first tried, because compiling a thousand
of them costs seconds that every process would pay at its start.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

from moderation.errors import PolicyInvalid
from moderation.normalise import Normal, normalise

_TOKEN = re.compile(r"[^\W_]+|[.!?;\n]+")
# Not the French "ne" (of "ne plus": no more), nor the Arabic "ma", which as often means "what".
_DENIES: Final = "|".join(
    (
        *"not never no dont didnt doesnt wont isnt wasnt havent hasnt wouldnt without".split(),
        *"nicht nie kein".split(),
        *"pas jamais sans".split(),
        *"nunca jamas tampoco sin".split(),
        "(?:و|ف)?(?:لا|لم|لن|ليس|ليست|مش|مو|موش|بدون|ابدا)",
    )
)
_SKIPPED = rf"(?: (?!(?:{_DENIES}) )[^ .]+)"
_GAPS: Final = {"..": _SKIPPED + "{0,3}?", "...": _SKIPPED + "{0,6}?"}
_COMMON: Final = frozenset(
    "i im ive id ill a an the to of in on at my me it is was be been am are you your he she they "
    "we his her their and or but so that this with for up not no do just out over want have had "
    "has going gonna will can if when now one get got by as all more been being there here "
    "ich mich mir du das die der es ein eine zu nicht mehr und yo me mi no de la el que un una "
    "je me ma mon ne pas le les des en et plus".split()
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A folded text as words and sentence ends, with the way back to its offsets."""

    normal: Normal
    joined: str
    starts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    words: frozenset[str]

    @classmethod
    def of(cls, normal: Normal) -> Tokens:
        """Words keep their letters; every run of sentence ends becomes one dot."""
        found = [
            (m[0] if m[0][0].isalnum() else ".", m.span()) for m in _TOKEN.finditer(normal.text)
        ]
        starts, at = [], 0
        for token, _ in found:
            starts.append(at)
            at += len(token) + 1
        joined = "".join(f" {token}" for token, _ in found) + " "
        words = frozenset(token for token, _ in found)
        return cls(normal, joined, tuple(starts), tuple(s for _, s in found), words)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original text behind ``joined[start:end]``."""
        first = self.token_at(start)
        last = self.token_at(end - 1)
        return self.normal.original(self.spans[first][0], self.spans[last][1])

    def token_at(self, offset: int) -> int:
        """Index of the token that stands at this offset of ``joined``."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def sentence(self, start: int, end: int) -> tuple[str, str]:
        """What stands before and after ``joined[start:end]`` inside the same sentence."""
        before = self.joined[:start].rpartition(" .")[2]
        after = self.joined[end:].partition(" .")[0]
        return before, after


@dataclass(frozen=True)
class Phrase:
    """One phrase: ``key`` names what it stands for; of ``anchors``, if any, it needs one word."""

    key: str
    expression: str
    anchors: frozenset[str]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled at first use; two threads at once may at worst both compile it."""
        return re.compile(self.expression)

    def can_stand_among(self, words: Set[str]) -> bool:
        """Whether the pattern is worth trying on a text of these words."""
        return not self.anchors or not self.anchors.isdisjoint(words)


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase stands in ``Tokens.joined``: ``start`` at its first letter, ``end`` exclusive."""

    key: str
    start: int
    end: int


class PhraseBook:
    """Many phrases, found together."""

    def __init__(
        self, phrases: Iterable[tuple[str, str]], lists: Lists | Mapping[str, list[str]]
    ) -> None:
        """``phrases``: pairs of key and phrase. Raises PolicyInvalid when one cannot be read."""
        self._always: list[Phrase] = []
        self._by_word: dict[str, dict[int, Phrase]] = {}
        lists = lists if isinstance(lists, Lists) else Lists(lists)
        for key, words in phrases:
            self._add(read_phrase(key, words, lists))

    def _add(self, phrase: Phrase) -> None:
        if not phrase.anchors:
            self._always.append(phrase)
        for anchor in phrase.anchors:
            self._by_word.setdefault(anchor, {})[id(phrase)] = phrase

    def find(self, tokens: Tokens) -> list[Match]:
        """Every place of every phrase, by position; overlapping phrases are all given."""
        return sorted(self._matches(tokens), key=lambda match: (match.start, match.end, match.key))

    def found(self, tokens: Tokens) -> bool:
        """Whether any phrase stands in the text."""
        return any(True for _ in self._matches(tokens))

    def _matches(self, tokens: Tokens) -> Iterator[Match]:
        for phrase in self._candidates(tokens.words):
            for match in phrase.pattern.finditer(tokens.joined):
                yield Match(phrase.key, match.start() + 1, match.end())

    def _candidates(self, words: frozenset[str]) -> Iterable[Phrase]:
        candidates = {id(phrase): phrase for phrase in self._always}
        for word in words & self._by_word.keys():
            candidates.update(self._by_word[word])
        return candidates.values()


def read_phrase(key: str, words: str, lists: Lists) -> Phrase:
    """One phrase of the language above. Raises PolicyInvalid on what cannot be read."""
    parts = _LEXEMES.findall(words)
    if "".join(parts).replace(" ", "") != words.replace(" ", ""):
        raise PolicyInvalid(f"cannot read the phrase {words!r}")
    pattern, anchors = _Reader(parts, lists).phrase()
    return Phrase(key, pattern + "(?= )", anchors)


_LEXEMES = re.compile(r"[()|?]|\.{2,3}(?=\s|$|\))|\{\w+\}|[^\s(){}|?.]+")
_Read = tuple[str, frozenset[str]]
_NONE: Final[frozenset[str]] = frozenset()
_END: Final = ""
_ENDS: Final = frozenset({_END, "|", ")"})


class Lists:
    """The named lists of a file, each read once however many phrases use it."""

    def __init__(self, lists: Mapping[str, list[str]]) -> None:
        self._lists = lists
        self._read: dict[str, _Read] = {}

    def named(self, name: str) -> _Read:
        """Raises PolicyInvalid when there is no such list, or it cannot be read."""
        if name not in self._read:
            self._read[name] = _either(list(self._alternatives(name)))
        return self._read[name]

    def _alternatives(self, name: str) -> Iterator[_Read]:
        if name not in self._lists:
            raise PolicyInvalid(f"no list named {name!r}")
        for entry in self._lists[name]:
            for alternative in entry.split("|"):
                yield _Reader(_LEXEMES.findall(alternative), self).phrase()


class _Reader:
    """Recursive descent over one phrase; every method gives a pattern and the words it needs."""

    def __init__(self, parts: list[str], lists: Lists) -> None:
        self._parts, self._lists, self._at = [*parts, _END], lists, 0

    def phrase(self) -> _Read:
        read = self._sequence()
        if self._peek() != _END:
            raise PolicyInvalid(f"a bracket is missing in {' '.join(self._parts[:-1])!r}")
        return read

    def _sequence(self) -> _Read:
        patterns: list[str] = []
        anchors: list[frozenset[str]] = []
        while self._peek() not in _ENDS:
            pattern, anchor = self._element()
            optional = self._take("?")
            patterns.append(f"(?:{pattern})?" if optional else pattern)
            anchors.append(_NONE if optional else anchor)
        return "".join(patterns), _best_anchor(anchors)

    def _element(self) -> _Read:
        part = self._next()
        if part in _GAPS:
            return _GAPS[part], _NONE
        if part == "(":
            return self._group()
        if part.startswith("{"):
            return self._lists.named(part[1:-1])
        return _word(part)

    def _group(self) -> _Read:
        read = [self._sequence()]
        while self._take("|"):
            read.append(self._sequence())
        if not self._take(")"):
            raise PolicyInvalid(f"a bracket is missing in {' '.join(self._parts[:-1])!r}")
        return _either(read)

    def _peek(self) -> str:
        return self._parts[self._at]

    def _next(self) -> str:
        part = self._peek()
        self._at += 1
        return part

    def _take(self, part: str) -> bool:
        taken = self._peek() == part
        self._at += taken
        return taken


def _either(read: list[_Read]) -> _Read:
    """Longer alternatives first; the anchor holds one word of each, or nothing."""
    patterns = sorted({pattern for pattern, _ in read}, key=lambda p: (-len(p), p))
    anchors = [anchor for _, anchor in read]
    needed = _NONE if _NONE in anchors else _NONE.union(*anchors)
    return "(?:" + "|".join(patterns) + ")", needed


@cache  # most words stand in many phrases
def _word(word: str) -> _Read:
    """Arabic joins "and" and "so" to the next word, so that they may stand before any."""
    stem, star, _ = fold(word).partition("*")
    prefixes = _ARABIC_JOINED if "\u0600" <= stem[:1] <= "\u06ff" else ("",)
    prefix = f"(?:{'|'.join(prefixes)})" if len(prefixes) > 1 else ""
    pattern = f" {prefix}{re.escape(stem)}{'[^ .]*' if star else ''}"
    return pattern, _NONE if star else frozenset(joined + stem for joined in prefixes)


_ARABIC_JOINED: Final = ("و", "ف", "")


def fold(word: str) -> str:
    """A word as it stands in a folded text; a final ``*`` is kept."""
    if _FOLDED.fullmatch(word):
        return word
    return normalise(word.rstrip("*")).text.strip() + ("*" if word.endswith("*") else "")


# Most words of a list need no folding, and folding them was a third of the time to read it.
_FOLDED: Final = re.compile(r"(?:([a-z])(?!\1\1))+")


def _best_anchor(anchors: list[frozenset[str]]) -> frozenset[str]:
    usable = [anchor for anchor in anchors if anchor]
    return usable[0] if len(usable) == 1 else min(usable, key=_commonness, default=_NONE)


def _commonness(anchor: frozenset[str]) -> tuple[int, int]:
    return (len(anchor & _COMMON), len(anchor))
