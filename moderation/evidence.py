"""What an assessment says, asked in the words of the policy. What nobody assessed says nothing."""

from __future__ import annotations

from dataclasses import dataclass

from moderation.classifier import Assessment, Span
from moderation.outputs import ABOUT
from moderation.signals import TOXICITY
from moderation.thresholds import Policy
from moderation.verdict import Reason

_AIMED = ("insult", "threat", "identity_attack")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One assessment beside the thresholds that weigh it."""

    assessment: Assessment
    policy: Policy

    @property
    def assessed(self) -> bool:
        """Whether a model read it."""
        return self.assessment.assessed

    def signal(self, name: str) -> float:
        """Its value; 0 for a signal that this backend does not have."""
        return self.assessment.signals.get(name, 0.0) if self.assessed else 0.0

    def level(self, name: str, at: int) -> float | None:
        """The probability of exactly this level; None where the backend gives no levels."""
        levels = self.assessment.levels.get(name) if self.assessed else None
        return levels[at] if levels else None

    def reaching(self, name: str, least: int) -> float | None:
        """The probability of at least this level; None where the backend gives no levels."""
        levels = self.assessment.levels.get(name) if self.assessed else None
        return sum(levels[least:]) if levels else None

    def talk(self, *whose: str) -> float:
        """How much of it is talk of suicide or self-harm of these kinds (moderation.outputs.ABOUT)."""
        shares = self.assessment.levels.get("about", ()) if self.assessed else ()
        return sum(share for who, share in zip(ABOUT, shares, strict=False) if who in whose)

    def is_own_disclosure(self) -> bool:
        """The author speaks of themselves, now or long ago."""
        return self.talk("self", "past") >= self.policy.about["own"]

    def is_harsh(self) -> bool:
        """Toxic and aimed at somebody; a backend without the finer signals must be surer."""
        nudge, toxicity = self.policy.nudge, self.signal("toxicity")
        finer = [name for name in _AIMED if name in self.assessment.signals]
        if not finer:
            return toxicity >= nudge["toxicity_alone"]
        aimed = max(self.signal(name) for name in finer)
        return toxicity >= nudge["toxicity"] and aimed >= nudge["aimed"]

    def spans(self, *names: str) -> tuple[Span, ...]:
        """The words that speak for these signals."""
        return tuple(span for span in self.assessment.spans if span.signal in names)

    def toxic_spans(self) -> tuple[Span, ...]:
        """The words that speak for any of Detoxify's signals."""
        return self.spans(*TOXICITY)

    def reason(self, code: str, *spans: Span) -> Reason:
        """A reason of the policy, in its words."""
        return Reason(code, self.policy.words[code], spans)
