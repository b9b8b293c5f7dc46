"""A person sets one of a case's two axes: how soon somebody must look, or what the readers see."""

from dataclasses import dataclass
from uuid import UUID

from moderation import triage
from moderation.cases import CaseState
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Actor
from server.errors import NotNow
from server.protocol import bodies, desk
from server.services import (
    appeals,
    case_view,
    deciding,
    kept,
    notices,
    offers,
    publishing,
    timers,
    wording,
)
from server.services.case_access import check_free, check_judge, check_version, get_case
from server.services.cases import announce, mark_human_act
from server.store import cases
from server.store.tables import Case, Decision, Message
from server.store.work import Work


def set_urgency(work: Work, actor: Actor, case_id: UUID, asked: desk.SetUrgency) -> bodies.Case:
    """How soon this person must be seen. Whoever makes it more urgent has not looked after them yet,
    so others are called as for a new case; whoever makes it less urgent has looked.

    Raises NotFound, Stale, Claimed, NotNow (closed, or so already).
    """
    case = _get(work, actor, case_id, asked.version)
    urgency = Urgency(asked.urgency)
    if urgency == case.urgency:
        raise NotNow("It has this urgency already.")
    message = cases.lock_message(work, case)
    decision = deciding.append(work, actor, case, message, "urgency", asked.reason)
    if asked.undoable:
        kept.keep(work, actor, case, message, decision, waits=False)
    rises = urgency.rank > case.urgency_rank
    case.urgency, case.urgency_rank = str(urgency), urgency.rank
    if rises:
        case.due_at = min(case.due_at, triage.due_at(urgency, work.now))
        timers.plan_rungs(work, case)
    else:
        case.due_at = triage.due_at(urgency, case.opened_at)
        mark_human_act(work, case)
    _changed(work, case, alert=rises and urgency is Urgency.NOW)
    deciding.write_down(work, decision, f"case.urgency.{urgency}", case.id)
    return case_view.view(work, actor, case)


def set_handling(work: Work, actor: Actor, case_id: UUID, asked: desk.SetHandling) -> bodies.Case:
    """What the readers see of the message. The case stays open.

    Raises NotFound, Stale, Claimed, NotNow: no message, nothing would change, or a hold of somebody
    who may be in danger.
    """
    case = _get(work, actor, case_id, asked.version)
    message = cases.lock_message(work, case)
    if message is None or asked.handling not in offers.handlings(case, message):
        raise NotNow("That is not possible with this message.")
    # What comes into the room cannot be unread: it waits until it can no longer be taken back.
    waits = asked.undoable and message.state == "held"
    decision = deciding.append(work, actor, case, message, "handling", asked.reason)
    handled = Handled(actor, case, message, decision)
    if asked.undoable:
        later = {"to": asked.handling}
        kept.keep(work, actor, case, message, handled.decision, waits=waits, later=later)
    case.handling = asked.handling
    mark_human_act(work, case)
    _fold(work, message, asked)
    if not waits:
        let_out(work, handled, asked.handling)
    _changed(work, case)
    deciding.write_down(work, decision, f"case.handling.{asked.handling}", case.id)
    return case_view.view(work, actor, case)


@dataclass(frozen=True, slots=True)
class Handled:
    """A message for whose readers somebody decided. All of it is locked."""

    actor: Actor
    case: Case
    message: Message | None
    decision: Decision


def let_out(work: Work, handled: Handled, handling: str) -> None:
    """The readers see it so now, and its author is told."""
    message = handled.message
    if message is None or message.state not in {"published", "held"}:
        return  # its author took it back meanwhile
    if handling == Handling.HOLD:
        message.state = "held"
        work.session.add(message)
        publishing.announce_change(work, message, "hidden")
    elif message.state == "held":
        publishing.show(work, message)
        appeals.answer_moot(work, message.id)
    else:
        publishing.announce_change(work, message, "collapsed")
    kind = _TOLD[Handling(handling)]
    reason = cases.open_reason(work, handled.case, handled.decision)
    _tell(work, handled, kind, reason, appealable=kind != "published")


def show_again(work: Work, actor: Actor, case_id: UUID, asked: desk.ShowAgain) -> bodies.Case:
    """A message that was hidden from this case comes back where it stood; its author is told.

    Raises NotFound, Stale, NotNow when it is not hidden, or when others judge an appeal about it.
    """
    case = get_case(work, actor, "case.show_again", case_id, lock=True)
    check_free(work, actor, case)
    check_version(work, actor, case, asked.version)
    message = cases.lock_message(work, case)
    if message is None or not offers.may_show_again(work, case, message):
        raise NotNow("This message is not hidden by this case, or others judge that now.")
    decision = deciding.append(work, actor, case, message, "show_again", asked.reason)
    publishing.show(work, message)
    for notice in offers.told_of_hiding(work, case):
        notice.appeal_until = None
        work.session.add(notice)
        if notice.decision_id:
            kept.strike(work, case, notice.decision_id)
    _tell(work, Handled(actor, case, message, decision), "published", asked.reason)
    _changed(work, case)
    deciding.write_down(work, decision, "case.show_again", case.id)
    return case_view.view(work, actor, case)


def _get(work: Work, actor: Actor, case_id: UUID, version: int) -> Case:
    case = get_case(work, actor, "case.axes", case_id, lock=True)
    check_free(work, actor, case)
    check_version(work, actor, case, version)
    check_judge(work, actor, case)
    if case.state == CaseState.CLOSED:
        raise NotNow("This case is closed.")
    return case


def _changed(work: Work, case: Case, *, alert: bool = False) -> None:
    case.version += 1
    work.session.add(case)
    work.session.flush()
    announce(work, case, alert=alert)


def _fold(work: Work, message: Message, asked: desk.SetHandling) -> None:
    if asked.handling != "hold":
        folds = asked.handling == "collapse"
        message.collapsed_by = wording.content_note(asked.content_note) if folds else None
        work.session.add(message)


def _tell(
    work: Work, handled: Handled, kind: str, reason: str, *, appealable: bool = False
) -> None:
    case, actor = handled.case, handled.actor
    notices.tell(
        work, member_id=case.subject_id, kind=kind, code=kind, words=reason,
        by_role=str(actor.role), by=actor.id, room_id=case.room_id, message_id=case.message_id,
        case_id=case.id, decision_id=handled.decision.id, policy=case.policy,
        appealable=appealable,
    )  # fmt: skip


_TOLD = {Handling.PUBLISH: "published", Handling.COLLAPSE: "collapsed", Handling.HOLD: "held"}
