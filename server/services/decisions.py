"""One decision: checked, appended, carried out, told and audited, all in one transaction."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from uuid import UUID

from moderation.cases import SANCTIONS, Action, CaseKind, CaseState, next_state
from moderation.errors import ActionNotAllowed
from server.access import Actor, Role
from server.errors import NotNow
from server.protocol import bodies
from server.services import appeals, case_view, effects, guard, notices, promises, standing
from server.services.case_access import check_free, check_judge, check_version, get_case
from server.services.judged import Judged, move
from server.store import acts, assessments, audit, cases, messages, rooms
from server.store.tables import Case, Decision, Message
from server.store.work import Work

EFFECTS: Mapping[Action, Callable[[Work, Judged], None]] = {
    Action.DISMISS: effects.dismiss,
    Action.HIDE: effects.hide,
    Action.CARE_NOTE: effects.care_note,
    Action.WARN: effects.warn,
    Action.PAUSE: effects.pause,
    Action.REMOVE_MEMBER: effects.remove_member,
    Action.REACH_OUT: effects.reach_out,
    Action.ESCALATE: effects.escalate,
    Action.UPHOLD: appeals.uphold,
    Action.OVERTURN: appeals.overturn,
    Action.CHANGE: appeals.change,
}


def decide(work: Work, actor: Actor, case_id: UUID, asked: bodies.NewDecision) -> bodies.Case:
    """Decide on a case as it was read.

    Raises NotFound, Stale (somebody acted meanwhile), Claimed (another person looks at it),
    NotAllowed (an appeal against one's own decision), NotNow (no such step from here).
    """
    case = get_case(work, actor, "case.decide", case_id, lock=True)
    check_free(work, actor, case)
    check_version(work, actor, case, asked.version)
    check_judge(work, actor, case)
    message = cases.lock_message(work, case)
    state = _next_state(work, actor, case, Action(asked.action))
    judged = Judged(actor, case, message, _append(work, actor, case, message, asked), asked)
    EFFECTS[Action(asked.action)](work, judged)
    if actor.role is Role.CLINICIAN:
        case.awaits_clinician = False
    move(work, case, state)
    if state is CaseState.CLOSED:
        _close(work, case, message)
        guard.note_closed(work, actor, case)
    audit.append(work, actor.id, f"case.{asked.action}", case.id)
    acts.bind(work, judged.decision)
    return case_view.view(work, actor, case)


def _next_state(work: Work, actor: Actor, case: Case, action: Action) -> CaseState:
    try:
        state = next_state(CaseState(case.state), action, CaseKind(case.kind))
    except ActionNotAllowed:
        raise NotNow from None
    if not case_view.is_possible(work, actor, case, action):
        raise NotNow
    return state


def _append(
    work: Work, actor: Actor, case: Case, message: Message | None, asked: bodies.NewDecision
) -> Decision:
    action = Action(asked.action)
    pauses = action in {Action.PAUSE, Action.CHANGE} and asked.minutes is not None
    flags = cases.flags_of(work, case.id)
    clause = promises.chosen(
        action, asked.clause, [code for flag in flags for code in flag.reasons]
    )
    seat = rooms.find_any_seat(work, case.room_id, case.subject_id)
    decision = Decision(
        case_id=case.id,
        action=asked.action,
        by=actor.id,
        sealed=b"",
        at=work.now,
        until=work.now + timedelta(minutes=asked.minutes or 0) if pauses else None,
        policy=case.policy,
        case_version=case.version,
        by_role=str(actor.role),
        clause=clause,
        clause_words=promises.words_of(work, clause),
        model=assessments.newest_model(work, message.id) if message else None,
        detected_by=_detected_by({flag.source for flag in flags}),
        before=standing.before(seat, message),
    )
    cases.add_decision(work, case, decision, asked.reason)
    return decision


def _detected_by(sources: set[str]) -> str:
    """Who pointed it out, by kind: never a name."""
    if sources & {"classifier", "lexicon", "refused"}:
        return "machine"
    return "member" if "member" in sources else "staff"


def _close(work: Work, case: Case, message: Message | None) -> None:
    """Those who asked for a look are told; words that were kept only for this case go."""
    if message and message.state == "withdrawn" and not cases.any_living_about(work, message.id):
        messages.forget_words(work, message)
    for member_id in {flag.by for flag in cases.flags_of(work, case.id) if flag.source == "member"}:
        if member_id and member_id != case.subject_id:
            _answer_flag(work, case, member_id, _what_came_of_it(work, case))


def _what_came_of_it(work: Work, case: Case) -> str:
    """A code that tells nobody of another's sanction."""
    actions = {Action(decision.action) for decision in cases.decisions_of(work, case.id)}
    if actions & {Action.CARE_NOTE, Action.REACH_OUT}:
        return "helped"
    return "acted" if actions & SANCTIONS else "left"


def _answer_flag(work: Work, case: Case, member_id: UUID, code: str) -> None:
    notices.tell(
        work,
        member_id=member_id,
        kind="flag_answered",
        code=code,
        words=None,
        by_role="moderator",
        room_id=case.room_id,
        message_id=case.message_id,
        case_id=case.id,
    )
