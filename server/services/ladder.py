"""Calling for somebody: rung after rung, while a case waits for a person and none has come."""

from typing import Any
from uuid import UUID

from moderation import ladder
from moderation.cases import CaseKind
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.services import help, keepers, notices, pushing, timers
from server.services.cases import announce, is_for_clinicians, is_only_for_clinicians
from server.store import audit, cases, people, place
from server.store import timers as stored
from server.store.tables import Case, Timer
from server.store.work import ToMember, Work

_AUTHOR_KNOWS = frozenset(
    {CaseKind.RISK, CaseKind.LINE, CaseKind.HELD, CaseKind.APPEAL, CaseKind.MEASURE}
)
"""Their authors were told that a person will look. Nobody is told who flagged them."""


def climb(work: Work, timer: Timer, case: Case, *, has_command: bool) -> None:
    """One rung, unless somebody has come. has_command: whether the steward has one to be run."""
    if not is_waiting(case) or not ladder.climbs(Urgency(case.urgency)):
        timer.done_at = work.now
        work.session.add(timer)
        return
    rung = Rung(timer.step)
    case.rung = rung
    timer.command = stored.WAITS if has_command else None
    if rung is Rung.REPEAT:
        timer.due_at = ladder.next_repeat(work.now)
    else:
        timer.done_at = work.now
    work.session.add_all([timer, case])
    work.session.flush()
    announce(work, case, alert=True)
    _tell_staff(work, case, rung)
    pushing.plan(work, case, rung, called(work, case, rung))
    if rung is Rung.ON_CALL:
        timers.plan_repeat(work, case, timer.kind, ladder.next_repeat(work.now))
        if case.first_human_at is None:
            _tell_author(work, case)
    audit.append(work, None, f"case.call.{rung.code}", case.id)


def is_waiting(case: Case) -> bool:
    """Whether no person has done anything about it yet, or no clinician who was asked.

    A claim alone is not an act.
    """
    return case.open_key is not None and (case.first_human_at is None or case.awaits_clinician)


def get_waiting(work: Work, case_id: UUID) -> Case | None:
    """The case, while nobody has come."""
    case = cases.find_case(work, case_id)
    return case if case and is_waiting(case) else None


def called(work: Work, case: Case, rung: Rung) -> list[UUID]:
    """Whom a rung calls: only those who may open the case, and never its subject."""
    on_call = set(place.get_place(work).on_call)
    chosen = []
    for member, seat, on_shift in keepers.staff_for(work, case):
        may_see = seat != "clinician" or is_for_clinicians(case)
        if member.id == case.subject_id or not may_see:
            continue
        is_steward = member.role == "steward"  # they have no shifts
        is_called = {
            Rung.AGAIN: on_shift or is_steward,
            Rung.CLINICIANS: seat == "clinician",
            Rung.ON_CALL: str(member.id) in on_call or seat == keepers.OUTSIDE,
            Rung.REPEAT: on_shift or seat != "moderator" or str(member.id) in on_call,
        }
        if is_called[rung]:
            chosen.append(member.id)
    return chosen


def has_on_call(work: Work, room_id: UUID) -> bool:
    """Whether somebody who may judge this room's cases is on call."""
    on_call = set(place.get_place(work).on_call)
    return any(str(member.id) in on_call for member, _, _ in stored.staff_of(work, room_id))


def _tell_staff(work: Work, case: Case, rung: Rung) -> None:
    """A notice waits for those who are away. All are called again without one: once is enough to read."""
    if rung is Rung.REPEAT:
        return
    for member_id in called(work, case, rung):
        notices.tell(
            work, member_id=member_id, kind="called", code=rung.code, words=None,
            room_id=case.room_id, case_id=case.id, automated=True, by_role="machine",
        )  # fmt: skip


def _tell_author(work: Work, case: Case) -> None:
    """Silence is never the answer: nobody is here yet, said honestly, and help lines once more."""
    if CaseKind(case.kind) not in _AUTHOR_KNOWS:
        return
    about: Any = case.about
    notices.tell(
        work, member_id=case.subject_id, kind="nobody_yet", code=_nobody(case), words=None,
        room_id=case.room_id, message_id=case.message_id, automated=True, by_role="machine",
    )  # fmt: skip
    member = people.find_member(work, case.subject_id)
    if about and member:
        card = help.support(
            work,
            member,
            about,
            case.room_id,
            private_line=cases.line_of(work, case.room_id, case.subject_id),
        )
        work.announce(ToMember(case.subject_id, card))


def _nobody(case: Case) -> str:
    return "measure" if is_only_for_clinicians(case) else case.about or "plain"


def reached(case: Case) -> Any:
    """The rung a waiting case is at, by its code; None before the first and once somebody came."""
    return Rung(case.rung).code if case.rung and is_waiting(case) else None
