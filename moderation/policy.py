"""Versioned thresholds, and the one function that judges.

Two questions, answered apart: how soon must a person look (urgency), and what happens to the
message (handling). Whoever may be in danger is never nudged and never held, whatever else is true
of their words (decisions 2); what nobody assessed is published (decisions 3).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from moderation.classifier import Assessment, Span
from moderation.errors import PolicyInvalid
from moderation.lexicon import Hit
from moderation.signals import EMPATHY
from moderation.urgency import Urgency as Urgency
from moderation.urgency import most_urgent


class Handling(StrEnum):
    """What happens to a message."""

    PUBLISH = "publish"
    COLLAPSE = "collapse"
    NUDGE = "nudge"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in words for a moderator; never a score."""

    code: str
    words: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Facts about the message that no classifier knows.

    insist: the author was nudged and sends it as it is. tone_nudges: the member's own switch.
    """

    is_reply: bool = False
    insist: bool = False
    tone_nudges: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome.

    urgency, about: how soon a person looks, and whether the author or somebody else may be in
    danger. support: show the author help at once. reasons: the ones that led to this outcome, the
    gravest first. content_note: what a collapsed message is folded behind. assessed: whether a
    model read it. policy: the version that judged.
    """

    handling: Handling
    urgency: Urgency
    about: Literal["self", "another"] | None
    support: bool
    reasons: tuple[Reason, ...]
    content_note: str | None
    assessed: bool
    policy: str


