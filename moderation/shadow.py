"""What would have happened: rules in shadow, and a whole policy on trial, beside the one that judges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from moderation.classifier import Assessment
from moderation.lexicon import Hit
from moderation.policy import Context, Policy, Verdict, judge
from moderation.rules import RuleHit

POLICY = "policy"
"""Stands for the candidate as a whole; no rule can have this name with a colon before it."""
JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class Would:
    """One thing to count. what: POLICY, or a rule's code. outcome: "judged", or "from>to"."""

    what: str
    outcome: str


def rules_in_shadow(
    assessment: Assessment,
    hits: Sequence[Hit],
    context: Context,
    policy: Policy,
    matched: Sequence[RuleHit],
) -> Iterator[Would]:
    """For each rule in shadow that found something: that it did, and what it would have changed."""
    live: Verdict | None = None
    for hit in matched:
        if not hit.rule.shadow or context.private or not hit.rule.is_for(context.room):
            continue
        live = live or judge(assessment, hits, context, policy, matched)
        woken = replace(hit, rule=replace(hit.rule, shadow=False))
        others = [other for other in matched if other is not hit]
        after = judge(assessment, hits, context, policy, [*others, woken])
        yield Would(hit.rule.code, JUDGED)
        yield from (Would(hit.rule.code, outcome) for outcome in differences(live, after))


def candidate(live: Verdict, after: Verdict) -> Iterator[Would]:
    """For a policy on trial: that it judged, and what it would have changed."""
    yield Would(POLICY, JUDGED)
    yield from (Would(POLICY, outcome) for outcome in differences(live, after))


def differences(before: Verdict, after: Verdict) -> Iterator[str]:
    """As "from>to", of what happens to the message and of how soon a person looks."""
    if before.handling is not after.handling:
        yield f"{before.handling}>{after.handling}"
    if before.urgency is not after.urgency:
        yield f"{before.urgency}>{after.urgency}"
