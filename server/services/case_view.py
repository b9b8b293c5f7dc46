"""One case as a moderator reads it: why, where, about whom, what was decided, what may be."""

from typing import Any
from uuid import UUID

from moderation.cases import (
    APPEAL_ACTIONS,
    CLINICIANS_ONLY,
    SANCTIONS_COUNT_FOR,
    Action,
    CaseKind,
    CaseState,
    allowed_actions,
)
from server.access import Actor, Role
from server.protocol import bodies, frames
from server.services import (
    case_messages,
    desk_view,
    erasure,
    guard,
    outside,
    outside_answers,
    policy,
    promises,
    queue,
    quiet,
    removal_view,
    sight,
)
from server.services.case_access import concerns_clinicians, get_case, may_judge_it
from server.store import assessments, audit, cases, place, rooms, standing, undo
from server.store.tables import Case, CaseFlag, Message
from server.store.work import Work


def read_case(work: Work, actor: Actor, case_id: UUID) -> bodies.Case:
    """The whole case. Looking leaves an audit line, so this is a `do`, not a `read`."""
    case = get_case(work, actor, "case.read", case_id)
    outside_answers.note_seen(work, case)
    shown = view(work, actor, case)
    guard.note_opened(work, actor, case)
    sight.note_case(work, actor, case)
    audit.append(work, actor.id, "case.read", case.id)
    return shown


def view(work: Work, actor: Actor, case: Case) -> bodies.Case:
    """The same, when it is already known that the actor may see it."""
    flags = cases.flags_of(work, case.id)
    held = erasure.held_words(work, actor, case)
    return bodies.Case(
        line=queue.lines(work, actor, [case])[0],
        subject=_subject(work, case),
        messages=[_with_held(one, held) for one in case_messages.of_case(work, case, flags)],
        flags=[_flag(work, case, flag) for flag in flags],
        decisions=_decisions(work, case),
        allowed=allowed(work, actor, case),
        conversation=case.conversation_id,
        appeal_words=held.get(case.id) or cases.open_words(work, case),
        assessed=assessments.is_assessed(work, case.message_id) if case.message_id else True,
        policy=case.policy,
        policy_reviewed=case.kind not in CLINICIANS_ONLY and _is_policy_reviewed(work),
        clause=promises.usual_clause([code for flag in flags for code in flag.reasons]),
        model=assessments.newest_model(work, case.message_id) if case.message_id else None,
        desk=desk_view.view(work, actor, case, may_decide=_may_decide(work, actor, case)),
        outside=outside.on_case(work, case.id),
    )


def allowed(work: Work, actor: Actor, case: Case) -> list[Any]:
    """The actions a screen may offer to this actor; `decisions` refuses the others."""
    if not _may_decide(work, actor, case):
        return []
    known = allowed_actions(CaseState(case.state), CaseKind(case.kind))
    return [str(action) for action in known if is_possible(work, actor, case, action)]


def is_possible(work: Work, actor: Actor, case: Case, action: Action) -> bool:
    """Whether this action means something here, beyond what the table of steps says."""
    message = work.session.get(Message, case.message_id) if case.message_id else None
    if action in APPEAL_ACTIONS:
        return may_judge_it(work, actor, case)
    if action is Action.ESCALATE:
        return actor.role is not Role.CLINICIAN
    if action is Action.HIDE:
        return message is not None and message.state in {"published", "held", "hidden"}
    if action is Action.CARE_NOTE:  # it closes the case, and a held message must not be forgotten
        return message is None or message.state != "held"
    if action is Action.REMOVE_FROM_PLACE:
        return removal_view.may_ask(work, case)
    if action in {Action.PAUSE, Action.REMOVE_MEMBER}:  # the line to the moderators stays open
        room = rooms.find_room(work, case.room_id)
        return room is not None and room.kind == "room"
    return True


def _may_decide(work: Work, actor: Actor, case: Case) -> bool:
    """Whoever was only asked what they think reads the case, and no more."""
    return actor.role is not Role.CLINICIAN or concerns_clinicians(work, case)


def _subject(work: Work, case: Case) -> bodies.CaseMember:
    seat = rooms.find_any_seat(work, case.room_id, case.subject_id)
    paused = seat.paused_until if seat else None
    member = cases.get_subject(work, case)
    return bodies.CaseMember(
        id=member.id,
        name=member.pseudonym,
        since=member.joined_at,
        messages_here=cases.count_messages(work, case.room_id, member.id),
        paused_until=paused if paused and paused > work.now else None,
        open_cases=cases.count_open_about(work, case.room_id, member.id, aside=case.aside),
        past_sanctions=standing.count(
            work, case.room_id, member.id, work.now - SANCTIONS_COUNT_FOR
        ),
        blocked_by=quiet.blocked_by(work, member.id),
    )


def _with_held(message: bodies.CaseMessage, held: dict[UUID, str]) -> bodies.CaseMessage:
    """Words that are kept for clinicians though their author has left for good."""
    words = held.get(message.id)
    return message.model_copy(update={"text": words}) if words else message


def _flag(work: Work, case: Case, flag: CaseFlag) -> bodies.CaseFlag:
    source: Any = flag.source
    note = cases.open_flag_text(work, case, flag) if flag.source != "refused" else None
    return bodies.CaseFlag(
        source=source,
        reasons=flag.reasons,
        words=flag.words,
        spans=[frames.Marked.model_validate(span) for span in flag.spans],
        note=note,
        at=flag.at,
    )


def _decisions(work: Work, case: Case) -> list[bodies.CaseDecision]:
    found = cases.decisions_of(work, case.id)
    undone = undo.undone_of(work, case.id)
    names = cases.member_names(work, {decision.by for decision in found})
    return [
        bodies.CaseDecision.model_validate(
            {
                "id": decision.id,
                "action": decision.action,
                "by": names[decision.by],
                "reason": cases.open_reason(work, case, decision),
                "at": decision.at,
                "until": decision.until,
                "policy": decision.policy,
                "clause": decision.clause,
                "clause_words": decision.clause_words,
                "undone": decision.id in undone,
            }
        )
        for decision in found
    ]


def _is_policy_reviewed(work: Work) -> bool:
    stored = place.find_place(work)
    return stored is not None and policy.is_reviewed(work, stored)
