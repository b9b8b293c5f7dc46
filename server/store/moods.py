"""Check-ins of mood, and their sealing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, delete, select

from server.store.sealing import Spot
from server.store.tables import Mood
from server.store.work import Work


def add(work: Work, member_id: UUID, client_id: UUID, feeling: str) -> Mood:
    """Keep one, sealed under its member's key."""
    mood = Mood(member_id=member_id, client_id=client_id, sealed=b"", at=work.now)
    mood.sealed = work.sealer.seal(member_id, feeling, _spot(mood))
    work.session.add(mood)
    work.session.flush()
    return mood


def open_feeling(work: Work, mood: Mood) -> str | None:
    """What was said; None when it can no longer be read."""
    return work.sealer.opened(mood.member_id, mood.sealed, _spot(mood))


def find_by_client_id(work: Work, member_id: UUID, client_id: UUID) -> Mood | None:
    """One that came under this id before."""
    query = select(Mood).where(Mood.member_id == member_id, Mood.client_id == client_id)
    return work.session.exec(query).first()


def of_member(work: Work, member_id: UUID, since: datetime, limit: int) -> Sequence[Mood]:
    """A member's check-ins since then, newest first."""
    query = select(Mood).where(Mood.member_id == member_id, col(Mood.at) >= since)
    return work.session.exec(query.order_by(col(Mood.at).desc(), col(Mood.id)).limit(limit)).all()


def count_since(work: Work, member_id: UUID, since: datetime) -> int:
    """How many of a member's there are since then."""
    return len(of_member(work, member_id, since, 1_000))


def remove(work: Work, member_id: UUID, mood_id: UUID) -> bool:
    """Let go of one of a member's own; False where there is none."""
    query = delete(Mood).where(col(Mood.id) == mood_id, col(Mood.member_id) == member_id)
    return bool(work.session.exec(query).rowcount)


def _spot(mood: Mood) -> Spot:
    return Spot("mood", "sealed", mood.id, None)
