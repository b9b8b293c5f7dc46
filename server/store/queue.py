"""The queue: a query over cases in the order in which they should be worked."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, exists, literal, not_, or_, tuple_, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col, func, select

from moderation import triage
from moderation.cases import CLINICIANS_ONLY, CaseKind, CaseState
from moderation.ladder import Rung
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.store.tables import Case, Decision
from server.store.tables.base import Utc
from server.store.work import Work

LIVING = (CaseState.OPEN, CaseState.ESCALATED)
COUNTED_TO = 1_000
_FEW = 200
HARD_HANDLINGS = (Handling.COLLAPSE, Handling.HOLD)
"""Words that readers are sheltered from."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose queue: rooms kept as a moderator, rooms cared for as a clinician, and by whom."""

    kept: frozenset[UUID]
    cared: frozenset[UUID]
    viewer: UUID
    outside: bool = False
    """Also what is set aside from those who keep any other room."""
    inside: frozenset[UUID] = frozenset()
    """Rooms they sit in as staff, whatever their role opens there: nothing set aside there is for them."""

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
    language: str | None = None
    waits: timedelta | None = None
    """Opened at least so long ago."""


@dataclass(frozen=True, slots=True)
class Spared:
    """What is not handed out for now (services.guard).

    hard_in: rooms whose young hard cases are left to these others. cases: left whatever they are.
    since: a `now` that opened before this is left to nobody.
    """

    hard_in: Mapping[UUID, frozenset[UUID]] = field(default_factory=dict)
    cases: frozenset[UUID] = frozenset()
    since: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.hard_in or self.cases)


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
    # What is wanted first: it is the cheaper question, asked of each case that is passed over.
    mine = [
        *_few(work, wanted),
        *_narrow(wanted, after.as_of if after else work.now),
        _visible(scope),
    ]
    for rank, stretches in enumerate(_stretches(after.as_of if after else work.now, work.now)):
        if after and rank < after.rank:
            continue
        further = [_place() > _literal(after)] if after and rank == after.rank else []
        cases = _merged(work, [[*mine, *further, *one] for one in stretches], limit - len(found))
        found += [Placed(case, rank) for case in cases]
        if len(found) >= limit:
            break
    return found


def _few(work: Work, wanted: Wanted) -> list[ColumnElement[bool]]:
    """A language that few are in: these by name, instead of a look at all others to find them."""
    if not wanted.language:
        return []
    living = (col(Case.open_key).is_not(None), col(Case.language) == wanted.language)
    found = work.session.exec(select(Case.id).where(*living).limit(_FEW + 1)).all()
    return [col(Case.id).in_(found)] if len(found) <= _FEW else []


def candidates(
    work: Work,
    scope: Scope,
    wanted: Wanted,
    seen: Collection[UUID],
    limit: int,
    spared: Spared | None = None,
) -> list[Case]:
    """The next cases that nobody holds, in working order, but those that were seen or are spared."""
    found: list[Case] = []
    mine = [
        *_few(work, wanted),
        _visible(scope),
        *_narrow(wanted, work.now),
        _unclaimed(work.now),
        col(Case.id).not_in(seen),
        *([~_is_spared(spared, work.now)] if spared else []),
    ]
    for stretches in _stretches(work.now, work.now):
        found += _merged(work, [[*mine, *one] for one in stretches], limit - len(found))
        if len(found) >= limit:
            break
    return found


