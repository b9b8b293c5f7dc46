"""What a clinician may see of one member: what that member agreed to. Each look leaves a receipt."""

from typing import Final, Literal
from uuid import UUID

from moderation.cases import CLINICIANS_ONLY, CaseKind
from server.access import Actor, Role
from server.errors import NotFound
from server.services import seats
from server.store import audit, cases, consents, emergencies, rooms, sharing
from server.store.tables import Case, Consent, Emergency, Receipt
from server.store.work import Work

Scope = Literal["mood", "measures", "messages", "alerts"]
SCOPES: Final[tuple[Scope, ...]] = ("mood", "measures", "messages", "alerts")
"""Each is given apart, to the clinicians of one group."""
Looked = Scope | Literal["case", "notes"]
IN_EMERGENCY: Final[tuple[Scope, ...]] = ("mood", "measures", "messages")
"""What an emergency opens. Alerts are a promise for later, and nothing to look at."""

_FOR_SAFETY: Final = CLINICIANS_ONLY | {CaseKind.RISK, CaseKind.LINE, CaseKind.LOOK_AGAIN}
_WORRIED: Final = "flag_worried"
"""Somebody called for a look because they feared for the member: such a case is for their safety, whatever its kind."""


def may_look(
    work: Work, actor: Actor, room_id: UUID, member_id: UUID, scope: Scope
) -> Consent | Emergency:
    """The agreement, or else the emergency, that lets the actor see this of the member now.

    Nothing is shown by asking. Raises NotFound where there is none: no group of theirs, no member of
    it, no consent look the same.
    """
    check_carer(work, actor, room_id)
    if member_id == actor.id or rooms.find_seat(work, room_id, member_id) is None:
        raise NotFound
    consent = consents.find_standing(work, member_id, scope, room_id)
    if consent is not None:
        return consent
    emergency = emergencies.find_open(work, actor.id, room_id, member_id)
    if emergency is None or scope not in IN_EMERGENCY:
        raise NotFound
    return emergency


def look(
    work: Work, actor: Actor, room_id: UUID, member_id: UUID, scope: Scope
) -> Consent | Emergency:
    """The same, and it is shown: a receipt for the member, a line in the audit log. A `do`, called last."""
    allowed = may_look(work, actor, room_id, member_id, scope)
    if not _hold(work, allowed):
        raise NotFound
    _leave_receipt(work, actor, room_id, member_id, scope, allowed)
    return allowed


def note_case(work: Work, actor: Actor, case: Case) -> None:
    """A clinician opened a case for the member's safety: a receipt, too.

    One that an answer raised rests on consent, and taking that back closes none; the others need none.
    A case about what somebody did to others is no look at them as a patient: its decisions are told.
    """
    if actor.role is not Role.CLINICIAN or not _is_for_safety(work, case):
        return
    if case.kind in CLINICIANS_ONLY:
        consent = consents.find_standing(work, case.subject_id, "alerts", case.room_id)
        _leave_receipt(work, actor, case.room_id, case.subject_id, "alerts", consent)
    else:
        _leave_receipt(work, actor, case.room_id, case.subject_id, "case", None)


def _is_for_safety(work: Work, case: Case) -> bool:
    if case.kind in _FOR_SAFETY:
        return True
    return any(_WORRIED in flag.reasons for flag in cases.flags_of(work, case.id))


def note_notes(work: Work, actor: Actor, room_id: UUID, member_id: UUID) -> None:
    """The clinical team's notes about the member were shown to one of it: a receipt, too."""
    _leave_receipt(work, actor, room_id, member_id, "notes", None)


def check_carer(work: Work, actor: Actor, room_id: UUID) -> None:
    """Raises NotFound where the actor is not a clinician of this group."""
    seats.check_seat(work, actor, "member.look", room_id)


def _hold(work: Work, allowed: Consent | Emergency) -> bool:
    if isinstance(allowed, Consent):
        return sharing.hold(work, allowed)
    return emergencies.hold(work, allowed)


def _leave_receipt(
    work: Work,
    actor: Actor,
    room_id: UUID,
    member_id: UUID,
    scope: Looked,
    allowed: Consent | Emergency | None,
) -> None:
    receipt = Receipt(
        member_id=member_id, room_id=room_id, viewer_id=actor.id, role=actor.role, scope=scope,
        consent_id=allowed.id if isinstance(allowed, Consent) else None,
        emergency_id=allowed.id if isinstance(allowed, Emergency) else None, at=work.now,
    )  # fmt: skip
    work.session.add(receipt)
    work.session.flush()
    audit.append(work, actor.id, f"look.{scope}", receipt.id)
