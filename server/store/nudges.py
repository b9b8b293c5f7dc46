"""Queries about nudges."""

from uuid import UUID

from sqlmodel import select

from server.store.tables import NudgeShown
from server.store.work import Work


def find(work: Work, member_id: UUID, client_id: UUID) -> NudgeShown | None:
    """The nudge shown for this draft."""
    query = select(NudgeShown).where(
        NudgeShown.member_id == member_id, NudgeShown.client_id == client_id
    )
    return work.session.exec(query).first()
