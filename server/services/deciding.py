"""How a decision is written down: with all that it rests on, sealed, and bound into the audit log."""

from datetime import datetime
from uuid import UUID

from server.access import Actor, Role
from server.services import promises, standing
from server.store import acts, assessments, audit, cases, rooms
from server.store.tables import Case, Decision, Message
from server.store.work import Work


def append(
    work: Work,
    actor: Actor,
    case: Case,
    message: Message | None,
    action: str,
    reason: str,
    *,
    clause: str | None = None,
    until: datetime | None = None,
) -> Decision:
    """Add it to the case, before anything changes. What a clinician does is what was waited for.

    clause: of the promise it rests on; None: the usual one, where it restricts somebody. Raises BadFrame.
    """
    flags = cases.flags_of(work, case.id)
    rests_on = promises.chosen(action, clause, [code for flag in flags for code in flag.reasons])
    seat = rooms.find_any_seat(work, case.room_id, case.subject_id)
    decision = Decision(
        case_id=case.id,
        action=action,
        by=actor.id,
        sealed=b"",
        at=work.now,
        until=until,
        policy=case.policy,
        case_version=case.version,
        by_role=str(actor.role),
        clause=rests_on,
        clause_words=promises.words_of(work, rests_on),
        model=assessments.newest_model(work, message.id) if message else None,
        detected_by=_detected_by({flag.source for flag in flags}),
        before={**standing.before(seat, message), "awaited": case.awaits_clinician},
    )
    cases.add_decision(work, case, decision, reason)
    if actor.role is Role.CLINICIAN and action not in _NO_ANSWER:
        case.awaits_clinician = False
    return decision


_NO_ANSWER = frozenset({"undo", "removal_confirmed", "removal_declined"})


def write_down(work: Work, decision: Decision, verb: str, subject: UUID) -> None:
    """In the audit log: what was done, and a digest of the decision. Call it last in a verb."""
    acts.bind(work, decision)
    audit.append(work, decision.by, verb, subject)


def _detected_by(sources: set[str]) -> str:
    """Who pointed it out, by kind: never a name."""
    if sources & {"classifier", "lexicon", "refused"}:
        return "machine"
    if "outside" in sources and "member" not in sources:
        return "outside"
    return "member" if "member" in sources else "staff"
