"""Queries about nudges."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select

from server.store.tables import NudgeShown
from server.store.work import Work


def find(work: Work, member_id: UUID, client_id: UUID) -> NudgeShown | None:
    """The nudge shown for this draft."""
    query = select(NudgeShown).where(
        NudgeShown.member_id == member_id, NudgeShown.client_id == client_id
    )
    return work.session.exec(query).first()


def shown_between(work: Work, begin: datetime, end: datetime) -> Sequence[UUID]:
    """Each draft anywhere that was nudged from `begin` on and before `end`: of whom."""
    query = select(NudgeShown.member_id).where(NudgeShown.at >= begin, NudgeShown.at < end)
    return work.session.exec(query).all()


def count_since(work: Work, member_id: UUID, since: datetime) -> int:
    """How many drafts of a member were nudged."""
    query = select(func.count(col(NudgeShown.id))).where(
        NudgeShown.member_id == member_id, NudgeShown.at >= since
    )
    return work.session.exec(query).one()
