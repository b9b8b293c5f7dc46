"""Two policies over the same past, side by side: what each would catch, miss and ask of people.

Pure: messages in, figures out. No figure holds a word that anybody wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from moderation.cases import SANCTIONS, Action, CaseKind
from moderation.classifier import Assessment
from moderation.intervals import wilson
from moderation.lexicon import hits_in
from moderation.normalise import normalise
from moderation.phrases import Tokens
from moderation.policy import Context, Handling, Policy, Urgency, Verdict, judge
from moderation.shadow import differences

SMALLEST_GROUP: Final = 8
"""Groups with fewer people than this are told together."""
ENOUGH: Final = 10
"""From so many on a share is worth saying."""
_KIND: Final = frozenset({Action.REACH_OUT, Action.ESCALATE, Action.CARE_NOTE})


class Truth(StrEnum):
    """What people decided about a message."""

    RISK = "risk"
    HARMFUL = "harmful"
    HARMLESS = "harmless"
    UNDECIDED = "undecided"


def truth_of(decided: Sequence[tuple[CaseKind, Action]]) -> Truth:
    """What the decisions about one message come to, oldest first; an overturned one counts for nothing."""
    actions = [action for _, action in decided]
    if not actions:
        return Truth.UNDECIDED
    if any(kind is CaseKind.RISK and action in _KIND for kind, action in decided):
        return Truth.RISK
    if Action.OVERTURN in actions:
        return Truth.HARMLESS
    if SANCTIONS & set(actions):
        return Truth.HARMFUL
    return Truth.HARMLESS if Action.DISMISS in actions else Truth.UNDECIDED


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the past. before, after: how the model reads it for either policy.

    author: an opaque name; None where nobody knows. newcomer: within seven days of joining.
    """

    text: str
    context: Context
    room: str
    author: str | None
    newcomer: bool | None
    truth: Truth
    before: Assessment
    after: Assessment


@dataclass(slots=True)
class Side:
    """What one policy does with all of it. to_person: held, or shown to somebody."""

    flagged: int = 0
    caught: int = 0
    missed: int = 0
    missed_risk: int = 0
    flagged_harmless: int = 0
    to_person: int = 0
    handling: Counter[str] = field(default_factory=Counter)
    urgency: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict, truth: Truth) -> None:
        """Count one verdict."""
        self.handling[str(verdict.handling)] += 1
        self.urgency[str(verdict.urgency)] += 1
        self.flagged += is_flagged(verdict)
        self.to_person += goes_to_a_person(verdict)
        if truth in _MATTERS:
            caught = is_caught(verdict, truth)
            self.caught += caught
            self.missed += not caught
            self.missed_risk += truth is Truth.RISK and not caught
        self.flagged_harmless += truth is Truth.HARMLESS and is_flagged(verdict)


@dataclass(slots=True)
class Group:
    """What changes for the messages of one room, language, or kind of author."""

    name: str
    messages: int = 0
    authors: set[str] = field(default_factory=set)
    decided: int = 0
    caught_before: int = 0
    caught_after: int = 0
    newly_flagged: int = 0
    no_longer_flagged: int = 0
    cases_before: int = 0
    cases_after: int = 0

    def joined(self, other: Group, name: str) -> Group:
        """Both as one."""
        return Group(
            name,
            self.messages + other.messages,
            self.authors | other.authors,
            self.decided + other.decided,
            self.caught_before + other.caught_before,
            self.caught_after + other.caught_after,
            self.newly_flagged + other.newly_flagged,
            self.no_longer_flagged + other.no_longer_flagged,
            self.cases_before + other.cases_before,
            self.cases_after + other.cases_after,
        )