Thresholds = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds and wording of one version; see policy.toml for what each means."""

    version: str
    review: str
    risk: Thresholds
    hold: Thresholds
    nudge: Thresholds
    collapse: Thresholds
    words: Mapping[str, str]
    content_notes: Mapping[str, str]

    @classmethod
    def read(cls, written: str) -> Policy:
        """The policy in this TOML. Raises PolicyInvalid, naming what is wrong."""
        try:
            raw = tomllib.loads(written)
            tables = {name: _table(raw, name) for name in _TABLES}
            return cls(version=str(raw["version"]), review=str(raw["review"]), **tables)
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise PolicyInvalid(f"the policy cannot be read: {error}") from error


_TABLES: Final = ("risk", "hold", "nudge", "collapse", "words", "content_notes")
_SHIPPED: Final = Path(__file__).with_name("policy.toml").read_text("utf-8")


def _table(raw: dict[str, Any], name: str) -> Mapping[str, Any]:
    shipped = tomllib.loads(_SHIPPED)[name]
    if raw[name].keys() != shipped.keys():
        raise PolicyInvalid(f"[{name}] must hold exactly: {', '.join(shipped)}")
    wrong = [
        key
        for key, value in raw[name].items()
        if isinstance(value, str) != isinstance(shipped[key], str)
    ]
    if wrong:
        raise PolicyInvalid(f"[{name}] has the wrong kind of value for: {', '.join(wrong)}")
    return MappingProxyType(dict(raw[name]))


DEFAULT: Final = Policy.read(_SHIPPED)


def judge(
    assessment: Assessment, hits: Sequence[Hit], context: Context, policy: Policy = DEFAULT
) -> Verdict:
    """What happens to a message, and how soon a person looks.

    hits: what moderation.lexicon finds in the same text; they count even when nobody assessed it.
    """
    case = _Case(assessment, hits, context, policy)
    dangers = tuple(case.dangers())
    urgency = most_urgent(danger.urgency for danger in dangers)
    handling, reasons, note = case.handled(in_danger=bool(dangers))
    held = handling is Handling.HOLD
    if not dangers and not held:
        urgency = most_urgent(hit.urgency for hit in hits)
    return Verdict(
        handling=handling,
        urgency=urgency,
        about=_about(dangers, urgency),
        support=urgency is not Urgency.NONE and bool(dangers),
        reasons=tuple(danger.reason for danger in dangers) + reasons,
        content_note=note,
        assessed=assessment.assessed,
        policy=policy.version,
    )


@dataclass(frozen=True, slots=True)
class _Danger:
    urgency: Urgency
    about: Literal["self", "another"]
    reason: Reason


def _about(dangers: Sequence[_Danger], urgency: Urgency) -> Literal["self", "another"] | None:
    """About the author when anything of the gravest urgency is."""
    if urgency is Urgency.NONE:
        return None
    own = any(d.about == "self" for d in dangers if d.urgency is urgency)
    return "self" if own else "another"


_Handled = tuple[Handling, tuple[Reason, ...], str | None]


@dataclass(frozen=True, slots=True)
class _Case:
    """One message before its verdict."""

    assessment: Assessment
    hits: Sequence[Hit]
    context: Context
    policy: Policy

    def dangers(self) -> list[_Danger]:
        """Everything that says a person may be in danger, the gravest first."""
        found = [
            _Danger(hit.urgency, hit.about, _reason_of(hit)) for hit in self.hits if hit.danger
        ]
        urgency = self._risk_urgency()
        if urgency is not Urgency.NONE:
            found.append(_Danger(urgency, "self", self._reason("risk")))
        return sorted(found, key=lambda danger: -danger.urgency.rank)

    def handled(self, *, in_danger: bool) -> _Handled:
        """The handling, its reasons and its content note.

        Means and methods beside danger are folded even when nobody assessed the text: folded is
        published, and the lexicon is sure of what it found.
        """
        if in_danger or self._maybe_in_danger():
            return self._spared()
        if not self.assessed:
            return Handling.PUBLISH, self._reader_harm(), None
        if severe := tuple(self._severe()):
            return Handling.HOLD, severe, None
        if harmful := self._reader_harm():
            return Handling.COLLAPSE, harmful, self.policy.content_notes["methods"]
        if nudging := tuple(self._nudging()):
            return Handling.NUDGE, nudging, None
        return Handling.PUBLISH, (), None

    def _spared(self) -> _Handled:
        """Published, and folded where readers or another need shelter; never nudged or held."""
        if harmful := self._reader_harm():
            return Handling.COLLAPSE, harmful, self.policy.content_notes["methods"]
        if self._is_severe() or self._abuses():
            reason = self._reason("abuse", *self._toxic_spans())
            return Handling.COLLAPSE, (reason,), self.policy.content_notes["abuse"]
        return Handling.PUBLISH, (), None

    @property
    def assessed(self) -> bool:
        return self.assessment.assessed

    def _risk_urgency(self) -> Urgency:
        """By the probability of reaching a level; by the expected level where there is no other."""
        risk, levels = self.policy.risk, self.assessment.levels.get("risk")
        for urgency in (Urgency.NOW, Urgency.SOON, Urgency.ROUTINE):
            if levels:
                reached = sum(levels[int(risk[f"{urgency}_level"]) :]) >= risk[f"{urgency}_from"]
            else:
                reached = self._signal("risk") >= risk[f"expected_{urgency}"]
            if self.assessed and reached:
                return urgency
        return Urgency.NONE

    def _maybe_in_danger(self) -> bool:
        """Below any urgency, but not certain enough to speak of tone."""
        levels = self.assessment.levels.get("risk")
        chance = sum(levels[1:]) if levels else self._signal("risk")
        return self.assessed and chance >= self.policy.risk["spare_from"]

    def _reader_harm(self) -> tuple[Reason, ...]:
        found = tuple(_reason_of(hit) for hit in self.hits if not hit.danger)
        if not found and self._signal("reader_harm") >= self.policy.collapse["reader_harm"]:
            return (self._reason("reader_harm"),)
        return found

    def _abuses(self) -> bool:
        return self._is_harsh() and self._signal("toxicity") >= self.policy.collapse["abuse"]

    def _is_severe(self) -> bool:
        return next(self._severe_signals(), None) is not None

    def _severe_signals(self) -> Iterator[str]:
        """A backend without the toxicity signal is taken at its word."""
        hold = self.policy.hold
        if self.assessment.signals.get("toxicity", 1.0) >= hold["toxicity"]:
            yield from (n for n in hold if n != "toxicity" and self._signal(n) >= hold[n])

    def _severe(self) -> Iterator[Reason]:
        """Held for a person; sending it again does not change that."""
        yield from (_reason_of(hit) for hit in self.hits if hit.category == "encouragement")
        for name in self._severe_signals():
            yield self._reason(name, *self._toxic_spans())

    def _nudging(self) -> Iterator[Reason]:
        if self.context.insist or not self.context.tone_nudges:
            return
        if self._is_harsh():
            yield self._reason("harsh", *self._toxic_spans())
        elif self.context.is_reply:
            yield from self._missing_in_reply()

    def _is_harsh(self) -> bool:
        """Toxic and aimed at somebody; a backend without the finer signals must be surer."""
        nudge, toxicity = self.policy.nudge, self._signal("toxicity")
        finer = [n for n in ("insult", "threat", "identity_attack") if n in self.assessment.signals]
        if not finer:
            return toxicity >= nudge["toxicity_alone"]
        aimed = max(self._signal(name) for name in finer)
        return toxicity >= nudge["toxicity"] and aimed >= nudge["aimed"]

    def _missing_in_reply(self) -> Iterator[Reason]:
        for name in ("dismissive", "unasked_advice"):
            if self._signal(name) >= self.policy.nudge[name]:
                yield self._reason(name, *self._spans(name))
                return
        if self._shows_no_empathy():
            yield self._reason("no_empathy")

    def _shows_no_empathy(self) -> bool:
        levels = [self.assessment.levels.get(name) for name in EMPATHY]
        return all(ps is not None and ps[0] >= self.policy.nudge["empathy_absent"] for ps in levels)

    def _signal(self, name: str) -> float:
        return self.assessment.signals.get(name, 0.0) if self.assessed else 0.0

    def _spans(self, *names: str) -> tuple[Span, ...]:
        return tuple(span for span in self.assessment.spans if span.signal in names)

    def _toxic_spans(self) -> tuple[Span, ...]:
        return self._spans(
            "toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"
        )

    def _reason(self, code: str, *spans: Span) -> Reason:
        marked = self._spans("risk") if code == "risk" else spans
        return Reason(code, self.policy.words[code], marked)


def _reason_of(hit: Hit) -> Reason:
    return Reason(hit.code, hit.words, (Span(hit.code, hit.start, hit.end),))
