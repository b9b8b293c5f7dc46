"""What is to happen to a case by itself is written down with what causes it, in the same transaction."""

from collections.abc import Sequence
from datetime import datetime

from moderation import ladder
from moderation.cases import CaseKind
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.store import cases, place, timers
from server.store.tables import Case, Timer
from server.store.work import Work

_DANGER = frozenset({CaseKind.RISK, CaseKind.LINE, CaseKind.MEASURE})
_WORRIED = "flag_worried"


def plan_rungs(work: Work, case: Case) -> None:
    """Write down when others are called if nobody looks. A case that became more urgent: sooner.

    Does nothing for a case that can wait.
    """
    if not ladder.climbs(Urgency(case.urgency)):
        return
    due = ladder.rungs_at(work.now, minutes(work, Urgency(case.urgency)))
    planned = {timer.step: timer for timer in timers.of_case(work, case.id, timers.RUNG)}
    for rung, at in due.items():
        known = planned.get(rung)
        if known is None:
            _add(work, case, timers.RUNG, rung, at)
        elif known.done_at is None or rung > case.rung:  # one that passed called nobody
            known.due_at = min(known.due_at, at) if known.done_at is None else at
            known.done_at = None
            work.session.add(known)


def plan_unplanned(work: Work) -> int:
    """Rungs for cases from before there were any, counted from now. Returns how many cases."""
    found = timers.unplanned(work, [str(urgency) for urgency in ladder.MINUTES])
    for case in found:
        plan_rungs(work, case)
    return len(found)


def plan_escalation(work: Work, case: Case) -> None:
    """A clinician was asked: if none acts, they are called again, then those on call, as for a new case.

    Does nothing for a case that can wait.
    """
    if not ladder.climbs(Urgency(case.urgency)):
        return
    for timer in [
        *timers.of_case(work, case.id, timers.RUNG),
        *timers.of_case(work, case.id, timers.ESCALATED),
    ]:
        timer.done_at = timer.done_at or work.now
        work.session.add(timer)
    due = ladder.rungs_at(work.now, minutes(work, Urgency(case.urgency)))
    _plan(work, case, timers.ESCALATED, Rung.CLINICIANS, due[Rung.AGAIN])
    _plan(work, case, timers.ESCALATED, Rung.ON_CALL, due[Rung.CLINICIANS])


def plan_repeat(work: Work, case: Case, kind: str, at: datetime) -> None:
    """After the last rung of this kind: all of them again."""
    _plan(work, case, kind, Rung.REPEAT, at)


def plan_looks(work: Work, case: Case) -> None:
    """An urgent case about somebody in danger was closed: they are looked at again, twice."""
    if not ladder.climbs(Urgency(case.urgency)) or not _is_about_danger(work, case):
        return
    for step, at in enumerate(ladder.look_again_at(work.now), 1):
        _add(work, case, timers.LOOK_AGAIN, step, at)


def plan_lapse(work: Work, case: Case) -> None:
    """A sanction was appealed: it ends one day if nobody may judge that."""
    _add(work, case, timers.LAPSE, 1, work.now + ladder.LAPSES_AFTER)


def minutes(work: Work, urgency: Urgency) -> Sequence[int]:
    """From the opening of a case to its three rungs, as the steward set them."""
    stored = place.find_place(work)
    given = stored.call_minutes.get(str(urgency)) if stored else None
    return given or ladder.MINUTES[urgency]


def _is_about_danger(work: Work, case: Case) -> bool:
    if CaseKind(case.kind) is CaseKind.LOOK_AGAIN or case.again_of is not None:
        return False  # two looks are enough; new danger is a new case
    if CaseKind(case.kind) in _DANGER or case.about is not None:
        return True
    return any(_WORRIED in flag.reasons for flag in cases.flags_of(work, case.id))


def _plan(work: Work, case: Case, kind: str, step: int, at: datetime) -> None:
    """The same, where it may have been planned before: a case can be handed up again."""
    known = next((one for one in timers.of_case(work, case.id, kind) if one.step == step), None)
    if known is None:
        _add(work, case, kind, step, at)
        return
    known.due_at, known.done_at, known.command, known.called_at = at, None, None, None
    work.session.add(known)


def _add(work: Work, case: Case, kind: str, step: int, at: datetime) -> None:
    work.session.add(Timer(case_id=case.id, kind=kind, step=step, due_at=at))
