"""Queries about decisions that still stand, and about how long an appeal waits."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import col, select

from moderation.cases import SANCTIONS, Action, CaseKind
from server.store.tables import Case, Decision, Notice
from server.store.undo import is_undone
from server.store.work import Work


class Sanction(NamedTuple):
    """A sanction and what became of it. softened: the decision on its appeal, when that changed it."""

    decision: Decision
    message_id: UUID | None
    appeal: str | None
    softened: Decision | None
    is_undone: bool

    @property
    def end(self) -> datetime | None:
        """When it ends by itself, as it is now; None: at no set time, or not by itself."""
        softened = self.softened.until if self.softened else None
        if self.decision.action == Action.PAUSE and self.decision.until:
            return min(self.decision.until, softened) if softened else self.decision.until
        return softened if self.decision.action == Action.REMOVE_MEMBER else None

    @property
    def stands(self) -> bool:
        """Whether anything of it does."""
        return self.appeal != "overturned" and not self.is_undone


def sanctions(work: Work, room_id: UUID, subject_id: UUID) -> list[Sanction]:
    """Every sanction about a member in a room, oldest first; also those that were undone."""
    appeal_case, softened = aliased(Case), aliased(Decision)
    query = (
        select(  # type: ignore[call-overload] # more columns than sqlmodel has overloads for
            Decision, Case.message_id, Notice.appeal, softened, is_undone()
        )
        .join(Case, col(Case.id) == Decision.case_id)
        .join(Notice, col(Notice.decision_id) == Decision.id, isouter=True)
        .join(appeal_case, col(appeal_case.appeal_of) == Notice.id, isouter=True)
        .join(
            softened,
            (col(softened.case_id) == appeal_case.id)
            & (col(softened.action) == Action.CHANGE)
            & ~is_undone(softened),
            isouter=True,
        )
        .where(
            Case.room_id == room_id,
            Case.subject_id == subject_id,
            col(Decision.action).in_(SANCTIONS),
        )
        .order_by(col(Decision.at), col(Decision.id))
    )
    return [Sanction(*row) for row in work.session.exec(query)]


def count(work: Work, room_id: UUID, subject_id: UUID, since: datetime) -> int:
    """How many of these still stand, of those since then."""
    found = sanctions(work, room_id, subject_id)
    return len({one.decision.id for one in found if one.stands and one.decision.at >= since})


def answered_waits(work: Work, within: timedelta, limit: int) -> list[timedelta]:
    """How long the appeals waited that were answered lately."""
    query = (
        select(Case.opened_at, Case.closed_at)
        .where(Case.kind == CaseKind.APPEAL, col(Case.closed_at) > work.now - within)
        .order_by(col(Case.closed_at).desc())
        .limit(limit)
    )
    return [closed - opened for opened, closed in work.session.exec(query) if closed]
