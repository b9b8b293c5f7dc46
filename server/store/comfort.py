"""Queries about how members like these pages."""

from uuid import UUID

from sqlmodel import select

from server.store.sealing import Spot
from server.store.tables import MemberComfort
from server.store.work import Work

SPOKEN = "en"
"""To whoever chose no language."""


def language_of(work: Work, member_id: UUID) -> str:
    """In which language the place speaks to a member."""
    query = select(MemberComfort.language).where(MemberComfort.member_id == member_id)
    return work.session.exec(query).first() or SPOKEN


def find(work: Work, member_id: UUID) -> MemberComfort | None:
    """A member's choices, locked until the commit where the engine locks rows."""
    query = select(MemberComfort).where(MemberComfort.member_id == member_id)
    return work.session.exec(query.with_for_update()).first()


def open_choices(work: Work, row: MemberComfort) -> str | None:
    """What is sealed of them, as JSON; None when it can no longer be read."""
    return work.sealer.opened(row.member_id, row.sealed, _spot(row))


def put(work: Work, row: MemberComfort, choices: str) -> None:
    """Keep them, sealed under the member's key. choices: JSON."""
    row.sealed = work.sealer.seal(row.member_id, choices, _spot(row))
    row.at = work.now
    work.session.add(row)
    work.session.flush()


def _spot(row: MemberComfort) -> Spot:
    return Spot("member_comfort", "sealed", row.id, None)
