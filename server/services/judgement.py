"""How the machine's judgement stands beside people's decisions: counts by week, with intervals."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, TypeVar
from uuid import UUID

from moderation import labels
from moderation.labels import Class, Outcome, Rule, class_of_flag, rule_of
from moderation.policy import LeftOut
from server.access import Actor, check
from server.protocol import judgement as bodies
from server.services import small_cells
from server.services.decided import Looked, looked_at
from server.store import assessments, audit, nudges
from server.store.work import Work

MOST_WEEKS = 52
_WEEK = timedelta(days=7)
_TOGETHER = timedelta(weeks=4)
_SETTLES = timedelta(hours=48)
_FIRST_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
Key = TypeVar("Key")


def read_judgement(work: Work, actor: Actor, weeks: int) -> bodies.Judgement:
    """The last weeks, the running one with them: a `do`, for who looks is in the audit log. weeks: 1 to MOST_WEEKS."""
    check(actor, "steward.judgement")
    starts = _starts(work.now, weeks)
    cases = looked_at(work, starts[0])
    begin, end = _whole_weeks(work.now)
    shown = bodies.Judgement(
        start=starts[0],
        end=starts[-1] + _WEEK,
        few_below=labels.FEW,
        cases=len(cases),
        rules=_rules(cases, starts),
        models=_models(cases, starts),
        classes=_classes(cases, starts),
        nudges=_rounded(nudges.shown_between(work, begin, end)),
        left_out=_left_out(assessments.left_out(work, begin, end)),
        nudges_from=begin,
        nudges_until=end,
    )
    audit.append(work, actor.id, "steward.judgement", None)
    return shown


def rules_of(case: Looked) -> set[Rule]:
    """The rules by which the machine asked for a look."""
    return {rule_of(reason) for reason in case.machine}


def classes_of(case: Looked) -> set[Class]:
    """What a case is about: as people said where the machine missed it, else as the machine did."""
    if case.missed:
        return {class_of_flag(reason) for reason in case.people}
    return {rule.about for rule in rules_of(case)}


def _left_out(found: Iterable[tuple[str, UUID]]) -> list[bodies.NudgeLeftOut]:
    """Every reason, also where there was none: a missing line would tell."""
    people: dict[str, list[UUID]] = {why.value: [] for why in LeftOut}
    for why, author in found:
        people[why].append(author)
    counted: list[tuple[Any, int | None]] = [(why, _rounded(who)) for why, who in people.items()]
    return [bodies.NudgeLeftOut(why=why, count=count) for why, count in counted]


def _rounded(people: Iterable[UUID]) -> int | None:
    """Who switched nudges off, or may be in danger, is not to be worked out from a count."""
    value = small_cells.shown_value(small_cells.count(people))
    return None if value is None else int(value)


def _whole_weeks(now: datetime) -> tuple[datetime, datetime]:
    """The last four that are told together. Such spans never overlap and stand still once they are settled: two
    looks cannot differ by the few people who came between them."""
    spans = (now - _SETTLES - _FIRST_MONDAY) // _TOGETHER
    end = _FIRST_MONDAY + spans * _TOGETHER
    return end - _TOGETHER, end


def _starts(now: datetime, weeks: int) -> list[datetime]:
    """The Mondays of these weeks, oldest first."""
    today = now.astimezone(UTC).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time(), UTC)
    return [monday - _WEEK * back for back in reversed(range(weeks))]


def _rules(cases: Sequence[Looked], starts: Sequence[datetime]) -> list[bodies.Judged]:
    grouped = _grouped(cases, rules_of)
    return [_judged(rule.kind, rule.name, grouped[rule], starts) for rule in _by_size(grouped)]


def _models(cases: Sequence[Looked], starts: Sequence[datetime]) -> list[bodies.Judged]:
    """By the version that read; a phrase of the lexicon speaks for no model."""

    def models_of(case: Looked) -> set[str]:
        by_signal = any(rule.kind == "signal" for rule in rules_of(case))
        return {case.model} if by_signal and case.model else set()

    grouped = _grouped(cases, models_of)
    return [_judged("model", name, grouped[name], starts) for name in _by_size(grouped)]


def _classes(cases: Sequence[Looked], starts: Sequence[datetime]) -> list[bodies.Found]:
    confirmed = [case for case in cases if case.label is Outcome.CONFIRMED]
    grouped = _grouped(confirmed, classes_of)
    return [_found(name, grouped[name], starts) for name in Class if name in grouped]


def _grouped(
    cases: Iterable[Looked], keys_of: Callable[[Looked], Iterable[Key]]
) -> dict[Key, list[Looked]]:
    grouped: dict[Key, list[Looked]] = {}
    for case in cases:
        for key in keys_of(case):
            grouped.setdefault(key, []).append(case)
    return grouped


def _by_size(grouped: Mapping[Any, Sequence[Looked]]) -> list[Any]:
    return sorted(grouped, key=lambda key: (-len(grouped[key]), str(key)))


def _by_week(cases: Sequence[Looked], starts: Sequence[datetime]) -> list[list[Looked]]:
    weeks: list[list[Looked]] = [[] for _ in starts]
    for case in cases:
        number = (case.case.opened_at - starts[0]) // _WEEK
        weeks[min(number, len(weeks) - 1)].append(case)  # the clock may have been set back
    return weeks


def _judged(
    kind: Any, name: str, cases: Sequence[Looked], starts: Sequence[datetime]
) -> bodies.Judged:
    weeks = zip(starts, _by_week(cases, starts), strict=True)
    return bodies.Judged(
        kind=kind,
        name=name,
        outcomes=_outcomes(cases),
        precision=_precision(cases),
        weeks=[
            bodies.JudgedWeek(
                start=start.date().isoformat(),
                outcomes=_outcomes(these),
                precision=_precision(these),
            )
            for start, these in weeks
        ],
    )


def _outcomes(cases: Sequence[Looked]) -> bodies.Outcomes:
    counted = Counter(case.label for case in cases)
    return bodies.Outcomes(
        flagged=len(cases), **{str(outcome): counted[outcome] for outcome in Outcome}
    )


def _precision(cases: Sequence[Looked]) -> bodies.JudgedShare:
    """Of what people decided about."""
    counted = Counter(case.label for case in cases)
    decided = len(cases) - counted[Outcome.WAITING]
    return _share(counted[Outcome.CONFIRMED], decided)


def _found(name: Class, cases: Sequence[Looked], starts: Sequence[datetime]) -> bodies.Found:
    known: Any = str(name)
    missed = sum(case.missed for case in cases)
    return bodies.Found(
        name=known,
        found=len(cases) - missed,
        missed=missed,
        share=_share(len(cases) - missed, len(cases)),
        weeks=[
            _found_week(start, these)
            for start, these in zip(starts, _by_week(cases, starts), strict=True)
        ],
    )


def _found_week(start: datetime, cases: Sequence[Looked]) -> bodies.FoundWeek:
    missed = sum(case.missed for case in cases)
    return bodies.FoundWeek(
        start=start.date().isoformat(),
        found=len(cases) - missed,
        missed=missed,
        share=_share(len(cases) - missed, len(cases)),
    )


def _share(part: int, whole: int) -> bodies.JudgedShare:
    share = labels.share(part, whole)
    return bodies.JudgedShare(
        value=share.value, low=share.low, high=share.high, of=share.of, few=share.few
    )
