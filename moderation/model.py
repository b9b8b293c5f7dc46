"""The embedded model behind the protocol: a hashed n-gram linear model, numpy only.

Toxicity is read from what is said toward others (moderation.targets), risk from the whole text,
empathy from a reply and what it answers, dismissal and unasked advice by rules
(moderation.replies). About 1 ms a message on one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from moderation.classifier import Assessment, Passage, Span
from moderation.features import Grams, Ids, Values, grams, named, vector
from moderation.language import language_of
from moderation.lexicon import READER_HARM, Hit, find_in
from moderation.linear import Floats, Linear
from moderation.normalise import Normal, normalise
from moderation.phrases import Tokens
from moderation.replies import ANSWERED_CHARS, dismissal, unasked_advice
from moderation.signals import EMPATHY, SIGNALS, TOXICITY
from moderation.targets import toward_others

POST_SALT: Final = "post"
POST_SHARE: Final = np.float32(0.5)
"""What a reply answers counts half as much as the reply itself."""

_NOTHING_SAID: Final = 0.01
"""Toxicity when all that was said is about the author's own self: low, and never certain."""
_HIT_VALUE: Final = 0.3
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


@dataclass(slots=True)
class _Found:
    """What is known of one passage while it is read."""

    tokens: Tokens
    grams: Grams
    signals: dict[str, float] = field(default_factory=dict)
    levels: dict[str, tuple[float, ...]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)


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
        found = _Found(Tokens.of(normal), grams(normal.text))
        scores = self._linear.scores(*vector(found.grams))
        hits = find_in(found.tokens)
        self._read_toxicity(found, scores)
        self._read_risk(found, scores + self._linear.scores(*hits_vector(hits)))
        found.signals["reader_harm"] = _reader_harm(hits)
        if passage.in_reply_to is not None:
            self._read_empathy(found, scores, passage.in_reply_to)
            _read_rules(found, passage.in_reply_to)
        return Assessment(
            True, self.version, language, found.signals, found.levels, tuple(found.spans)
        )

    def _read_toxicity(self, found: _Found, scores: Floats) -> None:
        normal, read = found.tokens.normal, found.grams
        others = toward_others(normal)
        if not any(char.isalnum() for char in others.text):
            found.signals.update(dict.fromkeys(TOXICITY, _NOTHING_SAID))
            return
        if others is not normal:
            read = grams(others.text)
            scores = self._linear.scores(*vector(read))
        probabilities = self._linear.probabilities(self._toxicity, scores)
        found.signals.update(zip(TOXICITY, map(float, probabilities), strict=True))
        worst = int(np.argmax(probabilities))
        if probabilities[worst] >= _MARK_FROM:
            found.spans += self._marked(TOXICITY[worst], self._toxicity.start + worst, others, read)

    def _read_risk(self, found: _Found, scores: Floats) -> None:
        at_least = self._read_levels("risk", found, scores)
        level = int(np.sum(at_least >= _MARK_FROM)) - 1
        if level >= 0:
            head = self._ordinal["risk"].start + level
            found.spans += self._marked("risk", head, found.tokens.normal, found.grams)

    def _read_empathy(self, found: _Found, scores: Floats, answered: str) -> None:
        pair = scores + self._linear.scores(*answered_vector(answered))
        for name in EMPATHY:
            self._read_levels(name, found, pair)

    def _read_levels(self, name: str, found: _Found, scores: Floats) -> Floats:
        """Probabilities of reaching each level, which never rise from one level to the next."""
        at_least = self._linear.probabilities(self._ordinal[name], scores)
        at_least = np.minimum.accumulate(at_least)
        found.signals[name] = float(at_least.sum())
        steps = np.concatenate([[1.0], at_least, [0.0]])
        shares = steps[:-1] - steps[1:]
        found.levels[name] = tuple(map(float, shares))
        return at_least

    def _marked(self, signal: str, head: int, normal: Normal, read: Grams) -> list[Span]:
        added = self._linear.contributions(head, read)
        return [
            Span(signal, *normal.original(start, end))
            for start, end in _strongest_words(normal.text, read, added)
        ]


def answered_vector(answered: str) -> tuple[Ids, Values]:
    """What a reply answers: under ids of its own, and with half the weight of the reply."""
    ids, values = vector(grams(normalise(answered, ANSWERED_CHARS).text, POST_SALT))
    return ids, values * POST_SHARE


def hits_vector(hits: Sequence[Hit]) -> tuple[Ids, Values]:
    """What the lexicon found, as features of the risk heads."""
    facts = {
        fact
        for hit in hits
        for fact in (
            f"code {hit.code}",
            f"category {hit.category} {hit.about}",
            f"urgency {hit.urgency} {hit.about}",
            "any",
        )
    }
    return named(sorted(facts), _HIT_VALUE)


def _strongest_words(
    text: str, read: Grams, added: npt.NDArray[np.float32]
) -> list[tuple[int, int]]:
    """Words that hold at least a share of what the strongest word adds; neighbours are joined."""
    per_char = np.zeros(len(text) + 1, dtype=np.float64)
    lengths = np.maximum(read.ends - read.starts, 1)
    np.add.at(per_char, read.starts, added / lengths)
    np.add.at(per_char, read.ends, -added / lengths)
    weight = np.cumsum(np.cumsum(per_char)[:-1])
    words = _words(text)
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


def _reader_harm(hits: Sequence[Hit]) -> float:
    """By the lexicon alone: means, methods, encouragement."""
    return 0.9 if any(hit.category in READER_HARM for hit in hits) else 0.02


def _read_rules(found: _Found, answered: str) -> None:
    for name, rule in (("dismissive", dismissal), ("unasked_advice", unasked_advice)):
        answer = rule(found.tokens, answered)
        found.signals[name] = answer.probability
        found.spans += [Span(name, start, end) for start, end in answer.spans]
