"""The looks at a member's own data, for that member to see."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import Receipt
from server.store.work import Work


def of_member(work: Work, member_id: UUID) -> Sequence[Receipt]:
    """All of them, newest first."""
    query = select(Receipt).where(Receipt.member_id == member_id)
    return work.session.exec(query.order_by(col(Receipt.at).desc(), col(Receipt.id))).all()
