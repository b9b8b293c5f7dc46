"""Escalations as conversations: what stands with the clinicians, what is said, and what comes back."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from moderation import triage
from moderation.cases import CaseKind, CaseState
from moderation.urgency import Urgency
from server.access import Actor, Role, check
from server.errors import Conflict, NotFound, NotNow
from server.protocol import escalations as bodies
from server.services import (
    carrying_out,
    case_messages,
    deciding,
    guard,
    keepers,
    looking_again,
    notices,
    publishing,
    sight,
)
from server.services.case_access import check_free, check_judge, check_version, get_case
from server.services.cases import announce, mark_human_act
from server.services.judged import move
from server.services.queue import scope_of
from server.store import audit, cases, messages, people
from server.store import escalations as stored
from server.store.tables import Case, Decision, Escalation, Message
from server.store.work import Work

_CLOSES = frozenset({"reached_them", "nothing_further"})
_COMES_BACK = frozenset({"not_reached", "please_look"})
"""The moderators look again; what is left, `keep_an_eye`, stays with the clinicians."""


def list_standing(work: Work, actor: Actor) -> bodies.Escalations:
    """What stands with the clinicians in the actor's rooms, by due time. Lines only, no text."""
    check(actor, "escalation.list")
    found = stored.standing_in(work, scope_of(work, actor).cared, actor.id)
    names = cases.room_names(work, {case.room_id for _, case in found})
    by = cases.member_names(work, {escalation.by for escalation, _ in found})
    words = stored.count_words(work, [escalation.room_id for escalation, _ in found])
    outcomes = stored.outcomes_of(work, [case.id for _, case in found])
    return bodies.Escalations(
        escalations=[
            _line(one, case, names[case.room_id], by[one.by], words.get(one.room_id, 0),
                  _since(one, outcomes.get(case.id, [])))
            for one, case in found
        ]
    )  # fmt: skip


def read(work: Work, actor: Actor, case_id: UUID) -> bodies.Escalation:
    """One, with all that was said. Looking leaves an audit line, so this is a `do`.

    Raises NotFound, also for a case that was never handed up.
    """
    case = get_case(work, actor, "escalation.read", case_id)
    shown = _body(work, actor, case, _get(work, case))
    sight.note_case(work, actor, case)
    audit.append(work, actor.id, "escalation.read", case.id)
    return shown


def say(
    work: Work, actor: Actor, case_id: UUID, new: bodies.NewEscalationWord
) -> bodies.Escalation:
    """Say something about the case. A clinician's first word ends the calling, as any act of theirs.

    The same client_id again says nothing twice. Raises NotFound, Conflict, NotNow (closed).
    """
    case = get_case(work, actor, "escalation.say", case_id, lock=True)
    escalation = _get(work, case)
    before = messages.find_by_client_id(work, actor.id, new.client_id)
    if before:
        if (before.room_id, messages.open_text(work, before)) != (escalation.room_id, new.text):
            raise Conflict
        return _body(work, actor, case, escalation)
    if case.open_key is None:
        raise NotNow("This case is closed.")
    publishing.say(work, escalation.room_id, actor.id, new.text, client_id=new.client_id)
    if actor.role is Role.CLINICIAN and case.awaits_clinician:
        mark_human_act(work, case)
        case.awaits_clinician = False
        case.version += 1
        work.session.add(case)
    work.session.flush()
    announce(work, case)
    _tell_others(work, actor, case, escalation, "escalation_word")
    audit.append(work, actor.id, "escalation.say", case.id)
    return _body(work, actor, case, escalation)


def answer(work: Work, actor: Actor, case_id: UUID, new: bodies.NewOutcome) -> bodies.Escalation:
    """What came of it. It closes the case, sends it back to the moderators, or keeps it here.

    A held message, or an appeal, is left for somebody to decide about: such a case comes back instead of
    closing. Raises NotFound, Claimed, Stale, NotAllowed, NotNow (it does not stand with the clinicians).
    """
    case = get_case(work, actor, "escalation.answer", case_id, lock=True)
    escalation = _get(work, case)
    check_free(work, actor, case)
    check_version(work, actor, case, new.version)
    check_judge(work, actor, case)
    if case.state != CaseState.ESCALATED:
        raise NotNow("This case does not wait for the clinicians any more.")
    message = cases.lock_message(work, case)
    decision = deciding.append(work, actor, case, message, new.outcome, new.note or "")
    state = _next_state(case, message, new.outcome)
    if state is CaseState.OPEN:
        case.due_at = triage.due_at(Urgency(case.urgency), work.now)
    move(work, case, state)
    if state is CaseState.CLOSED:
        guard.note_closed(work, actor, case)
        _tell_author(work, actor, case, new.outcome)
        carrying_out.end(work, case, message)
    elif state is CaseState.OPEN:
        announce(work, case, alert=True)
    _tell_others(work, actor, case, escalation, "escalation_outcome")
    deciding.write_down(work, decision, f"escalation.{new.outcome}", case.id)
    return _body(work, actor, case, escalation)