@dataclass(slots=True)
class Comparison:
    """Everything that was counted so far."""

    policy_before: Policy
    policy_after: Policy
    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    messages: int = 0
    not_assessed: int = 0
    newly_flagged: int = 0
    no_longer_flagged: int = 0
    newly_caught: int = 0
    newly_missed: int = 0
    authors: set[str] = field(default_factory=set)
    affected: set[str] = field(default_factory=set)
    truths: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    rooms: dict[str, Group] = field(default_factory=dict)
    languages: dict[str, Group] = field(default_factory=dict)
    newcomers: dict[str, Group] = field(default_factory=dict)

    def add(self, said: Said) -> None:
        """Judge one message by both, and count."""
        before, after = self._verdicts(said)
        self.messages += 1
        self.not_assessed += not said.after.assessed
        self.truths[str(said.truth)] += 1
        self.before.add(before, said.truth)
        self.after.add(after, said.truth)
        self.moves.update(differences(before, after))
        newly = is_flagged(after) and not is_flagged(before)
        no_longer = is_flagged(before) and not is_flagged(after)
        self.newly_flagged += newly
        self.no_longer_flagged += no_longer
        if said.truth in _MATTERS:
            was, is_now = is_caught(before, said.truth), is_caught(after, said.truth)
            self.newly_caught += is_now and not was
            self.newly_missed += was and not is_now
        if said.author:
            self.authors.add(said.author)
            if newly or no_longer:
                self.affected.add(said.author)
        for groups, name in (
            (self.rooms, said.room),
            (self.languages, said.after.language or "unknown"),
            (self.newcomers, _KINDS[said.newcomer]),
        ):
            _count(groups.setdefault(name, Group(name)), said, before, after)

    def _verdicts(self, said: Said) -> tuple[Verdict, Verdict]:
        normal = normalise(said.text)
        hits = hits_in(Tokens.of(normal))
        matched = self.policy_before.book.find(normal)
        before = judge(said.before, hits, said.context, self.policy_before, matched)
        matched = self.policy_after.book.find(normal)
        after = judge(said.after, hits, said.context, self.policy_after, matched)
        for hit in matched:
            if hit.rule.is_for(said.context.room):
                self.rules[hit.rule.name] += 1
        return before, after


_MATTERS: Final = frozenset({Truth.RISK, Truth.HARMFUL})
_KINDS: Final = {True: "newcomers", False: "others", None: "unknown"}


def is_flagged(verdict: Verdict) -> bool:
    """Whether anything happens: to the message, or because somebody looks."""
    return verdict.handling is not Handling.PUBLISH or verdict.urgency is not Urgency.NONE


def goes_to_a_person(verdict: Verdict) -> bool:
    """Whether it opens a case."""
    return verdict.handling is Handling.HOLD or verdict.urgency is not Urgency.NONE


def is_caught(verdict: Verdict, truth: Truth) -> bool:
    """Danger is caught only when a person looks; harm also when the message was folded or its author asked."""
    return goes_to_a_person(verdict) if truth is Truth.RISK else is_flagged(verdict)


def likely_share(part: int, whole: int) -> tuple[float, float] | None:
    """Between which shares the true one lies, 95 times in 100; None for too few to say."""
    return None if whole < ENOUGH else wilson(part, whole)


def told_together(groups: Iterable[Group], name: str) -> list[Group]:
    """The largest first; those of few people as one, so large that nobody is singled out by subtraction."""
    ordered = sorted(groups, key=lambda group: (-len(group.authors), -group.messages, group.name))
    small: Group | None = None
    while ordered and (
        _is_small(ordered[-1].authors) or (small is not None and _is_small(small.authors))
    ):
        last = ordered.pop()
        small = last.joined(small, name) if small else last.joined(Group(name), name)
    return [*ordered, small] if small else ordered


def _is_small(authors: set[str]) -> bool:
    return len(authors) < SMALLEST_GROUP


def _count(group: Group, said: Said, before: Verdict, after: Verdict) -> None:
    group.messages += 1
    if said.author:
        group.authors.add(said.author)
    if said.truth in _MATTERS:
        group.decided += 1
        group.caught_before += is_caught(before, said.truth)
        group.caught_after += is_caught(after, said.truth)
    group.newly_flagged += is_flagged(after) and not is_flagged(before)
    group.no_longer_flagged += is_flagged(before) and not is_flagged(after)
    group.cases_before += goes_to_a_person(before)
    group.cases_after += goes_to_a_person(after)
