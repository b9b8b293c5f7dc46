"""A place's own rules: word lists and RE2 patterns, found in the folded text in linear time.

A rule reads what the lexicon reads (moderation.normalise), so capitals, accents, apostrophes and
disguises do not matter to it. What it finds says so by its name and in the steward's own words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import re2

from moderation.classifier import Span
from moderation.errors import PolicyInvalid
from moderation.normalise import Normal, normalise
from moderation.urgency import Urgency
from moderation.verdict import Handling, Reason

_MOST_SPANS: Final = 4
_PROGRAM_BYTES: Final = 1 << 20
"""What one compiled pattern may hold; a counted repetition of a repetition needs more, and is refused."""
_SET_BYTES: Final = 64 << 20
_APOSTROPHE: Final = re.compile(r"(?<=[^\W\d_])['’](?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Exactly one of handling and urgency says what it does.

    patterns: RE2; terms: plain words and phrases, found whole. rooms: by slug; none: everywhere.
    words: the reason, for the author, the readers and the moderators. shadow: counted, and nothing else.
    """

    name: str
    words: str
    patterns: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    rooms: frozenset[str] = frozenset()
    handling: Handling | None = None
    urgency: Urgency | None = None
    shadow: bool = False

    @property
    def code(self) -> str:
        """Its name among the codes of reasons."""
        return f"rule:{self.name}"

    @property
    def effect(self) -> str:
        """What it does, in the word of the file."""
        return str(self.handling or self.urgency)

    def is_for(self, room: str | None) -> bool:
        """Whether it reads in this room. room: its slug."""
        return room is not None and (not self.rooms or room in self.rooms)


@dataclass(frozen=True, slots=True)
class RuleHit:
    """What a rule found: code points of the original text."""

    rule: Rule
    spans: tuple[tuple[int, int], ...]

    @property
    def reason(self) -> Reason:
        """It names itself, in its own words."""
        code = self.rule.code
        return Reason(code, self.rule.words, tuple(Span(code, *span) for span in self.spans))


class RuleBook:
    """Rules, found together: one walk through the text tells which of them stand in it."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Raises PolicyInvalid when a pattern cannot be taken."""
        self._looks = [_Look(rule, *how) for rule in rules for how in _patterns(rule)]
        self._any: Any = None
        if self._looks:
            self._any = re2.Set.SearchSet(_options(_SET_BYTES))
            for look in self._looks:
                self._any.Add(look.compiled.pattern)
            self._any.Compile()

    def find(self, normal: Normal) -> tuple[RuleHit, ...]:
        """A hit for each rule that stands in the text, in the order of the rules."""
        if self._any is None:
            return ()
        spans: dict[str, list[tuple[int, int]]] = {}
        rules: dict[str, Rule] = {}
        for index in sorted(self._any.Match(normal.text) or ()):
            look = self._looks[index]
            rules[look.rule.name] = look.rule
            spans.setdefault(look.rule.name, []).extend(look.spans(normal))
        return tuple(
            RuleHit(rule, tuple(sorted(set(spans[name]))[:_MOST_SPANS]))
            for name, rule in rules.items()
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """One pattern of a rule. group: the one whose place is marked; 0 is all of it."""

    rule: Rule
    compiled: Any
    group: int

    def spans(self, normal: Normal) -> Iterator[tuple[int, int]]:
        for match in islice(self.compiled.finditer(normal.text), _MOST_SPANS):
            start, end = match.span(self.group)
            if end > start:
                yield normal.original(start, end)


def compile_pattern(pattern: str) -> Any:
    """As RE2 takes it, folded as texts are. Raises PolicyInvalid with its reason."""
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        raise PolicyInvalid(f"RE2 cannot take this pattern: {_said(error)}") from None


def folded_pattern(pattern: str) -> str:
    """A pattern without accents and apostrophes, as the texts it meets are.

    Its letters keep their case, which means something after a backslash; RE2 is told to ignore it.
    """
    parts = unicodedata.normalize("NFKD", _APOSTROPHE.sub("", pattern))
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))


def term_pattern(term: str) -> str:
    """A word or phrase as a pattern: whole words, any white space between them. '' when nothing is left."""
    words = normalise(term).text.split()
    whole = r"\s+".join(re2.escape(word) for word in words)
    return rf"(?:^|[^\pL\pN])({whole})(?:$|[^\pL\pN])" if words else ""


def _patterns(rule: Rule) -> Iterator[tuple[Any, int]]:
    for pattern in rule.patterns:
        yield compile_pattern(folded_pattern(pattern)), 0
    for term in rule.terms:
        if pattern := term_pattern(term):
            yield compile_pattern(pattern), 1


def _options(most_bytes: int = _PROGRAM_BYTES) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = most_bytes
    return options


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