def _next_state(case: Case, message: Message | None, outcome: str) -> CaseState:
    if outcome in _COMES_BACK:
        return CaseState.OPEN
    if outcome not in _CLOSES:
        return CaseState.ESCALATED
    undecided = case.kind == CaseKind.APPEAL or (message is not None and message.state == "held")
    return CaseState.OPEN if undecided else CaseState.CLOSED


def _get(work: Work, case: Case) -> Escalation:
    found = stored.newest_of(work, case.id)
    if found is None:
        raise NotFound
    return found


def _tell_author(work: Work, actor: Actor, case: Case, outcome: str) -> None:
    """Whoever was reached knows; who never knew that somebody looked is left in peace."""
    known = case.kind != CaseKind.LOOK_AGAIN and looking_again.knows(work, case)
    if outcome == "nothing_further" and known:
        notices.tell(
            work, member_id=case.subject_id, kind="looked_at", code="clinician", words=None,
            by_role=str(actor.role), by=actor.id, room_id=case.room_id, message_id=case.message_id,
            case_id=case.id, policy=case.policy,
        )  # fmt: skip


def _tell_others(work: Work, actor: Actor, case: Case, escalation: Escalation, code: str) -> None:
    """Those who took part and may still open it: once, until they have read it."""
    part = {escalation.by, *(word.author_id for word in stored.words_in(work, escalation.room_id))}
    able = {member.id for member, _, _ in keepers.staff_for(work, case)}
    for member_id in sorted((part & able) - {actor.id, case.subject_id}):
        if not stored.is_told_already(work, case.id, member_id, code):
            notices.tell(
                work, member_id=member_id, kind="called", code=code, words=None,
                room_id=case.room_id, case_id=case.id, by_role=str(actor.role),
            )  # fmt: skip


def _since(escalation: Escalation, outcomes: Sequence[Decision]) -> Decision | None:
    """The newest outcome since the case was handed up last."""
    return next((one for one in reversed(outcomes) if one.id > escalation.decision_id), None)


def _line(
    escalation: Escalation, case: Case, room_name: str, by: str, words: int, newest: Decision | None
) -> bodies.EscalationLine:
    known: dict[str, Any] = {name: getattr(case, name) for name in ("kind", "urgency", "due_at")}
    outcome: Any = newest.action if newest else None
    return bodies.EscalationLine(
        case=case.id, room=case.room_id, room_name=room_name, by=by, at=escalation.at,
        awaits=case.awaits_clinician, words=words, outcome=outcome, **known,
    )  # fmt: skip


def _body(work: Work, actor: Actor, case: Case, escalation: Escalation) -> bodies.Escalation:
    decision = work.session.get(Decision, escalation.decision_id)
    assert decision is not None  # noqa: S101 - a foreign key
    words = stored.words_in(work, escalation.room_id)
    outcomes = stored.outcomes_of(work, [case.id]).get(case.id, [])
    names = cases.member_names(
        work,
        {case.subject_id, escalation.by}
        | {word.author_id for word in words}
        | {one.by for one in outcomes},
    )
    known: dict[str, Any] = {
        name: getattr(case, name) for name in ("version", "kind", "state", "urgency", "due_at")
    }
    return bodies.Escalation(
        **known,
        case=case.id,
        room=case.room_id,
        room_name=cases.room_names(work, {case.room_id})[case.room_id],
        awaits=case.awaits_clinician,
        subject=names[case.subject_id],
        by=names[escalation.by],
        at=escalation.at,
        note=cases.open_reason(work, case, decision),
        shared=_shared(work, case, escalation),
        words=_words(work, actor, words, names),
        outcomes=[_outcome(work, case, one, names[one.by]) for one in outcomes],
        may_answer=actor.role is Role.CLINICIAN and case.state == CaseState.ESCALATED,
    )


def _shared(work: Work, case: Case, escalation: Escalation) -> list[Any]:
    """As it reads now: what its author took back since is gone here too."""
    chosen: Collection[str] = set(escalation.shared)
    found = case_messages.of_case(work, case, cases.flags_of(work, case.id))
    return [message for message in found if str(message.id) in chosen]


def _words(
    work: Work, actor: Actor, found: Sequence[Message], names: Mapping[UUID, str]
) -> list[bodies.EscalationWord]:
    roles = people.roles_of(work, {word.author_id for word in found})
    return [
        bodies.EscalationWord(
            id=word.id,
            by=names[word.author_id],
            by_role=roles[word.author_id],  # type: ignore[arg-type]
            mine=word.author_id == actor.id,
            text=messages.open_text(work, word) or "",
            at=word.published_at or word.at,
        )
        for word in found
    ]


def _outcome(work: Work, case: Case, decision: Decision, by: str) -> bodies.GivenOutcome:
    outcome: Any = decision.action
    note = cases.open_reason(work, case, decision)
    return bodies.GivenOutcome(outcome=outcome, by=by, note=note or None, at=decision.at)
