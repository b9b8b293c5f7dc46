"""Who looked at what is a member's own: by role, by day, and what allowed it."""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from server.access import Actor, check
from server.protocol import care as bodies
from server.store import receipts
from server.store.tables import Consent, Emergency, Receipt, Room
from server.store.work import Work

_SHOWN: Final = timedelta(days=400)
_MOST: Final = 20_000

_Row = tuple[Receipt, Room, Consent | None, Emergency | None]
_Key = tuple[date, UUID, str, str, UUID | None]


def list_mine(work: Work, actor: Actor) -> bodies.Receipts:
    """Every look of the last 400 days, those of a day and a role together, newest first."""
    check(actor, "receipt.list")
    since = work.now - _SHOWN
    found: list[_Row] = list(receipts.in_full(work, actor.id, since, _MOST))
    newest: dict[_Key, list[_Row]] = {}
    for row in found:
        newest.setdefault(_key(row[0]), []).append(row)
    return bodies.Receipts(receipts=[_line(rows) for rows in newest.values()], since=since)


def _key(receipt: Receipt) -> _Key:
    allowed = receipt.consent_id or receipt.emergency_id
    return receipt.at.date(), receipt.room_id, receipt.role, receipt.scope, allowed


def _line(rows: list[_Row]) -> bodies.ReceiptLine:
    newest, room, consent, emergency = rows[0]
    scope: Any = newest.scope
    role: Any = newest.role
    reason: Any = emergency.reason if emergency else None
    return bodies.ReceiptLine(
        room=room.id, room_name=room.name, scope=scope, by=role, looks=len(rows),
        first_at=rows[-1][0].at, last_at=newest.at,
        given_at=consent.given_at if consent else None, reason=reason,
    )  # fmt: skip
