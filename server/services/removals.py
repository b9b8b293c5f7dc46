"""Removing a member from the whole place: asked for in a case, confirmed by another person."""

from uuid import UUID

from moderation.cases import CaseState
from server.access import Actor, Relation, Role, check, relation_of
from server.errors import NotAllowed, NotFound, NotNow
from server.protocol import desk
from server.services import deciding, notices, outside_answers, removal_view, steward
from server.services.cases import announce
from server.services.judged import Judged, move
from server.store import cases, rooms, timers
from server.store import removals as stored
from server.store.tables import Case, Decision, Member, Removal
from server.store.work import Work


def ask(work: Work, judged: Judged) -> None:
    """A clinician of the room or a steward is to look at it. Until then nothing changes for the member."""
    if not removal_view.may_ask(work, judged.case):
        raise NotNow("This is asked for already, or is a steward's to decide.")
    removal = Removal(case_id=judged.case.id, decision_id=judged.decision.id, at=work.now)
    work.session.add(removal)
    work.session.flush()
    for member, seat, _ in timers.staff_of(work, judged.case.room_id):
        if seat == "clinician" and member.id not in (judged.actor.id, judged.case.subject_id):
            notices.tell(
                work, member_id=member.id, kind="called", code="removal", words=None,
                room_id=judged.case.room_id, case_id=judged.case.id,
                by_role=str(judged.actor.role),
            )  # fmt: skip


def list_asked(work: Work, actor: Actor) -> desk.AskedRemovals:
    """Those that wait, as a steward reads them: who, where, and the reason. No message."""
    check(actor, "steward.removals")
    found = stored.waiting(work)
    members = {case.subject_id for _, _, case in found} | {one.decision.by for one in found}
    names = cases.member_names(work, members)
    room_names = cases.room_names(work, {case.room_id for _, _, case in found})
    return desk.AskedRemovals(
        removals=[
            desk.AskedRemoval(
                id=removal.id,
                member_name=names[case.subject_id],
                room_name=room_names[case.room_id],
                by=names[decision.by],
                reason=cases.open_reason(work, case, decision),
                at=removal.at,
            )
            for removal, decision, case in found
        ]
    )


def answer(work: Work, actor: Actor, removal_id: UUID, asked: desk.RemovalAnswer) -> None:
    """Confirm, or say no. Confirmed, the membership ends at once and the member is told and may appeal.

    Raises NotFound, NotAllowed (one's own request), NotNow (answered, or the member is staff by now).
    """
    found = stored.find(work, removal_id)
    case = cases.find_locked(work, found.case_id) if found else None
    removal = stored.lock(work, removal_id)
    if removal is None or case is None or case.subject_id == actor.id:
        raise NotFound
    seat = rooms.find_seat(work, case.room_id, actor.id)
    is_steward = actor.role is Role.STEWARD
    check(
        actor,
        "removal.answer",
        Relation.NONE if is_steward else relation_of(seat.seat if seat else None),
    )
    _check_open(work, actor, removal)
    removal.confirmed, removal.answered_by, removal.answered_at = asked.confirm, actor.id, work.now
    work.session.add(removal)
    action = "removal_confirmed" if asked.confirm else "removal_declined"
    message = cases.lock_message(work, case)
    decision = deciding.append(work, actor, case, message, action, asked.reason)
    if asked.confirm:
        _end_membership(work, actor, case, decision, asked.reason)
        if case.open_key is not None:
            move(work, case, CaseState.CLOSED)
            outside_answers.end(work, case, message)
    else:
        case.version += 1
        work.session.add(case)
        announce(work, case)
    verb = "case.removal.confirm" if asked.confirm else "case.removal.decline"
    deciding.write_down(work, decision, verb, case.id)


def _check_open(work: Work, actor: Actor, removal: Removal) -> None:
    decision = work.session.get(Decision, removal.decision_id)
    if removal.answered_at is not None:
        raise NotNow("Somebody has answered this already.")
    if decision is None or decision.by == actor.id:
        raise NotAllowed("Somebody else confirms this.")


def _end_membership(work: Work, actor: Actor, case: Case, decision: Decision, reason: str) -> None:
    member = work.session.get(Member, case.subject_id)
    if member is None or member.role != "peer":
        raise NotNow("Only a steward decides about staff.")
    notices.tell(
        work, member_id=case.subject_id, kind="removed", code="place", words=reason,
        by_role=str(actor.role), by=actor.id, room_id=case.room_id, message_id=case.message_id,
        case_id=case.id, decision_id=decision.id, policy=case.policy, appealable=True,
    )  # fmt: skip
    steward.end_membership(work, actor.id, member)
