"""A member's own plan, and its sealing."""

from uuid import UUID

from sqlmodel import col, delete, select

from server.store.sealing import Spot
from server.store.tables import SafetyPlan
from server.store.work import Work


def find(work: Work, member_id: UUID) -> SafetyPlan | None:
    """A member's plan, locked until the commit where the engine locks rows."""
    query = select(SafetyPlan).where(SafetyPlan.member_id == member_id)
    return work.session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).first()


def open_content(work: Work, row: SafetyPlan) -> str | None:
    """What is kept; None when it can no longer be read."""
    return work.sealer.opened(row.member_id, row.sealed, _spot(row))


def put(work: Work, row: SafetyPlan, content: str) -> None:
    """Keep it as the next version, sealed under the member's key."""
    row.sealed = work.sealer.seal(row.member_id, content, _spot(row))
    row.version += 1
    row.at = work.now
    work.session.add(row)
    work.session.flush()


def remove(work: Work, member_id: UUID) -> None:
    """Let go of a member's plan, if there is one."""
    work.session.exec(delete(SafetyPlan).where(col(SafetyPlan.member_id) == member_id))


def _spot(row: SafetyPlan) -> Spot:
    return Spot("safety_plan", "sealed", row.id, None)
