"""Phrases that must never be missed; works when no model does.

A recall floor and an explanation, not a judgement: it is careful to find, and its guards keep it
from firing on idioms, on what is denied, and on people who support others. The phrases are data
(lexicon.toml), written in the language of moderation.phrases.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from moderation.normalise import normalise
from moderation.phrases import Lists, Match, PhraseBook, Tokens, read_phrase
from moderation.urgency import Urgency

_RAW: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("lexicon.toml").read_text("utf-8")
)
LEXICON_VERSION: Final[str] = _RAW["version"]
LEXICON_REVIEW: Final[str] = _RAW["review"]

_LISTS: Final = Lists(_RAW["lists"])

READER_HARM: Final = frozenset({"methods", "encouragement"})
"""Categories that speak of harm to readers, not of a person in danger."""

_MOST_HITS: Final = 16
_JOKE_REACH = 2  # words between a phrase and what turns it into a joke


@dataclass(frozen=True, slots=True)
class Hit:
    """One phrase that was found: code points of the original; ``words`` say why, for a moderator.

    A hit of a READER_HARM category is about what readers may meet; every other one is about a
    person who may be in danger: the author ("self") or somebody else ("another"). answering: it
    counts only beside somebody who may be in danger.
    """

    code: str
    category: str
    about: Literal["self", "another"]
    urgency: Urgency
    words: str
    start: int
    end: int
    answering: bool = False

    @property
    def danger(self) -> bool:
        """Whether a person may be in danger, and not only a reader be harmed."""
        return self.category not in READER_HARM


def _entries(table: str) -> Iterator[Hit]:
    for raw in _RAW[table]:
        urgency, answering = Urgency(raw["urgency"]), table == "answering"
        yield Hit(
            raw["code"], raw["category"], raw["about"], urgency, raw["words"], 0, 0, answering
        )


def _book(table: str, key: str = "phrases") -> PhraseBook:
    return PhraseBook(((raw["code"], phrase) for raw in _RAW[table] for phrase in raw[key]), _LISTS)


_ENTRIES: Final = {
    entry.code: entry for table in ("entry", "answering") for entry in _entries(table)
}
_BOOK: Final = _book("entry")
_URGING: Final = _book("answering")
_BESIDE: Final = _book("answering", "beside")
_MOST_URGING: Final = 40  # tokens; whoever writes more says other things, too


def category_of(code: str) -> str | None:
    """The category of an entry; None for a code that the lexicon does not hold."""
    entry = _ENTRIES.get(code)
    return entry.category if entry else None


def is_own_danger(code: str) -> bool:
    """Whether the entry tells that its author may take or harm their own life."""
    entry = _ENTRIES.get(code)
    return (
        entry is not None and entry.danger and entry.about == "self" and entry.category != "abuse"
    )


def find(text: str) -> tuple[Hit, ...]:
    """The phrases found in the text, by position, at most one hit of a code on the same words.

    Reads what moderation.normalise reads, so disguises are seen through. Never raises. Time is
    linear in the length, which is capped.
    """
    return find_in(Tokens.of(normalise(text)))


def find_in(tokens: Tokens) -> tuple[Hit, ...]:
    """``find`` for a text that was folded and parted already."""
    hits = (_in_context(match, tokens) for match in _longest(_BOOK.find(tokens)))
    return tuple(hit for hit in hits if hit is not None)[:_MOST_HITS]


def hits_in(tokens: Tokens) -> tuple[Hit, ...]:
    """All that the policy is told: ``find_in``, and what counts only in reply to somebody in danger."""
    return find_in(tokens) + urging_in(tokens)


def urging_in(tokens: Tokens) -> tuple[Hit, ...]:
    """At most one hit: the whole text is no more than "do it", or other words that urge somebody on.

    They are everyday words. So they count only in answer to danger (``Hit.answering``), and only where
    each word of the text is theirs, or one that goes with them.
    """
    found = _URGING.find(tokens) if len(tokens.spans) <= _MOST_URGING else []
    if not found:
        return ()
    beside = _BESIDE.find(tokens)
    for code in dict.fromkeys(match.key for match in found):
        urging = [match for match in found if match.key == code]
        if _are_all(tokens, [*urging, *(match for match in beside if match.key == code)]):
            start, end = tokens.original(urging[0].start, max(match.end for match in urging))
            return (replace(_ENTRIES[code], start=start, end=end),)
    return ()


def urges_on(hits: Iterable[Hit]) -> bool:
    """Whether a text of these hits is no more than words that may urge somebody on."""
    return any(hit.answering for hit in hits)


def _are_all(tokens: Tokens, matches: Iterable[Match]) -> bool:
    """Whether each word of the text stands in one of these."""
    theirs = {
        place
        for match in matches
        for place in range(tokens.token_at(match.start), tokens.token_at(match.end - 1) + 1)
    }
    words = tokens.joined.split()
    return all(word == "." or place in theirs for place, word in enumerate(words))


def _longest(matches: Iterable[Match]) -> Iterator[Match]:
    """Of matches of one code that overlap, the longest."""
    kept: dict[str, list[Match]] = {}
    for match in sorted(matches, key=lambda m: m.start - m.end):
        same = kept.setdefault(match.key, [])
        if all(match.end <= other.start or other.end <= match.start for other in same):
            same.append(match)
    yield from sorted((m for same in kept.values() for m in same), key=lambda m: m.start)


def _in_context(match: Match, tokens: Tokens) -> Hit | None:
    """The hit as its sentence has it: none when denied or a figure of speech."""
    entry = _ENTRIES[match.key]
    around = _Around.of(match, tokens)
    if around.cancels(entry):
        return None
    if entry.danger:
        entry = around.softened(entry)
    start, end = tokens.original(match.start, match.end)
    return replace(entry, start=start, end=end)


class _Guards:
    """One kind of guard: phrases that stand before, after or anywhere in the sentence."""

    def __init__(self, name: str, phrases: Iterable[str]) -> None:
        self._phrases = [read_phrase(name, phrase, _LISTS) for phrase in phrases]

    def anywhere(self, words: str) -> bool:
        """Whether a guard stands anywhere in these words."""
        return any(pattern.search(words) for pattern in self._patterns(words))

    def ends(self, words: str) -> bool:
        """Whether a guard ends these words."""
        return any(
            found.end() == len(words) - 1
            for pattern in self._patterns(words)
            for found in pattern.finditer(words)
        )

    def begins(self, words: str, reach: int = 0) -> bool:
        """Whether a guard begins these words, or at most ``reach`` words later."""
        found = (pattern.search(words) for pattern in self._patterns(words))
        return any(match and words[: match.start()].count(" ") <= reach for match in found)

    def _patterns(self, words: str) -> Iterator[re.Pattern[str]]:
        standing = frozenset(words.split())
        return (phrase.pattern for phrase in self._phrases if phrase.can_stand_among(standing))


(
    _DENIED, _PAST, _RECENT, _IDIOM, _JOKING, _SOON, _REPORTED, _OTHER_TALK, _COMMANDS, _GENERAL,
    _TOLD,
) = (
    _Guards(name, _RAW["guards"][name])
    for name in (
        "denied", "past", "recent", "idiom_after", "joking_after", "soon_after", "reported",
        "other_talk", "commands", "general", "told",
    )
)  # fmt: skip
_UNLESS: Final = {
    raw["code"]: _Guards(raw["code"], raw["unless"]) for raw in _RAW["entry"] if "unless" in raw
}
_FIRST_PERSON = frozenset("i im ive id ill ich je jai jvais yo".split())
_IN_GENERAL = frozenset(
    "someone somebody person member user patient child alguien jemand quelquun".split()
)
_CAN_BE_IDIOM = frozenset({"passive", "ideation", "intent", "abuse"})
_REACH = 120  # characters of a sentence that a guard may look at


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands in the same sentence before and after a match; both with outer spaces."""

    before: str
    words: str
    after: str

    @classmethod
    def of(cls, match: Match, tokens: Tokens) -> _Around:
        before, after = tokens.sentence(match.start - 1, match.end)
        words = tokens.joined[match.start : match.end]
        return cls((before + " ")[-_REACH:], words, after[:_REACH] + " ")

    @property
    def sentence(self) -> str:
        return f"{self.before}{self.words}{self.after}"

    @property
    def first_person(self) -> bool:
        return self.words.split(" ", 1)[0] in _FIRST_PERSON

    def cancels(self, entry: Hit) -> bool:
        """A figure of speech, denied, or said of nobody in particular."""
        unless = _UNLESS.get(entry.code)
        if unless and unless.anywhere(self.sentence):
            return True
        if entry.category == "encouragement":
            return self.before.strip() not in ("", "just") and not _COMMANDS.ends(self.before)
        if _IDIOM.begins(self.after) and entry.category in _CAN_BE_IDIOM:
            return True
        if self.first_person:
            return False
        if _TOLD.anywhere(self.before):
            return True
        nobody = _OTHER_TALK if entry.about == "self" else _GENERAL
        if entry.about == "self" or self.words.split(" ", 1)[0] in _IN_GENERAL:
            return nobody.ends(self.before) or _DENIED.ends(self.before)
        return _DENIED.ends(self.before)

    def softened(self, entry: Hit) -> Hit:
        """Told by another, long past, or urgent because of when it is said to happen."""
        if entry.about == "self" and _REPORTED.ends(self.before):
            entry = replace(entry, about="another")
        if _JOKING.begins(self.after, _JOKE_REACH) and entry.category in ("passive", "ideation"):
            return replace(entry, urgency=Urgency.ROUTINE)
        if self._past():
            return replace(entry, category="past", urgency=_at_most_soon(entry.urgency))
        if entry.category in ("passive", "ideation") and _SOON.anywhere(self.after):
            return replace(entry, urgency=_ONE_STEP_UP[entry.urgency])
        return entry

    def _past(self) -> bool:
        return _PAST.anywhere(self.sentence) and not _RECENT.anywhere(self.sentence)


_ONE_STEP_UP: Final = {
    Urgency.NONE: Urgency.NONE,
    Urgency.ROUTINE: Urgency.SOON,
    Urgency.SOON: Urgency.NOW,
    Urgency.NOW: Urgency.NOW,
}


def _at_most_soon(urgency: Urgency) -> Urgency:
    return Urgency.SOON if urgency is Urgency.NOW else urgency
