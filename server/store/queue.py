"""The queue: a query over cases in the order in which they should be worked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, exists, literal, or_, tuple_
from sqlalchemy import case as sql_case
from sqlmodel import col, func, select

from moderation import triage
from moderation.cases import CaseKind, CaseState
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.store.tables import Assessment, Case, Decision, Message
from server.store.tables.base import Utc
from server.store.work import Work

LIVING = (CaseState.OPEN, CaseState.ESCALATED)
_LAST = 5


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose queue: rooms kept as a moderator, rooms cared for as a clinician, and by whom."""

    kept: frozenset[UUID]
    cared: frozenset[UUID]
    viewer: UUID

    @property
    def rooms(self) -> frozenset[UUID]:
        """All of them."""
        return self.kept | self.cared


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page is narrowed to; None: everything that is not closed."""

    urgency: str | None = None
    room: UUID | None = None
    kind: str | None = None
    state: str | None = None


class Position(NamedTuple):
    """Where a page ended, in the order as it was at `as_of`: ageing moves nothing between pages."""

    as_of: datetime
    rank: int
    due_at: datetime
    opened_at: datetime
    id: UUID


class Placed(NamedTuple):
    """A case and its rank in the order."""

    case: Case
    rank: int


def page(
    work: Work, scope: Scope, wanted: Wanted, after: Position | None, limit: int
) -> list[Placed]:
    """Cases in working order: unclaimed `now` that nobody looked at first, then by triage."""
    rank = _rank(after.as_of if after else work.now, work.now)
    query = select(Case, rank.label("rank")).where(_visible(scope), *_narrow(wanted))
    if after:
        query = query.where(_place(rank) > _literal(after))
    query = query.order_by(rank, col(Case.due_at), col(Case.opened_at), col(Case.id))
    return [Placed(case, int(place)) for case, place in work.session.exec(query.limit(limit))]


def candidates(work: Work, scope: Scope, limit: int) -> Sequence[UUID]:
    """The next cases that nobody holds, in working order."""
    query = (
        select(Case.id)
        .where(_visible(scope), *_narrow(Wanted()), _unclaimed(work.now))
        .order_by(_rank(work.now, work.now), col(Case.due_at), col(Case.opened_at), col(Case.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def take(work: Work, case_id: UUID) -> Case | None:
    """Lock this case if it is still living and held by nobody; None when another was faster."""
    query = (
        select(Case)
        .where(Case.id == case_id, *_narrow(Wanted()), _unclaimed(work.now))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return work.session.exec(query).first()


def count_open(work: Work, scope: Scope) -> dict[str, int]:
    """Living cases by urgency."""
    query = (
        select(Case.urgency, func.count())
        .where(_visible(scope), *_narrow(Wanted()))
        .group_by(Case.urgency)
    )
    return {urgency: count for urgency, count in work.session.exec(query)}  # noqa: C416


def count_not_assessed(work: Work, room_ids: Sequence[UUID]) -> int:
    """Messages that are shown and that nobody and nothing has read."""
    query = select(func.count(func.distinct(Assessment.message_id))).join(
        Message, col(Message.id) == Assessment.message_id
    )
    return work.session.exec(query.where(*_unread(room_ids))).one()


def not_assessed(
    work: Work, room_ids: Sequence[UUID], limit: int
) -> Sequence[tuple[Message, str | None]]:
    """These messages and why, oldest first."""
    query = (
        select(Message, Assessment.why_not)
        .join(Assessment, col(Message.id) == Assessment.message_id)
        .where(*_unread(room_ids))
        .order_by(col(Message.at), col(Message.id))
        .limit(limit)
    )
    return work.session.exec(query).all()


def held_by(work: Work, member_id: UUID) -> Sequence[Case]:
    """The living cases whose claim is this member's."""
    query = select(Case).where(Case.claimed_by == member_id, col(Case.state).in_(LIVING))
    return work.session.exec(query.with_for_update()).all()


def oldest_open(work: Work) -> datetime | None:
    """When the oldest living case was opened, anywhere."""
    query = select(func.min(Case.opened_at)).where(col(Case.state).in_(LIVING))
    return work.session.exec(query).one()


def _visible(scope: Scope) -> ColumnElement[bool]:
    # Nobody judges a case about themselves, or learns who raised it.
    return and_(
        col(Case.subject_id) != scope.viewer,
        or_(
            col(Case.room_id).in_(scope.kept),
            and_(col(Case.room_id).in_(scope.cared), _for_clinicians()),
        ),
    )


def _for_clinicians() -> ColumnElement[bool]:
    """The same as services.cases.is_for_clinicians, or a case that was escalated once."""
    escalated = exists().where(col(Decision.case_id) == Case.id, col(Decision.action) == "escalate")
    return or_(
        col(Case.state) == CaseState.ESCALATED,
        col(Case.kind) == CaseKind.APPEAL,
        col(Case.urgency) == Urgency.NOW,
        col(Case.rung) >= Rung.CLINICIANS,
        escalated,
    )


def _narrow(wanted: Wanted) -> list[ColumnElement[bool]]:
    states = [wanted.state] if wanted.state else [str(state) for state in LIVING]
    narrowed: list[ColumnElement[bool]] = [col(Case.state).in_(states)]
    if wanted.urgency:
        narrowed.append(col(Case.urgency) == wanted.urgency)
    if wanted.room:
        narrowed.append(col(Case.room_id) == wanted.room)
    if wanted.kind:
        narrowed.append(col(Case.kind) == wanted.kind)
    return narrowed


def _rank(as_of: datetime, now: datetime) -> ColumnElement[int]:
    """moderation.triage.queue_key in SQL, with what nobody looks at before what somebody does.

    A routine case is due one due time after it opened: overdue by as much, it ranks with soon.
    """
    urgency, aged = col(Case.urgency), as_of - triage.DUE[Urgency.ROUTINE]
    unseen = and_(_unclaimed(now), col(Case.first_human_at).is_(None))
    return sql_case(
        (and_(urgency == Urgency.NOW, unseen), 0),
        (urgency == Urgency.NOW, 1),
        (and_(urgency == Urgency.SOON, col(Case.due_at) <= as_of), 2),
        (urgency == Urgency.SOON, 3),
        (col(Case.due_at) <= aged, 3),
        (urgency == Urgency.ROUTINE, 4),
        else_=_LAST,
    )


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(col(Case.claimed_by).is_(None), col(Case.claimed_until) <= now)


def _unread(room_ids: Sequence[UUID]) -> list[Any]:
    return [
        col(Assessment.room_id).in_(room_ids),
        col(Assessment.assessed).is_(False),
        col(Message.state) == "published",
    ]


def _place(rank: ColumnElement[int]) -> Any:
    return tuple_(rank, col(Case.due_at), col(Case.opened_at), col(Case.id))


def _literal(position: Position) -> Any:
    return tuple_(
        literal(position.rank),
        literal(position.due_at, Utc()),
        literal(position.opened_at, Utc()),
        literal(position.id, Uuid()),
    )
