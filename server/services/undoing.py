"""Taking back what one decided half a minute ago: in full, and what waited was never said."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from moderation.cases import Action, CaseState
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.errors import NotNow
from server.protocol import bodies
from server.services import (
    appeals,
    axes,
    case_view,
    deciding,
    kept,
    notices,
    publishing,
    seats,
    standing,
)
from server.services.carrying_out import EFFECTS, end
from server.services.case_access import get_case
from server.services.cases import announce
from server.services.judged import Judged
from server.services.queue import LEASE
from server.store import cases, people, rooms
from server.store import undo as stored
from server.store.tables import Case, Decision, Message, Timer, Undo
from server.store.work import Work

_TAKEN_BACK = "Taken back within half a minute."


def undo(work: Work, actor: Actor, case_id: UUID) -> bodies.Case:
    """Take back one's newest decision on a case. One has the case again afterwards.

    Raises NotNow when it is too late, or when somebody else has decided on it since.
    """
    case = get_case(work, actor, "case.undo", case_id, lock=True)
    message = cases.lock_message(work, case)
    found = stored.newest_open(work, case.id, actor.id)
    if found is None:
        raise NotNow("There is nothing of yours to take back here any more.")
    row, decision = found
    if kept.decided_since(work, case, decision):
        raise NotNow("Somebody has decided on this since. Please look again.")
    row.undone_at = work.now
    timer = stored.timer_of(work, row)
    timer.done_at = work.now
    work.session.add_all([row, timer])
    work.session.flush()  # what stands is worked out from what was taken back
    _reverse(work, case, message, row, decision)
    back = deciding.append(work, actor, case, message, "undo", _TAKEN_BACK)
    _reopen(work, actor, case, row, decision)
    deciding.write_down(work, back, "case.undo", case.id)
    return case_view.view(work, actor, case)


def settle(work: Work, timer: Timer, case: Case) -> None:
    """The time to take it back is over: what waited is done and said now."""
    timer.done_at = work.now
    work.session.add(timer)
    found = stored.of_step(work, case.id, timer.step)
    if found is None or found[0].undone_at is not None or found[0].done_at is not None:
        return
    row, decision = found
    row.done_at = work.now
    work.session.add(row)
    message = cases.lock_message(work, case)
    if row.waits:
        _carry_out(work, case, message, row, decision)
    if decision.action in _DECIDED and case.state == CaseState.CLOSED:
        end(work, case, message)


_DECIDED = frozenset(str(action) for action in Action)


def _carry_out(
    work: Work, case: Case, message: Message | None, row: Undo, decision: Decision
) -> None:
    decider = people.find_member(work, decision.by)
    assert decider is not None  # noqa: S101 - a foreign key
    actor = Actor(decider.id, decider.pseudonym, Role(row.before["role"]), decider.id)
    if decision.action == "handling":
        axes.let_out(work, axes.Handled(actor, case, message, decision), row.before["to"])
        return
    asked = bodies.NewDecision.model_validate(
        {
            "action": decision.action,
            "version": decision.case_version,
            "reason": cases.open_reason(work, case, decision),
            "words": stored.open_words(work, case, row, decision.by),
            "minutes": row.before["minutes"],
        }
    )
    EFFECTS[Action(decision.action)](work, Judged(actor, case, message, decision, asked))


def _reverse(
    work: Work, case: Case, message: Message | None, row: Undo, decision: Decision
) -> None:
    """Everything that happened at once is as it was; who was told of it is told that it is gone."""
    reverse = _REVERSE.get(decision.action)
    if reverse and not (row.waits and decision.action in _DECIDED):
        reverse(work, case, message, row, decision)
    for notice in stored.notices_of(work, decision.id):
        if notice.appeal == "open":
            appeals.close_moot(work, notice)
        notice.appeal_until = None
        work.session.add(notice)
        notices.tell(
            work, member_id=notice.member_id, kind="taken_back", code="taken_back", words=None,
            by_role=str(row.before["role"]), by=decision.by, room_id=case.room_id,
            message_id=case.message_id, case_id=case.id, policy=case.policy,
        )  # fmt: skip


def _show(work: Work, case: Case, message: Message | None, row: Undo, decision: Decision) -> None:
    if message is None or message.state != "hidden":
        return
    if row.before["message"] == "published":
        publishing.show(work, message)
    elif row.before["message"] == "held":
        message.state = "held"
        work.session.add(message)


def _unpause(
    work: Work, case: Case, message: Message | None, row: Undo, decision: Decision
) -> None:
    standing.settle_pause(work, case.room_id, case.subject_id)
    _show(work, case, message, row, decision)


def _seat_again(
    work: Work, case: Case, message: Message | None, row: Undo, decision: Decision
) -> None:
    if row.before["seat"]:
        seats.give_back(work, case.room_id, case.subject_id, row.before["seat"])
    else:
        held = rooms.find_any_seat(work, case.room_id, case.subject_id)
        if held:
            held.removed_at = None
            work.session.add(held)
    _show(work, case, message, row, decision)


def _old_urgency(
    work: Work, case: Case, message: Message | None, row: Undo, decision: Decision
) -> None:
    urgency = Urgency(row.before["urgency"])
    case.urgency, case.urgency_rank = str(urgency), urgency.rank
    case.due_at = _time(row.before["due_at"]) or case.due_at


def _old_handling(
    work: Work, case: Case, message: Message | None, row: Undo, decision: Decision
) -> None:
    case.handling = row.before["handling"]
    if message is None:
        return
    note_changed = message.collapsed_by != row.before["collapsed_by"]
    message.collapsed_by = row.before["collapsed_by"]
    work.session.add(message)
    if message.state == "held" and row.before["message"] == "published":
        publishing.show(work, message)
    elif message.state == "published" and note_changed:
        publishing.announce_change(work, message, "collapsed")


_Reverse = Callable[[Work, Case, Message | None, Undo, Decision], None]
_REVERSE: Mapping[str, _Reverse] = {
    Action.HIDE: _show,
    Action.PAUSE: _unpause,
    Action.REMOVE_MEMBER: _seat_again,
    "urgency": _old_urgency,
    "handling": _old_handling,
}


def _reopen(work: Work, actor: Actor, case: Case, row: Undo, decision: Decision) -> None:
    """The case is where it was. Where another was opened meanwhile about the same, both stand."""
    before = row.before
    if case.state == CaseState.CLOSED:
        taken = cases.find_by_key(work, before["open_key"])
        case.open_key = f"again:{case.id}" if taken else before["open_key"]
        case.closed_at = None
        stored.forget_looks(work, case.id)
    if case.first_human_at == decision.at:
        case.first_human_at = _time(before["first_human_at"])
    for timer in stored.passed_rungs(work, row, decision, case.rung):
        timer.done_at = None  # nobody was called because of it: they are called now
        work.session.add(timer)
    case.state = before["state"]
    case.awaits_clinician = bool(decision.before and decision.before["awaited"])
    case.claimed_by, case.claimed_until = actor.id, work.now + LEASE
    case.version += 1
    work.session.add(case)
    work.session.flush()
    announce(work, case)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
