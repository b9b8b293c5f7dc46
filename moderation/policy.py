"""The one function that judges, by versioned thresholds.

Two questions, answered apart: how soon must a person look (urgency), and what happens to the
message (handling). Whoever may be in danger is never nudged and never held, whatever else is true
of their words (decisions 2); what nobody assessed is published (decisions 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from moderation import tone
from moderation.classifier import Assessment, Span
from moderation.evidence import Evidence
from moderation.lexicon import Hit, urges_on
from moderation.rules import RuleHit
from moderation.thresholds import DEFAULT as DEFAULT
from moderation.thresholds import Policy as Policy
from moderation.urgency import Urgency as Urgency
from moderation.urgency import most_urgent
from moderation.verdict import Context as Context
from moderation.verdict import Handling as Handling
from moderation.verdict import LeftOut as LeftOut
from moderation.verdict import Reason as Reason
from moderation.verdict import Verdict as Verdict

_About = Literal["self", "another"]


def judge(
    assessment: Assessment,
    hits: Sequence[Hit],
    context: Context,
    policy: Policy = DEFAULT,
    matched: Sequence[RuleHit] = (),
) -> Verdict:
    """What happens to a message, and how soon a person looks.

    hits: what moderation.lexicon finds in the same text; they count even when nobody assessed it, and
    those that urge somebody on only where one in danger is answered, and never beside a phrase of danger.
    matched: what the policy's own rules find there; those in shadow do nothing (moderation.shadow).
    """
    rules = [hit for hit in matched if _reads(hit, context)]
    urging = context.answers_danger and not any(hit.danger for hit in hits)
    hits = [hit for hit in hits if urging or not hit.answering]
    case = _Case(Evidence(assessment, policy), hits, context, rules)
    dangers = tuple(case.dangers())
    urgency = most_urgent(danger.urgency for danger in dangers)
    handling, reasons, note = case.handled(in_danger=bool(dangers))
    if not dangers and not (handling is Handling.HOLD and case.is_severe()):
        urgency = most_urgent(hit.urgency for hit in hits)
    surfaced = case.surfaced(handling)
    looked_at = most_urgent([urgency, *(found for found, _ in surfaced)])
    return Verdict(
        handling=handling,
        urgency=looked_at,
        about=_about(dangers, urgency),
        support=urgency is not Urgency.NONE and bool(dangers),
        reasons=(
            *(danger.reason for danger in dangers),
            *reasons,
            *(reason for _, reason in surfaced if reason not in reasons),
        ),
        content_note=note,
        assessed=assessment.assessed,
        policy=policy.version,
        praise=case.praise(handling, looked_at),
        by_rule=looked_at is not Urgency.NONE and urgency is Urgency.NONE,
        left_out=case.left_out(handling, in_danger=bool(dangers)),
    )


def _reads(hit: RuleHit, context: Context) -> bool:
    """What is said to staff or to one other is no matter for rules."""
    return not (hit.rule.shadow or context.private) and hit.rule.is_for(context.room)


@dataclass(frozen=True, slots=True)
class _Danger:
    urgency: Urgency
    about: _About
    reason: Reason


def _about(dangers: Sequence[_Danger], urgency: Urgency) -> _About | None:
    """About the author when anything of the gravest urgency is."""
    if urgency is Urgency.NONE:
        return None
    own = any(d.about == "self" for d in dangers if d.urgency is urgency)
    return "self" if own else "another"


_Handled = tuple[Handling, tuple[Reason, ...], str | None]


@dataclass(frozen=True, slots=True)
class _Case:
    """One message before its verdict."""

    evidence: Evidence
    hits: Sequence[Hit]
    context: Context
    rules: Sequence[RuleHit] = ()

    @property
    def policy(self) -> Policy:
        return self.evidence.policy

    @property
    def urges_on(self) -> bool:
        """No more than words that urge on somebody in danger: whose danger it is, they say themselves."""
        return urges_on(self.hits)

    def dangers(self) -> list[_Danger]:
        """Everything that says a person may be in danger, the gravest first."""
        found = [
            _Danger(hit.urgency, hit.about, _reason_of(hit)) for hit in self.hits if hit.danger
        ]
        urgency = self._risk_urgency()
        if urgency is not Urgency.NONE:
            reason = self.evidence.reason("risk", *self.evidence.spans("risk"))
            found.append(_Danger(urgency, self._risk_about(), reason))
        return sorted(found, key=lambda danger: -danger.urgency.rank)

    def handled(self, *, in_danger: bool) -> _Handled:
        """The handling, its reasons and its content note.

        Means and methods beside danger are folded even when nobody assessed the text: folded is
        published, and the lexicon is sure of what it found.
        """
        if in_danger or self._maybe_in_danger():
            return self._spared()
        if not self.evidence.assessed:
            return self._unread()
        if severe := (*self._severe(), *self._ruled(Handling.HOLD)):
            return Handling.HOLD, severe, None
        if harmful := self._reader_harm():
            return Handling.COLLAPSE, harmful, self.policy.content_notes["methods"]
        if folded := self._ruled(Handling.COLLAPSE):
            return Handling.COLLAPSE, folded, folded[0].words
        if nudging := (*tone.nudges(self.evidence, self.context), *self._nudged_by_rule()):
            return Handling.NUDGE, nudging, None
        return Handling.PUBLISH, (), None

    def is_severe(self) -> bool:
        """Whether it would be held without any rule."""
        return next(self._severe(), None) is not None

    def surfaced(self, handling: Handling) -> list[tuple[Urgency, Reason]]:
        """What rules show to a person: also where somebody may be in danger, for that harms nobody.

        What a rule would hold and nobody has read is folded instead, and a person looks.
        """
        found = [(hit.rule.urgency, hit.reason) for hit in self.rules if hit.rule.urgency]
        if handling is Handling.COLLAPSE and not self.evidence.assessed:
            found += [(Urgency.ROUTINE, reason) for reason in self._ruled(Handling.HOLD)]
        return found

    def praise(self, handling: Handling, urgency: Urgency) -> str | None:
        """Only for what is simply published, where nothing else is said."""
        if handling is not Handling.PUBLISH or urgency is not Urgency.NONE:
            return None
        return None if self._maybe_in_danger() else tone.praise(self.evidence, self.context)

    def left_out(self, handling: Handling, *, in_danger: bool) -> LeftOut | None:
        """Why there is no nudge, where there would be one, or nobody can know."""
        if handling in {Handling.NUDGE, Handling.HOLD}:
            return None
        if not self.evidence.assessed:
            return _UNREAD.get(self.evidence.assessment.why_not or "", LeftOut.BROKEN)
        spared = in_danger or self._maybe_in_danger()
        if not spared and (self.context.tone_nudges or handling is Handling.COLLAPSE):
            return None
        asked = replace(self, context=replace(self.context, tone_nudges=True, insist=False))
        if not any((*tone.nudges(self.evidence, asked.context), *asked._nudged_by_rule())):
            return None
        return LeftOut.DANGER if spared else LeftOut.OFF

    def _unread(self) -> _Handled:
        """Published: who knows whether its author is in danger. What would be kept back is folded."""
        folded = self._ruled(Handling.COLLAPSE, Handling.HOLD)
        reasons = (*self._reader_harm(), *folded)
        if self.urges_on:
            return Handling.COLLAPSE, reasons, self.policy.content_notes["abuse"]
        if not folded:
            return Handling.PUBLISH, reasons, None
        return Handling.COLLAPSE, reasons, folded[0].words

    def _ruled(self, *handlings: Handling) -> tuple[Reason, ...]:
        return tuple(hit.reason for hit in self.rules if hit.rule.handling in handlings)

    def _nudged_by_rule(self) -> tuple[Reason, ...]:
        """A nudge is an offer, whoever wrote it: not twice, and not to whoever switched it off."""
        if self.context.insist or not self.context.tone_nudges:
            return ()
        return self._ruled(Handling.NUDGE)

    def _spared(self) -> _Handled:
        """Published, and folded where readers or another need shelter; never nudged or held."""
        if harmful := self._reader_harm():
            return Handling.COLLAPSE, harmful, self.policy.content_notes["methods"]
        if self._is_severe() or self._abuses():
            reason = self.evidence.reason("abuse", *self.evidence.toxic_spans())
            return Handling.COLLAPSE, (reason,), self.policy.content_notes["abuse"]
        return Handling.PUBLISH, (), None

    def _risk_urgency(self) -> Urgency:
        """The soonest that is reached; a text that only talks of danger is routine until it is sure."""
        if self.urges_on:
            return Urgency.NONE
        reached = [urgency for urgency in _BY_RISK if self._reaches(urgency)]
        surely = (urgency for urgency in reached if self._is_sure_of(urgency))
        return next(surely, Urgency.ROUTINE if reached else Urgency.NONE)

    def _reaches(self, urgency: Urgency) -> bool:
        """By the probability of reaching a level; by the expected level where there is no other."""
        risk, chance = self.policy.risk, self._chance_of(urgency)
        if chance is None:
            return self.evidence.signal("risk") >= risk[f"expected_{urgency}"]
        return chance >= risk[f"{urgency}_from"]

    def _is_sure_of(self, urgency: Urgency) -> bool:
        """Talk of danger must be surer to be urgent; behaviour long past may be soon."""
        past, chance = self.evidence.talk("past"), self._chance_of(urgency)
        soon_by_past = urgency is Urgency.SOON and past >= self.policy.about["own"]
        if chance is None or soon_by_past or not self._only_talks_of_it():
            return True
        return chance >= self.policy.about["talk_from"]

    def _chance_of(self, urgency: Urgency) -> float | None:
        return self.evidence.reaching("risk", int(self.policy.risk[f"{urgency}_level"]))

    def _only_talks_of_it(self) -> bool:
        """About another, long ago, denied or quoted, and no phrase of the lexicon stands in it."""
        talk = self.evidence.talk("another", "past", "denied", "quoted")
        return not self.hits and talk >= self.policy.about["talk"]

    def _risk_about(self) -> _About:
        another = self.evidence.talk("another") >= self.policy.about["own"]
        return "another" if another else "self"

    def _maybe_in_danger(self) -> bool:
        """Below any urgency, but not certain enough to speak of tone."""
        chance = self.evidence.reaching("risk", 1)
        chance = self.evidence.signal("risk") if chance is None else chance
        return chance >= self.policy.risk["spare_from"] and not self.urges_on

    def _reader_harm(self) -> tuple[Reason, ...]:
        found = tuple(_reason_of(hit) for hit in self.hits if not hit.danger)
        if not found and self.evidence.signal("reader_harm") >= self.policy.collapse["reader_harm"]:
            return (self.evidence.reason("reader_harm"),)
        return found

    def _abuses(self) -> bool:
        toxicity = self.evidence.signal("toxicity")
        return self.evidence.is_harsh() and toxicity >= self.policy.collapse["abuse"]

    def _is_severe(self) -> bool:
        return next(self._severe_signals(), None) is not None

    def _severe_signals(self) -> Iterator[str]:
        """A backend without the toxicity signal is taken at its word."""
        hold, signals = self.policy.hold, self.evidence.assessment.signals
        if signals.get("toxicity", 1.0) >= hold["toxicity"]:
            finer = (name for name in hold if name != "toxicity")
            yield from (name for name in finer if self.evidence.signal(name) >= hold[name])

    def _severe(self) -> Iterator[Reason]:
        """Held for a person; sending it again does not change that."""
        yield from (_reason_of(hit) for hit in self.hits if hit.category == "encouragement")
        for name in self._severe_signals():
            yield self.evidence.reason(name, *self.evidence.toxic_spans())


_BY_RISK = (Urgency.NOW, Urgency.SOON, Urgency.ROUTINE)
_UNREAD = {"language": LeftOut.LANGUAGE, "late": LeftOut.NOT_IN_TIME}


def _reason_of(hit: Hit) -> Reason:
    return Reason(hit.code, hit.words, (Span(hit.code, hit.start, hit.end),))
