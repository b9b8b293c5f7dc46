"""The queue: a query over cases in the order in which they should be worked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, exists, literal, or_, tuple_
from sqlmodel import col, func, select

from moderation import triage
from moderation.cases import CaseKind, CaseState
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.store.tables import Assessment, Case, Decision, Message
from server.store.tables.base import Utc
from server.store.work import Work

LIVING = (CaseState.OPEN, CaseState.ESCALATED)


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
    found: list[Placed] = []
    mine = [_visible(scope), *_narrow(wanted)]
    for rank, stretches in enumerate(_stretches(after.as_of if after else work.now, work.now)):
        if after and rank < after.rank:
            continue
        further = [_place() > _literal(after)] if after and rank == after.rank else []
        cases = _merged(work, [[*mine, *further, *one] for one in stretches], limit - len(found))
        found += [Placed(case, rank) for case in cases]
        if len(found) >= limit:
            break
    return found


def candidates(
    work: Work, scope: Scope, wanted: Wanted, seen: Collection[UUID], limit: int
) -> list[Case]:
    """The next cases that nobody holds, in working order, but those that were seen."""
    found: list[Case] = []
    mine = [_visible(scope), *_narrow(wanted), _unclaimed(work.now), col(Case.id).not_in(seen)]
    for stretches in _stretches(work.now, work.now):
        found += _merged(work, [[*mine, *one] for one in stretches], limit - len(found))
        if len(found) >= limit:
            break
    return found


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
    unread = select(Assessment.message_id).where(col(Assessment.assessed).is_(False))
    query = select(func.count()).where(
        col(Message.id).in_(unread),
        _plain(Message.room_id).in_(room_ids),
        Message.state == "published",
    )
    return work.session.exec(query.select_from(Message)).one()


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
    of_mine = _plain(Case.room_id).in_(scope.kept)
    if scope.cared:  # else the index alone can answer how many there are
        cared = and_(_plain(Case.room_id).in_(scope.cared), _for_clinicians())
        of_mine = or_(of_mine, cared)
    return and_(col(Case.subject_id) != scope.viewer, of_mine)


def _plain(column: Any) -> Any:
    """A column that is only compared: SQLite would look all of a room up by its index, and sort it."""
    return func.coalesce(column, column)


def _for_clinicians() -> ColumnElement[bool]:
    """The same as services.cases.is_for_clinicians, or a case that was escalated once."""
    escalated = exists().where(
        col(Decision.case_id) == Case.id,
        col(Decision.action).in_(("escalate", "remove_from_place")),
    )
    return or_(
        col(Case.state) == CaseState.ESCALATED,
        col(Case.kind) == CaseKind.APPEAL,
        col(Case.urgency) == Urgency.NOW,
        col(Case.rung) >= Rung.CLINICIANS,
        escalated,
    )


def _narrow(wanted: Wanted) -> list[ColumnElement[bool]]:
    narrowed: list[ColumnElement[bool]] = []
    if wanted.state != CaseState.CLOSED:  # what is living has a key: there is an index of these
        narrowed.append(col(Case.open_key).is_not(None))
    if wanted.state:
        narrowed.append(col(Case.state) == wanted.state)
    if wanted.urgency:
        narrowed.append(col(Case.urgency) == wanted.urgency)
    if wanted.room:
        narrowed.append(col(Case.room_id) == wanted.room)
    if wanted.kind:
        narrowed.append(col(Case.kind) == wanted.kind)
    return narrowed


_Terms = list[ColumnElement[bool]]


def _stretches(as_of: datetime, now: datetime) -> list[list[_Terms]]:
    """moderation.triage.queue_key in SQL, with what nobody looks at before what somebody does.

    By rank. Each stretch lies in one piece of the index of living cases, in the order of its rank, so
    that a page costs the same however many wait. What is not urgent is due a day after it opened: overdue
    by as much, it ranks with soon; a soon that is late stands before both.
    """
    urgency, seen, aged = (
        col(Case.urgency),
        col(Case.first_human_at).is_not(None),
        as_of - triage.DUE[Urgency.ROUTINE],
    )
    until = col(Case.claimed_until)
    claimed = and_(col(Case.claimed_by).is_not(None), or_(until.is_(None), until > now))
    return [
        [[urgency == Urgency.NOW, _unclaimed(now), col(Case.first_human_at).is_(None)]],
        [[urgency == Urgency.NOW, or_(seen, claimed)]],
        [[urgency == Urgency.SOON, col(Case.due_at) <= as_of]],
        [
            [urgency == Urgency.SOON, col(Case.due_at) > as_of],
            [urgency == Urgency.ROUTINE, col(Case.due_at) <= aged],
            [urgency == Urgency.NONE, col(Case.due_at) <= aged],
        ],
        [[urgency == Urgency.ROUTINE, col(Case.due_at) > aged]],
        [[urgency == Urgency.NONE, col(Case.due_at) > aged]],
    ]


def _merged(work: Work, stretches: Sequence[_Terms], limit: int) -> list[Case]:
    """The first of several stretches of one rank."""
    found: list[Case] = []
    for terms in stretches:
        query = select(Case).where(*terms).order_by(*_ORDER).limit(limit)
        found += work.session.exec(query)
    if len(stretches) > 1:
        found.sort(key=lambda case: (case.due_at, case.opened_at, case.id))
    return found[:limit]


_ORDER = (col(Case.due_at), col(Case.opened_at), col(Case.id))


def _unclaimed(now: datetime) -> ColumnElement[bool]:
    return or_(col(Case.claimed_by).is_(None), col(Case.claimed_until) <= now)


def _unread(room_ids: Sequence[UUID]) -> list[Any]:
    return [
        col(Assessment.room_id).in_(room_ids),
        col(Assessment.assessed).is_(False),
        col(Message.state) == "published",
    ]


def _place() -> Any:
    return tuple_(*_ORDER)


def _literal(position: Position) -> Any:
    return tuple_(
        literal(position.due_at, Utc()),
        literal(position.opened_at, Utc()),
        literal(position.id, Uuid()),
    )
