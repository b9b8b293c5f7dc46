"""The embedded model behind the protocol: a small encoder and an n-gram model, averaged.

Both read what moderation.normalise makes of the text. Toxicity is read from what is said toward
others (moderation.targets), risk from the whole text, unless it only tells of medicine taken as it
should be (moderation.medicine), a reply once more beside what it answers. Where onnxruntime is missing
the n-gram model reads alone, and dismissal and unasked advice are read by rules (moderation.replies).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np

from moderation.blend import Blend
from moderation.classifier import Assessment, Passage, Span
from moderation.contact import contact_probability, contact_spans
from moderation.encoder import Encoder, Read, Reading
from moderation.features import Grams, Ids, Values, grams, named, vector
from moderation.language import language_of
from moderation.lexicon import READER_HARM, Hit, find_in
from moderation.linear import Floats, Linear
from moderation.marking import likely, strongest_words, whole_words
from moderation.medicine import is_ordinary_medicine
from moderation.normalise import Normal, normalise, unmask, without_apostrophes
from moderation.outputs import (
    ABOUT_COLUMNS,
    AT,
    HEADS,
    MARKS,
    REPLY_HEADS,
    REPLY_ONLY,
    TEXT_HEADS,
    steps,
)
from moderation.phrases import Tokens
from moderation.replies import ANSWERED_CHARS, dismissal, unasked_advice
from moderation.signals import EMPATHY, TOXICITY
from moderation.targets import toward_others

POST_SALT: Final = "post"
POST_SHARE: Final = np.float32(0.5)
"""What a reply answers counts half as much as the reply itself."""

_NOTHING_SAID: Final = -4.6
"""Log-odds of toxicity when all that was said is about the author's own self: never certain."""
_NOTHING: Final = Normal("", ())
_HIT_VALUE: Final = 0.3
_MARK_FROM: Final = 0.5
LINEAR_HEADS: Final = (*TOXICITY, *(head for name in (*EMPATHY, "risk") for head in steps(name)))
"""The heads of the n-gram model, in their order in its file."""
_TEXT: Final = [AT[head] for head in TEXT_HEADS]
_REPLY: Final = [AT[head] for head in REPLY_HEADS]
_DANGER: Final = [*(AT[head] for head in steps("risk")), *range(len(HEADS))[ABOUT_COLUMNS]]


@dataclass(frozen=True, slots=True)
class Both:
    """The encoder, and how its answers are weighed against the n-gram model's."""

    encoder: Encoder
    blend: Blend


@dataclass(slots=True)
class Found:
    """What is known of one passage while it is read. Scores are log-odds, one per outputs.HEADS.

    told: what danger is read in: all of it, or nothing where it only tells of medicine taken as it should be.
    linear: 0 where neither the n-gram model nor the rules have a say. rules: the chances that they
    give a reply. readings: of the text, and beside what it answers.
    """

    passage: Passage
    folded: Normal
    told: Normal
    tokens: Tokens
    language: str | None
    grams: Grams
    hits: tuple[Hit, ...] = ()
    others: Normal | None = None
    linear: Floats = field(default_factory=lambda: np.zeros(len(HEADS)))
    encoder: Floats = field(default_factory=lambda: np.zeros(len(HEADS)))
    marked: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    rules: dict[str, float] = field(default_factory=dict)


