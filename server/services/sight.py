"""What a clinician may see of one member: what that member agreed to. Each look leaves a receipt."""

from typing import Final, Literal
from uuid import UUID

from server.access import Actor, check, relation_of
from server.errors import NotFound
from server.store import audit, consents, rooms
from server.store.tables import Case, Consent, Receipt
from server.store.work import Work

Scope = Literal["mood", "measures", "messages", "alerts"]
SCOPES: Final[tuple[Scope, ...]] = ("mood", "measures", "messages", "alerts")
"""Each is given apart, to the clinicians of one group."""


def may_look(work: Work, actor: Actor, room_id: UUID, member_id: UUID, scope: Scope) -> Consent:
    """The agreement that lets the actor see this of the member now. Nothing is shown by asking.

    Raises NotFound where there is none: no group of theirs, no member of it, no consent look the same.
    """
    seat = rooms.find_seat(work, room_id, actor.id)
    check(actor, "member.look", relation_of(seat.seat if seat else None))
    if member_id == actor.id or rooms.find_seat(work, room_id, member_id) is None:
        raise NotFound
    consent = consents.find_standing(work, member_id, scope, room_id)
    if consent is None:
        raise NotFound
    return consent


def look(work: Work, actor: Actor, room_id: UUID, member_id: UUID, scope: Scope) -> Consent:
    """The same, and it is shown: a receipt for the member, a line in the audit log. A `do`, called last."""
    consent = may_look(work, actor, room_id, member_id, scope)
    _leave_receipt(work, actor, room_id, member_id, scope, consent)
    return consent


def note_alert(work: Work, actor: Actor, case: Case) -> None:
    """A clinician opened a case that an answer raised: a receipt, too. Taking consent back closes none."""
    consent = consents.find_standing(work, case.subject_id, "alerts", case.room_id)
    _leave_receipt(work, actor, case.room_id, case.subject_id, "alerts", consent)


def _leave_receipt(
    work: Work, actor: Actor, room_id: UUID, member_id: UUID, scope: Scope, consent: Consent | None
) -> None:
    receipt = Receipt(
        member_id=member_id, room_id=room_id, viewer_id=actor.id, role=actor.role,
        scope=scope, consent_id=consent.id if consent else None, at=work.now,
    )  # fmt: skip
    work.session.add(receipt)
    work.session.flush()
    audit.append(work, actor.id, f"look.{scope}", receipt.id)
