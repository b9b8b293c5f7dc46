"""One decision: checked, appended, carried out, told and audited, all in one transaction."""

from datetime import timedelta
from uuid import UUID

from moderation.cases import Action, CaseKind, CaseState, next_state
from moderation.errors import ActionNotAllowed
from server.access import Actor
from server.errors import NotNow
from server.protocol import bodies
from server.services import case_view, deciding, guard, kept
from server.services.carrying_out import EFFECTS, end
from server.services.case_access import check_free, check_judge, check_version, get_case
from server.services.judged import Judged, move
from server.store import cases
from server.store.tables import Case, Decision, Message
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
    action = Action(asked.action)
    state = _next_state(work, actor, case, action)
    judged = Judged(actor, case, message, _append(work, actor, case, message, asked), asked)
    waits = kept.keep_decision(work, judged) if asked.undoable else None
    if waits is not True:
        EFFECTS[action](work, judged)
    move(work, case, state)
    if state is CaseState.CLOSED:
        guard.note_closed(work, actor, case)
        if waits is None:
            end(work, case, message)
    deciding.write_down(work, judged.decision, f"case.{asked.action}", case.id)
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
    has_end = Action(asked.action) in {Action.PAUSE, Action.CHANGE} and asked.minutes is not None
    until = work.now + timedelta(minutes=asked.minutes or 0) if has_end else None
    return deciding.append(
        work, actor, case, message, asked.action, asked.reason, clause=asked.clause, until=until
    )
