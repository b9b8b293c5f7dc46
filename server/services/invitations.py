"""Invitations: each opens the door once, for one role, perhaps into one room."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound
from server.ids import digest, new_code
from server.protocol import bodies
from server.store import audit, rooms, staff
from server.store.tables import Invitation
from server.store.work import Work

_SHOWN = 200


def list_invitations(work: Work, actor: Actor) -> bodies.Invitations:
    """Those that still open a door, and those that did. Never their codes."""
    check(actor, "steward.invitations")
    found = staff.invitations(work, _SHOWN)
    return bodies.Invitations(invitations=[_body(row) for row in found])


def invite(work: Work, actor: Actor, new: bodies.NewInvitation) -> bodies.Invitation:
    """A new one. Its code is told this once; only a digest is kept."""
    check(actor, "steward.invitations")
    room = rooms.find_public(work, new.room) if new.room else None
    if new.room and room is None:
        raise NotFound
    code = new_code()
    row = Invitation(
        code_digest=digest(code),
        role=new.role,
        room_id=new.room,
        made_by=actor.id,
        created_at=work.now,
        expires_at=work.now + timedelta(days=new.days),
    )
    work.session.add(row)
    audit.append(work, actor.id, "invitation.make", row.id)
    return _body(row, code)


def revoke(work: Work, actor: Actor, invitation_id: UUID) -> None:
    """Nobody comes in by this one any more. Raises NotFound when somebody did."""
    check(actor, "steward.invitations")
    row = staff.find_invitation(work, invitation_id)
    if row is None or row.redeemed_at:
        raise NotFound
    row.expires_at = min(row.expires_at, work.now)
    work.session.add(row)
    audit.append(work, actor.id, "invitation.revoke", row.id)


def _body(row: Invitation, code: str | None = None) -> bodies.Invitation:
    role: Any = row.role
    return bodies.Invitation(
        id=row.id,
        role=role,
        room=row.room_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        redeemed_at=row.redeemed_at,
        code=code,
        path=f"/sign-up#invitation={code}" if code else None,
    )
