"""Cases as labels: who asked for a look, why, and what a person made of it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from moderation.labels import Decided, Outcome, outcome
from server.store import decided
from server.store.decided import MACHINE, PEOPLE, Acted, Flagged, Raised
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class Looked:
    """One case. machine, people: the reasons of each, in order, once.

    missed: people asked for a look, and the machine had not by then, in this case or an earlier one.
    flagged_at: the first flag. model: whose reading was the newest when the machine first asked, if
    it was kept. action: the newest decision, if there is one.
    """

    case: Raised
    machine: tuple[str, ...]
    people: tuple[str, ...]
    missed: bool
    flagged_at: datetime
    label: Outcome
    model: str | None
    action: str | None


def looked_at(work: Work, since: datetime) -> list[Looked]:
    """Every case that opened since, in order; without those that only the clock asked for."""
    flags = _by_case(decided.flags_since(work, since))
    decisions = _decisions_by_case(decided.decisions_since(work, since))
    undone, undone_messages = decided.overturned(work)
    raised, readings = decided.first_raised(work, since), _readings(work, since)
    found = []
    for case in decided.cases_since(work, since):
        asked = [flag for flag in flags.get(case.id, ()) if flag.source in MACHINE + PEOPLE]
        if not asked:
            continue
        acted = decisions.get(case.id, [])
        found.append(
            Looked(
                case=case,
                machine=_reasons(asked, MACHINE),
                people=_reasons(asked, PEOPLE),
                missed=_is_missed(case, asked, raised),
                flagged_at=asked[0].at,
                label=outcome(
                    [Decided(one.action, one.id in undone) for one in acted],
                    machine_overturned=case.message in undone_messages,
                ),
                model=_model(case, asked, readings),
                action=acted[-1].action if acted else None,
            )
        )
    return found


def _by_case(flags: Sequence[Flagged]) -> dict[UUID, list[Flagged]]:
    found: dict[UUID, list[Flagged]] = {}
    for flag in flags:
        found.setdefault(flag.case, []).append(flag)
    return found


def _decisions_by_case(decisions: Sequence[Acted]) -> dict[UUID, list[Acted]]:
    found: dict[UUID, list[Acted]] = {}
    for decision in decisions:
        found.setdefault(decision.case, []).append(decision)
    return found


def _reasons(flags: Sequence[Flagged], sources: Sequence[str]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(reason for flag in flags if flag.source in sources for reason in flag.reasons)
    )


def _is_missed(case: Raised, flags: Sequence[Flagged], raised: Mapping[UUID, datetime]) -> bool:
    """By when the first person asked: a machine that comes later has missed it."""
    if flags[0].source not in PEOPLE:
        return False
    first = raised.get(case.message) if case.message else None
    return first is None or first > flags[0].at


_Readings = Mapping[UUID, tuple[list[datetime], list[str]]]


def _readings(work: Work, since: datetime) -> _Readings:
    found: dict[UUID, tuple[list[datetime], list[str]]] = {}
    for message, at, model in decided.readings_since(work, since):
        times, models = found.setdefault(message, ([], []))
        times.append(at)
        models.append(model)
    return found


def _model(case: Raised, flags: Sequence[Flagged], readings: _Readings) -> str | None:
    asked = next((flag.at for flag in flags if flag.source in MACHINE), None)
    if asked is None or case.message is None or case.message not in readings:
        return None
    times, models = readings[case.message]
    at = bisect_right(times, asked)
    return models[at - 1] if at else None