class EmbeddedModel:
    """Reads English; anything else is honestly not assessed."""

    def __init__(self, version: str, linear: Linear, both: Both | None) -> None:
        self._version, self._linear, self._both = version, linear, both
        self._columns = [AT[head] for head in LINEAR_HEADS]

    @property
    def version(self) -> str:
        """Of the weights; rules and lexicon have their own in the policy's record."""
        return self._version

    def assess(self, passages: Sequence[Passage]) -> list[Assessment]:
        """One per passage, in the same order; the encoder reads them in batches."""
        opened = [self.open(passage) for passage in passages]
        read = [found for found in opened if found is not None]
        self.read_encoder(read)
        answers = (self._answer(found) for found in read)
        return [
            next(answers) if found is not None else self._unread(passage)
            for found, passage in zip(opened, passages, strict=True)
        ]

    def open(self, passage: Passage) -> Found | None:
        """The passage folded and read by the n-gram model; None in a language it does not read."""
        folded = unmask(passage.text)
        normal = without_apostrophes(folded)
        language = language_of(normal.text)
        if language not in ("en", None):
            return None
        tokens = Tokens.of(normal)
        hits = find_in(tokens)
        in_danger = any(hit.danger for hit in hits)
        told = folded if in_danger or not is_ordinary_medicine(normal.text) else _NOTHING
        found = Found(passage, folded, told, tokens, language, grams(normal.text), hits)
        self._read_linear(found)
        return found

    def read_encoder(self, read: Sequence[Found]) -> None:
        """Fills in what the encoder says of them, in one go; nothing where there is none."""
        if self._both is not None:
            _read_encoder(self._both, read)

    def _unread(self, passage: Passage) -> Assessment:
        language = language_of(normalise(passage.text).text)
        return Assessment.not_assessed("language", model=self.version, language=language)

    def _read_linear(self, found: Found) -> None:
        scores = self._linear.scores(*vector(found.grams))
        told = scores
        if found.told is not found.folded:
            told = self._linear.scores(*vector(grams(found.told.text)))
        risk = told + self._linear.scores(*hits_vector(found.hits))
        found.linear[self._columns] = self._linear.log_odds(risk)
        found.others = toward_others(found.tokens.normal)
        if not _has_words(found.others.text):
            found.linear[: len(TOXICITY)] = _NOTHING_SAID
        else:
            own = scores
            if found.others is not found.tokens.normal:
                own = self._linear.scores(*vector(grams(found.others.text)))
            found.linear[: len(TOXICITY)] = self._linear.log_odds(own)[: len(TOXICITY)]
        if found.passage.in_reply_to is not None:
            pair = scores + self._linear.scores(*answered_vector(found.passage.in_reply_to))
            at = [AT[head] for name in EMPATHY for head in steps(name)]
            found.linear[at] = self._linear.log_odds(pair)[
                [LINEAR_HEADS.index(HEADS[i]) for i in at]
            ]
            for name, rule in _RULES.items():
                chance = rule(found.tokens, found.passage.in_reply_to).probability
                found.rules[name] = chance
                found.linear[AT[name]] = np.log(chance / (1 - chance))

    def _answer(self, found: Found) -> Assessment:
        signals, levels = self._signals(found)
        spans = [*self._spans(found, signals, levels)]
        return Assessment(True, self.version, found.language, signals, levels, tuple(spans))

    def _signals(self, found: Found) -> tuple[dict[str, float], dict[str, tuple[float, ...]]]:
        chances = _chances(self._log_odds(found))
        signals = {name: float(chances[AT[name]]) for name in TOXICITY}
        levels: dict[str, tuple[float, ...]] = {}
        _add_ordinal("risk", chances, signals, levels)
        signals["reader_harm"] = _reader_harm(found.hits)
        if self._both is not None:
            signals["reader_harm"] = max(signals["reader_harm"], float(chances[AT["reader_harm"]]))
        signals["contact"] = contact_probability(found.passage.text)
        if self._both is not None:
            levels["about"] = _shares(found, self._both.blend)
        if found.passage.in_reply_to is not None:
            for name in EMPATHY:
                _add_ordinal(name, chances, signals, levels)
            for name in REPLY_ONLY:
                signals[name] = self._reply_only(name, found, chances)
        return signals, levels

    def _log_odds(self, found: Found) -> Floats:
        if self._both is None:
            return found.linear
        return self._both.blend.log_odds(found.encoder, found.linear)

    def _reply_only(self, name: str, found: Found, chances: Floats) -> float:
        rule = found.rules[name]
        if self._both is None:
            return rule
        if not _has_words(found.folded.text):
            return min(rule, float(chances[AT[name]]))  # without a word, only the rules can tell
        if self._both.blend.linear[AT[name]]:
            return float(chances[AT[name]])  # the blend has weighed the rules already
        odds = chances[AT[name]] / (1 - chances[AT[name]])
        weighed = odds * (_SECOND_OPINION if rule >= _MARK_FROM else 1 / _SECOND_OPINION)
        return float(weighed / (1 + weighed))

    def _spans(
        self,
        found: Found,
        signals: Mapping[str, float],
        levels: Mapping[str, tuple[float, ...]],
    ) -> Iterator[Span]:
        yield from self._risk_spans(found, levels["risk"])
        if signals["contact"] >= _MARK_FROM:
            yield from contact_spans(found.passage.text)
        if self._both is None:
            yield from self._toxic_spans(found, signals)
        for name, marked in found.marked.items():
            worth = signals.get(name, 0.0) >= (_SHOW_FROM if name == "toxicity" else _MARK_FROM)
            for start, end in marked if worth else []:
                yield Span(name, *found.folded.original(start, end))
        for name, rule in _RULES.items():
            if signals.get(name, 0.0) >= _MARK_FROM:
                answer = rule(found.tokens, found.passage.in_reply_to or "")
                yield from (Span(name, start, end) for start, end in answer.spans)

    def _risk_spans(self, found: Found, levels: Sequence[float]) -> Iterator[Span]:
        """The words that weigh most for the highest level that was probably reached."""
        reached = [sum(levels[step:]) >= _MARK_FROM for step in range(1, len(levels))]
        if not any(reached):
            return
        head = LINEAR_HEADS.index("risk>=1") + sum(reached) - 1
        yield from self._weighed("risk", head, found.tokens.normal, found.grams)

    def _toxic_spans(self, found: Found, signals: Mapping[str, float]) -> Iterator[Span]:
        worst = max(TOXICITY, key=lambda name: signals[name])
        if signals[worst] < _MARK_FROM or found.others is None:
            return
        whole = found.others is found.tokens.normal
        read = found.grams if whole else grams(found.others.text)
        yield from self._weighed(worst, TOXICITY.index(worst), found.others, read)

    def _weighed(self, signal: str, head: int, normal: Normal, read: Grams) -> Iterator[Span]:
        added = self._linear.contributions(head, read)
        for start, end in strongest_words(normal.text, read, added):
            yield Span(signal, *normal.original(start, end))


