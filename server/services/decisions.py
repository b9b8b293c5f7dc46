"""One decision: checked, appended, carried out, told and audited, all in one transaction."""

from datetime import timedelta
from uuid import UUID

from moderation.cases import Action, CaseKind, CaseState, next_state
from moderation.errors import ActionNotAllowed
from server.access import Actor
from server.errors import NotNow
from server.protocol import bodies
from server.services import case_view, kept
from server.services.carrying_out import EFFECTS, end
from server.services.case_access import check_free, check_judge, check_version, get_case
from server.services.judged import Judged, move
from server.store import audit, cases
from server.store.tables import Case, Decision
from server.store.work import Work


def decide(work: Work, actor: Actor, case_id: UUID, asked: bodies.NewDecision) -> bodies.Case:
    """Decide on a case as it was read. What can be taken back comes to its author later: see kept.

    Raises NotFound, Stale (somebody acted meanwhile), Claimed (another person looks at it),
    NotAllowed (an appeal against one's own decision), NotNow (no such step from here).
    """
    case = get_case(work, actor, "case.decide", case_id, lock=True)
    check_free(work, actor, case)
    check_version(work, actor, case, asked.version)
    check_judge(work, actor, case)
    message = cases.lock_message(work, case)
    state = _next_state(work, actor, case, Action(asked.action))
    judged = Judged(actor, case, message, _append(work, actor, case, asked), asked)
    action = Action(asked.action)
    waits = kept.keep_decision(work, judged) if asked.undoable else None
    if waits is not True:
        EFFECTS[action](work, judged)
    move(work, case, state)
    if state is CaseState.CLOSED and waits is None:
        end(work, case, message)
    audit.append(work, actor.id, f"case.{asked.action}", case.id)
    return case_view.view(work, actor, case)


def _next_state(work: Work, actor: Actor, case: Case, action: Action) -> CaseState:
    try:
        state = next_state(CaseState(case.state), action, CaseKind(case.kind))
    except ActionNotAllowed:
        raise NotNow from None
    if not case_view.is_possible(work, actor, case, action):
        raise NotNow
    return state


def _append(work: Work, actor: Actor, case: Case, asked: bodies.NewDecision) -> Decision:
    pauses = Action(asked.action) is Action.PAUSE and asked.minutes is not None
    decision = Decision(
        case_id=case.id,
        action=asked.action,
        by=actor.id,
        sealed=b"",
        at=work.now,
        until=work.now + timedelta(minutes=asked.minutes or 0) if pauses else None,
        policy=case.policy,
        case_version=case.version,
    )
    cases.add_decision(work, case, decision, asked.reason)
    return decision
