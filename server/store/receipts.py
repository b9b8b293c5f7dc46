"""The looks at a member's own data, for that member to see."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import Consent, Emergency, Receipt, Room
from server.store.work import Work


def of_member(work: Work, member_id: UUID) -> Sequence[Receipt]:
    """All of them, newest first."""
    query = select(Receipt).where(Receipt.member_id == member_id)
    return work.session.exec(query.order_by(col(Receipt.at).desc(), col(Receipt.id))).all()


def in_full(
    work: Work, member_id: UUID, since: datetime, limit: int
) -> Sequence[tuple[Receipt, Room, Consent | None, Emergency | None]]:
    """Those since then, newest first, each with its group and what allowed it."""
    query = (
        select(Receipt, Room, Consent, Emergency)
        .join(Room, col(Room.id) == Receipt.room_id)
        .outerjoin(Consent, col(Consent.id) == Receipt.consent_id)
        .outerjoin(Emergency, col(Emergency.id) == Receipt.emergency_id)
        .where(Receipt.member_id == member_id, col(Receipt.at) >= since)
        .order_by(col(Receipt.at).desc(), col(Receipt.id).desc())
        .limit(limit)
    )
    return work.session.exec(query).all()
