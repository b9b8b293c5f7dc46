"""What an author hears in private about their words: what could be gentler, and what was done well.

Asked only where nobody may be in danger. Nobody is nudged about what they tell of themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moderation.evidence import Evidence
from moderation.signals import EMPATHY
from moderation.verdict import Context, Reason


def nudges(evidence: Evidence, context: Context) -> Iterator[Reason]:
    """Why to speak with the author before this is posted; the first one is what is said."""
    if context.insist or not context.tone_nudges or evidence.is_own_disclosure():
        return
    harsh = evidence.is_harsh() and not (context.is_reply and _is_gentler(evidence))
    if harsh:
        yield evidence.reason("harsh", *evidence.toxic_spans())
    if not context.private and evidence.signal("contact") >= evidence.policy.nudge["contact"]:
        yield evidence.reason("contact", *evidence.spans("contact"))
    if context.is_reply and not harsh:
        yield from _missing_in_reply(evidence, context)


def _is_gentler(evidence: Evidence) -> bool:
    """Surer to be dismissal or advice than to be harsh: then the milder word is the truer one."""
    surest = max(map(evidence.signal, _PRESENT))
    return surest > evidence.signal("toxicity") and bool(_present(evidence))


def _present(evidence: Evidence) -> list[str]:
    """What stands in the reply that can hurt, the surest first."""
    found = [name for name in _PRESENT if evidence.signal(name) >= evidence.policy.nudge[name]]
    return sorted(found, key=evidence.signal, reverse=True)


def praise(evidence: Evidence, context: Context) -> str | None:
    """What a reply did well, when that is sure; None for most."""
    if not (evidence.assessed and context.is_reply and context.tone_nudges):
        return None
    least = evidence.policy.praise
    shown = [evidence.reaching(name, 2) or 0.0 for name in ("emotional_reaction", "interpretation")]
    spoilt = ("toxicity", "dismissive", "unasked_advice")
    warm = max(shown) >= least["strongly"] and all(evidence.signal(n) <= least[n] for n in spoilt)
    return "warm" if warm else None


_PRESENT: Final = ("dismissive", "unasked_advice")


def _missing_in_reply(evidence: Evidence, context: Context) -> Iterator[Reason]:
    """One thing: what hurts or comes too soon, the surer of the two; then what is not there."""
    if present := _present(evidence):
        yield evidence.reason(present[0], *evidence.spans(present[0]))
    elif context.something_to_answer and _shows_no_empathy(evidence):
        yield evidence.reason(_surest_missing(evidence))


def _shows_no_empathy(evidence: Evidence) -> bool:
    """All three, surely; a question alone is already listening."""
    least = evidence.policy.nudge["empathy_absent"]
    return all((evidence.level(name, 0) or 0.0) >= least for name in EMPATHY)


def _surest_missing(evidence: Evidence) -> str:
    feeling = evidence.level("emotional_reaction", 0) or 0.0
    understanding = evidence.level("interpretation", 0) or 0.0
    return "no_understanding" if understanding > feeling else "no_feeling"
