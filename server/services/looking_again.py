"""A person who may have been in danger is looked at again, some time after their case was closed."""

from moderation import ladder
from moderation.cases import CLINICIANS_ONLY, CaseKind
from moderation.urgency import Urgency
from server.services import notices, timers
from server.services.cases import announce, new_case
from server.store import audit, cases
from server.store import notices as stored_notices
from server.store.tables import Case, CaseFlag, Timer
from server.store.work import Work

_WORDS = {
    1: "An hour ago a case about somebody in danger was closed. Please see how they are now.",
    2: "A day ago a case about somebody in danger was closed. Please see how they are now.",
}


def look_again(work: Work, timer: Timer, before: Case) -> None:
    """A small case comes to the queue, linked with the one that was closed."""
    timer.done_at = work.now
    case = _again(work, before, timer.step)
    work.session.add_all([timer, case])
    work.session.flush()
    flag = CaseFlag(
        case_id=case.id, source="clock", reasons=["look_again"], words=[_WORDS[timer.step]],
        spans=[], at=work.now,
    )  # fmt: skip
    cases.add_flag(work, case, flag, None)
    timers.plan_rungs(work, case)
    announce(work, case)
    if knows(work, before):
        notices.tell(
            work, member_id=before.subject_id, kind="looked_at", code="again", words=None,
            room_id=before.room_id, message_id=before.message_id, automated=True,
            by_role="machine",
        )  # fmt: skip
    audit.append(work, None, "case.look_again", case.id)


def knows(work: Work, case: Case) -> bool:
    """Whether its author was told that somebody looked. Who never knew is left in peace."""
    if case.message_id is None:
        return True
    return stored_notices.has_any(work, case.subject_id, case.message_id)


def _again(work: Work, before: Case, step: int) -> Case:
    urgency = ladder.look_again_urgency(Urgency(before.urgency))
    return new_case(
        work,
        CaseKind(before.kind) if before.kind in CLINICIANS_ONLY else CaseKind.LOOK_AGAIN,
        urgency,
        room_id=before.room_id,
        subject_id=before.subject_id,
        message_id=before.message_id,
        open_key=f"look_again:{before.id}:{step}",
        about=before.about,
        language=before.language,
        conversation_id=before.conversation_id,
        again_of=before.id,
        aside=before.aside,
        policy=before.policy,
    )