def take(work: Work, case_id: UUID) -> Case | None:
    """Lock this case if it is still living and held by nobody; None when another was faster."""
    query = (
        select(Case)
        .where(Case.id == case_id, *_narrow(Wanted(), work.now), _unclaimed(work.now))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return work.session.exec(query).first()


def count_open(work: Work, scope: Scope) -> dict[str, int]:
    """Living cases by urgency, no further than COUNTED_TO: to count on would take longer than a page.

    Those of urgency `now` are all counted.
    """
    living = and_(_visible(scope), *_narrow(Wanted(), work.now))
    counts = [_count_of(urgency, living) for urgency in Urgency]
    found = work.session.connection().execute(union_all(*counts))
    return {urgency: count for urgency, count in found}  # noqa: C416


def _count_of(urgency: Urgency, living: ColumnElement[bool]) -> Any:
    most = None if urgency is Urgency.NOW else COUNTED_TO
    those = select(literal(1)).select_from(Case).where(col(Case.urgency) == urgency, living)
    return select(literal(str(urgency)), func.count()).select_from(those.limit(most).subquery())


def count_urgent(work: Work, scope: Scope, wanted: Wanted) -> int:
    """Living cases of urgency `now` among those that a page is narrowed to."""
    urgent = [col(Case.open_key).is_not(None), col(Case.urgency) == Urgency.NOW]
    query = select(func.count()).where(*urgent, *_narrow(wanted, work.now), _visible(scope))
    return work.session.exec(query.select_from(Case)).one()


def languages(work: Work, scope: Scope) -> list[str]:
    """The languages that living cases were written in, as far as they are known."""
    query = select(Case.language).where(
        _visible(scope), *_narrow(Wanted(), work.now), col(Case.language).is_not(None)
    )
    return sorted(language for language in work.session.exec(query.distinct()) if language)


def held_by(work: Work, member_id: UUID) -> Sequence[Case]:
    """The living cases whose claim is this member's."""
    query = select(Case).where(Case.claimed_by == member_id, col(Case.state).in_(LIVING))
    return work.session.exec(query.with_for_update()).all()


def oldest_open(work: Work) -> datetime | None:
    """When the oldest living case was opened, anywhere; of what is for clinicians alone nothing is told."""
    query = select(func.min(Case.opened_at)).where(
        col(Case.state).in_(LIVING), col(Case.kind).not_in(CLINICIANS_ONLY)
    )
    return work.session.exec(query).one()


def _visible(scope: Scope) -> ColumnElement[bool]:
    # Nobody judges a case about themselves, or learns who raised it.
    kept = _plain(Case.room_id).in_(scope.kept)
    of_mine = and_(kept, col(Case.aside).is_(False))
    if scope.outside:
        inside = _plain(Case.room_id).in_(scope.inside)
        of_mine = or_(of_mine, and_(col(Case.aside).is_(True), not_(inside)))
    of_mine = and_(of_mine, col(Case.kind).not_in(CLINICIANS_ONLY))
    if scope.cared:  # else the index alone can answer how many there are
        cared = and_(_plain(Case.room_id).in_(scope.cared), _for_clinicians())
        of_mine = or_(of_mine, cared)
    return and_(col(Case.subject_id) != scope.viewer, of_mine)


class _Plain(FunctionElement[UUID]):
    """A column that is only compared: SQLite would look all of a room up by its index, and sort it.

    PostgreSQL knows better, as long as it may know how many rows a value has.
    """

    inherit_cache = True
    type = Uuid()


@compiles(_Plain)
def _as_it_is(element: _Plain, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


@compiles(_Plain, "sqlite")
def _without_index(element: _Plain, compiler: SQLCompiler, **how: Any) -> str:
    return f"+{compiler.process(element.clauses, **how)}"


def _plain(column: Any) -> Any:
    return _Plain(column)


def _for_clinicians() -> ColumnElement[bool]:
    """The same as services.cases.is_for_clinicians, or a case that was escalated once."""
    escalated = exists().where(
        col(Decision.case_id) == Case.id,
        col(Decision.action).in_(("escalate", "remove_from_place")),
    )
    return or_(
        col(Case.state) == CaseState.ESCALATED,
        col(Case.kind).in_({CaseKind.APPEAL, *CLINICIANS_ONLY}),
        col(Case.urgency) == Urgency.NOW,
        col(Case.rung) >= Rung.CLINICIANS,
        escalated,
    )


def _narrow(wanted: Wanted, as_of: datetime) -> list[ColumnElement[bool]]:
    narrowed: list[ColumnElement[bool]] = []
    if wanted.state != CaseState.CLOSED:  # what is living has a key: there is an index of these
        narrowed.append(col(Case.open_key).is_not(None))
    if wanted.state:
        narrowed.append(col(Case.state) == wanted.state)
    if wanted.urgency:
        narrowed.append(col(Case.urgency) == wanted.urgency)
    if wanted.room:
        narrowed.append(_plain(Case.room_id) == wanted.room)
    if wanted.kind:
        narrowed.append(col(Case.kind) == wanted.kind)
    if wanted.language:
        narrowed.append(col(Case.language) == wanted.language)
    if wanted.waits is not None:
        narrowed.append(col(Case.opened_at) <= as_of - wanted.waits)
    return narrowed


def _is_spared(spared: Spared, now: datetime) -> ColumnElement[bool]:
    urgent = col(Case.urgency) == Urgency.NOW
    hard = or_(urgent, func.coalesce(col(Case.handling), "").in_(HARD_HANDLINGS))
    # What is late is left to nobody; an appeal may have only one judge.
    young = or_(
        and_(urgent, col(Case.opened_at) > spared.since), and_(~urgent, col(Case.due_at) > now)
    )
    elsewhere = or_(
        *(
            _plain(Case.room_id) == room
            if len(others) > 1
            else and_(_plain(Case.room_id) == room, col(Case.subject_id).not_in(others))
            for room, others in spared.hard_in.items()
        ),
        col(Case.id).in_(()),
    )
    left = and_(hard, young, col(Case.kind) != CaseKind.APPEAL, elsewhere)
    return or_(col(Case.id).in_(spared.cases), left)


_Terms = list[ColumnElement[bool]]


def _stretches(as_of: datetime, now: datetime) -> Iterator[list[_Terms]]:
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
    yield [[urgency == Urgency.NOW, _unclaimed(now), col(Case.first_human_at).is_(None)]]
    yield [[urgency == Urgency.NOW, or_(seen, claimed)]]
    yield [[urgency == Urgency.SOON, col(Case.due_at) <= as_of]]
    yield [
        [urgency == Urgency.SOON, col(Case.due_at) > as_of],
        [urgency == Urgency.ROUTINE, col(Case.due_at) <= aged],
        [urgency == Urgency.NONE, col(Case.due_at) <= aged],
    ]
    yield [[urgency == Urgency.ROUTINE, col(Case.due_at) > aged]]
    yield [[urgency == Urgency.NONE, col(Case.due_at) > aged]]


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


def _place() -> Any:
    return tuple_(*_ORDER)


def _literal(position: Position) -> Any:
    return tuple_(
        literal(position.due_at, Utc()),
        literal(position.opened_at, Utc()),
        literal(position.id, Uuid()),
    )
