"""A year in numbers, for a report on transparency: what came in, what was decided, how long it took. No text."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Final, get_args

from server.access import Actor, check
from server.protocol import duties as bodies
from server.services.csv_cells import Cell, table
from server.services.take_down import KINDS
from server.store import audit, complaints, outside
from server.store.tables import Complaint, OutsideReport
from server.store.work import Work

HEADER: Final = ("year", "about", "kind", "figure", "value", "unit")
_HOUR_S: Final = 3_600
_OUTCOMES: Final = get_args(bodies.Outcome)
_COMPLAINT_KINDS: Final = get_args(bodies.ComplaintKind)
_COMPLAINT_OUTCOMES: Final = get_args(bodies.ComplaintOutcome)


def read_year(work: Work, actor: Actor, year: int) -> list[tuple[Cell, ...]]:
    """The rows of a year in UTC. That it left is kept, so this is a `do`."""
    check(actor, "steward.complaints")
    begin = datetime(year, 1, 1, tzinfo=UTC)
    end = datetime(year + 1, 1, 1, tzinfo=UTC)
    reports = outside.between(work, begin, end)
    logged = complaints.between(work, begin, end)
    audit.append(work, actor.id, "duties.export", str(year))
    found: list[tuple[Cell, ...]] = []
    for kind in KINDS:
        found += _of_reports(year, kind, [one for one in reports if one.kind == kind], work.now)
    for complaint_kind in _COMPLAINT_KINDS:
        mine = [one for one in logged if one.kind == complaint_kind]
        found += _of_complaints(year, complaint_kind, mine)
    return found


def stream(rows: list[tuple[Cell, ...]]) -> Iterator[bytes]:
    """As a spreadsheet opens it."""
    return table(HEADER, rows)


def _of_reports(
    year: int, kind: str, found: list[OutsideReport], now: datetime
) -> Iterator[tuple[Cell, ...]]:
    first = (year, "reports from outside", kind)
    outcomes = Counter(one.outcome for one in found)
    late = sum((one.decided_at or now) > one.due_at for one in found)
    waits = [(one.decided_at - one.at).total_seconds() for one in found if one.decided_at]
    yield (*first, "received", len(found), "count")
    for outcome in _OUTCOMES:
        yield (*first, outcome, outcomes[outcome], "count")
    yield (*first, "not decided yet", outcomes[None], "count")
    yield (*first, "past its time", late, "count")
    yield (*first, "median time", _hours(waits), "hours")


def _of_complaints(year: int, kind: str, found: list[Complaint]) -> Iterator[tuple[Cell, ...]]:
    first = (year, "complaints", kind)
    outcomes = Counter(one.outcome for one in found)
    waits = [(one.answered_at - one.opened_at).total_seconds() for one in found if one.answered_at]
    yield (*first, "received", len(found), "count")
    yield (*first, "received from outside", sum(one.by is None for one in found), "count")
    for outcome in _COMPLAINT_OUTCOMES:
        yield (*first, outcome, outcomes[outcome], "count")
    yield (*first, "not answered yet", outcomes[None], "count")
    yield (*first, "median time", _hours(waits), "hours")


def _hours(waits_s: list[float]) -> float | None:
    return round(median(waits_s) / _HOUR_S, 1) if waits_s else None