_RULES: Final = {"dismissive": dismissal, "unasked_advice": unasked_advice}
_SECOND_OPINION: Final = 4.5
"""How much the rules' yes or no weighs, as odds, in a model whose blend has no weight for them. There
the encoder alone called a quarter of real peers' replies dismissive."""
_SHOW_FROM: Final = 0.1
"""Harsh words are marked from here on: a doubtful text has doubtful words, and people want to see them."""


def _has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _read_encoder(both: Both, read: Sequence[Found]) -> None:
    """One batch over all texts, and over all replies beside what they answer."""
    asked = [
        (both.encoder.alone(found.folded), _told(both.encoder, found), beside(both.encoder, found))
        for found in read
    ]
    readings = [reading for of_one in asked for part in of_one for reading in part]
    answers = iter(both.encoder.read(readings))
    for found, (alone, told, replies) in zip(read, asked, strict=True):
        said = [*islice(answers, len(alone))]
        found.encoder[_TEXT] = np.max([answer.heads[_TEXT] for answer in said], axis=0)
        if told:
            heads = [answer.heads[_DANGER] for answer in islice(answers, len(told))]
            found.encoder[_DANGER] = np.max(heads, axis=0)
        _mark(found, said, ("toxicity",), both.blend)
        for answer in islice(answers, len(replies)):
            found.encoder[_REPLY] = answer.heads[_REPLY]
            _mark(found, [answer], EMPATHY, both.blend)


def _told(encoder: Encoder, found: Found) -> list[Reading]:
    """What danger is read in; nothing to read again where it is all that was said."""
    return [] if found.told is found.folded else encoder.alone(found.told)


def beside(encoder: Encoder, found: Found) -> list[Reading]:
    """A reply beside what it answers; nothing to read where it answers nothing."""
    before = found.passage.in_reply_to
    if before is None:
        return []
    return [encoder.beside(found.folded, unmask(before, ANSWERED_CHARS))]


def _mark(found: Found, answers: Sequence[Read], names: Sequence[str], blend: Blend) -> None:
    """Neighbouring tokens that are marked become one span of whole words."""
    for name in names:
        places, chances = marked_chances(answers, name)
        shown = likely(chances, blend.marks[MARKS.index(name)])
        tokens = sorted(place for place, on in zip(places, shown, strict=True) if on)
        found.marked[name] = whole_words(found.folded.text, tokens)


def marked_chances(answers: Sequence[Read], name: str) -> tuple[list[tuple[int, int]], Floats]:
    """Of every token of one whole text: where it stands in the folded text, and its chance to be marked."""
    places = [place for answer in answers for place in answer.offsets]
    scores = np.concatenate([answer.marks[:, MARKS.index(name)] for answer in answers])
    return places, _chances(scores.astype(np.float64))


def _chances(log_odds: Floats) -> Floats:
    chances: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -40, 40)))
    return chances


def _add_ordinal(
    name: str, chances: Floats, signals: dict[str, float], levels: dict[str, tuple[float, ...]]
) -> None:
    """Chances of reaching each level, which never rise from one level to the next."""
    at_least = np.minimum.accumulate(chances[[AT[head] for head in steps(name)]])
    signals[name] = float(at_least.sum())
    edges = np.concatenate([[1.0], at_least, [0.0]])
    levels[name] = tuple(map(float, edges[:-1] - edges[1:]))


def _shares(found: Found, blend: Blend) -> tuple[float, ...]:
    """Whom talk of suicide is about: one share each, in the order of outputs.ABOUT."""
    scores = blend.log_odds(found.encoder, found.linear)[ABOUT_COLUMNS]
    shares = np.exp(scores - scores.max())
    return tuple(map(float, shares / shares.sum()))


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


def _reader_harm(hits: Sequence[Hit]) -> float:
    """What the lexicon finds counts, whatever the encoder says."""
    return 0.9 if any(hit.category in READER_HARM for hit in hits) else 0.02
