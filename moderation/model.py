"""The embedded model behind the protocol: a hashed n-gram linear model, numpy only.

Toxicity is read from what is said toward others (moderation.targets), risk from the whole text,
empathy from a reply and what it answers, dismissal and unasked advice by rules
(moderation.replies). About 1 ms a message on one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.classifier import Assessment, Passage, Span
from moderation.features import Grams, Ids, Values, grams, vector
from moderation.language import language_of
from moderation.lexicon import LEXICON_VERSION, READER_HARM, find
from moderation.linear import Linear
from moderation.normalise import Normal, normalise
from moderation.replies import dismissal, unasked_advice
from moderation.signals import EMPATHY, SIGNALS, TOXICITY
from moderation.targets import toward_others

POST_SALT: Final = "post"
POST_SHARE: Final = np.float32(0.5)
"""What a reply answers counts half as much as the reply itself."""

_NOTHING_SAID: Final = 0.01
"""Toxicity when all that was said is about the author's own self: low, and never certain."""
_MARK_FROM: Final = 0.5
_MARKED_SHARE: Final = 0.3
_MOST_SPANS: Final = 8


def head_names() -> tuple[str, ...]:
    """The heads of the model, in their order in the file."""
    ordinal = [
        f"{name}>={level}"
        for name in (*EMPATHY, "risk")
        for level in range(1, len(SIGNALS[name].levels))
    ]
    return (*TOXICITY, *ordinal)


class EmbeddedModel:
    """Reads English; anything else is honestly not assessed."""

    def __init__(self, linear: Linear) -> None:
        self._linear = linear
        self._toxicity = linear.columns(TOXICITY[0], TOXICITY[-1])
        self._ordinal = {
            name: linear.columns(f"{name}>=1", f"{name}>={len(SIGNALS[name].levels) - 1}")
            for name in (*EMPATHY, "risk")
        }

    @property
    def version(self) -> str:
        """The weights' version; rules and lexicon have their own in the policy's record."""
        return self._linear.version

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """One by one: a linear model gains nothing from batches."""
        return [self._assess(passage) for passage in passages]

    def _assess(self, passage: Passage) -> Assessment:
        normal = normalise(passage.text)
        language = language_of(normal.text)
        if language not in ("en", None):
            return Assessment.not_assessed("language", model=self.version, language=language)
        signals: dict[str, float] = {}
        levels: dict[str, tuple[float, ...]] = {}
        read = grams(normal.text)
        spans = self._read_toxicity(normal, read, signals)
        spans += self._read_risk(normal, read, signals, levels)
        signals["reader_harm"] = _reader_harm(passage.text)
        if passage.in_reply_to is not None:
            self._read_empathy(read, passage.in_reply_to, signals, levels)
            spans += _read_rules(normal, passage.in_reply_to, signals)
        return Assessment(True, self.version, language, signals, levels, tuple(spans))

    def _read_toxicity(self, normal: Normal, read: Grams, signals: dict[str, float]) -> list[Span]:
        others = toward_others(normal)
        if not any(char.isalnum() for char in others.text):
            said = bool(normal.text) and others is not normal
            signals.update(dict.fromkeys(TOXICITY, _NOTHING_SAID if said else 0.0))
            return []
        if others is not normal:
            read = grams(others.text)
        found = self._linear.probabilities(self._toxicity, *vector(read))
        signals.update(zip(TOXICITY, map(float, found), strict=True))
        worst = int(np.argmax(found))
        if found[worst] < _MARK_FROM:
            return []
        return self._marked(TOXICITY[worst], self._toxicity.start + worst, others, read)

    def _read_risk(
        self,
        normal: Normal,
        read: Grams,
        signals: dict[str, float],
        levels: dict[str, tuple[float, ...]],
    ) -> list[Span]:
        at_least = self._read_levels("risk", vector(read), signals, levels)
        if at_least[0] < _MARK_FROM:
            return []
        level = int(np.sum(at_least >= _MARK_FROM)) - 1
        return self._marked("risk", self._ordinal["risk"].start + level, normal, read)

    def _read_empathy(
        self,
        reply: Grams,
        answered: str,
        signals: dict[str, float],
        levels: dict[str, tuple[float, ...]],
    ) -> None:
        read = pair_vector(vector(reply), answered)
        for name in EMPATHY:
            self._read_levels(name, read, signals, levels)

    def _read_levels(
        self,
        name: str,
        read: tuple[Ids, Values],
        signals: dict[str, float],
        levels: dict[str, tuple[float, ...]],
    ) -> npt.NDArray[np.float64]:
        """Probabilities of reaching each level, which never rise from one level to the next."""
        at_least = np.minimum.accumulate(self._linear.probabilities(self._ordinal[name], *read))
        signals[name] = float(at_least.sum())
        shares = -np.diff(np.concatenate([[1.0], at_least, [0.0]]))
        levels[name] = tuple(map(float, shares))
        return at_least

    def _marked(self, signal: str, head: int, normal: Normal, read: Grams) -> list[Span]:
        added = self._linear.contributions(head, read)
        return [
            Span(signal, *normal.original(start, end))
            for start, end in _strongest_words(normal.text, read, added)
        ]


def pair_vector(reply: tuple[Ids, Values], answered: str) -> tuple[Ids, Values]:
    """A reply and, under ids of its own and with half the weight, what it answers."""
    ids, values = vector(grams(normalise(answered).text, POST_SALT))
    return np.concatenate([reply[0], ids]), np.concatenate([reply[1], values * POST_SHARE])


def _strongest_words(
    text: str, read: Grams, added: npt.NDArray[np.float32]
) -> list[tuple[int, int]]:
    """Words that hold at least a share of what the strongest word adds; neighbours are joined."""
    per_char = np.zeros(len(text) + 1, dtype=np.float64)
    lengths = np.maximum(read.ends - read.starts, 1)
    np.add.at(per_char, read.starts, added / lengths)
    np.add.at(per_char, read.ends, -added / lengths)
    weight = np.cumsum(np.cumsum(per_char)[:-1])
    words = [w for w in _words(text)]
    sums = [weight[end - 1] - (weight[start - 1] if start else 0.0) for start, end in words]
    least = max(sums, default=0.0) * _MARKED_SHARE
    if least <= 0:
        return []
    return _joined([word for word, total in zip(words, sums, strict=True) if total >= least])


def _words(text: str) -> list[tuple[int, int]]:
    spans, start = [], 0
    for word in text.split():
        start = text.index(word, start)
        spans.append((start, start + len(word)))
        start += len(word)
    return spans


def _joined(words: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in words:
        if joined and start - joined[-1][1] <= 1:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined[:_MOST_SPANS]


def _reader_harm(text: str) -> float:
    """By the lexicon alone: means, methods, encouragement."""
    found = any(hit.category in READER_HARM for hit in find(text))
    return 0.9 if found else 0.02


def _read_rules(normal: Normal, answered: str, signals: dict[str, float]) -> list[Span]:
    spans: list[Span] = []
    for name, rule in (("dismissive", dismissal), ("unasked_advice", unasked_advice)):
        found = rule(normal, answered)
        signals[name] = found.probability
        spans += [Span(name, start, end) for start, end in found.spans]
    return spans


MODEL_FAMILY: Final = f"hashed n-grams, rules, lexicon {LEXICON_VERSION}"
