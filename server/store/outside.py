"""Queries about reports from outside, and the sealing of their words under a key of each report's own."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, func, select

from server.store.sealing import Spot
from server.store.tables import Case, Complaint, OutsideReport, Place, TakeDownTime
from server.store.work import Work

_MOST_WAITS = 1_000


class OnCase(NamedTuple):
    """What the queue says of the reports on one case."""

    kind: str
    at: datetime
    due_at: datetime
    reports: int


def add(work: Work, report: OutsideReport, words: str) -> None:
    """Keep it, with the next number."""
    work.session.exec(select(Place.id).with_for_update()).all()
    report.number = (work.session.exec(select(func.max(OutsideReport.number))).one() or 0) + 1
    report.sealed = work.sealer.seal(report.id, words, _spot(report, "sealed"))
    work.session.add(report)
    work.session.flush()


def open_words(work: Work, report: OutsideReport) -> str | None:
    """What was reported; None when it can no longer be read."""
    return _open(work, report, "sealed")


def answer(work: Work, report: OutsideReport, words: str) -> None:
    """Keep what whoever made it is told."""
    report.sealed_answer = work.sealer.seal(report.id, words, _spot(report, "sealed_answer"))
    work.session.add(report)
    work.session.flush()


def open_answer(work: Work, report: OutsideReport) -> str | None:
    """What they are told in a steward's words."""
    return _open(work, report, "sealed_answer")


def find_by_code(work: Work, code_digest: bytes) -> OutsideReport | None:
    """The report whose code this is."""
    query = select(OutsideReport).where(OutsideReport.code_digest == code_digest)
    return work.session.exec(query).first()


def find(work: Work, report_id: UUID) -> OutsideReport | None:
    """One report."""
    return work.session.get(OutsideReport, report_id)


def lock(work: Work, report_id: UUID) -> OutsideReport | None:
    """The same as it is now, locked until the commit where the engine locks rows."""
    query = select(OutsideReport).where(OutsideReport.id == report_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def newest(work: Work, limit: int) -> Sequence[OutsideReport]:
    """Those that wait, the soonest due first; then those that are decided, the newest first."""
    waiting = select(OutsideReport).where(col(OutsideReport.decided_at).is_(None))
    found = list(work.session.exec(waiting.order_by(col(OutsideReport.due_at)).limit(limit)))
    decided = select(OutsideReport).where(col(OutsideReport.decided_at).is_not(None))
    decided = decided.order_by(col(OutsideReport.number).desc()).limit(limit - len(found))
    return [*found, *work.session.exec(decided)]


def undecided_of(work: Work, case_id: UUID) -> Sequence[OutsideReport]:
    """Those on a case that are not decided, locked where the engine locks rows."""
    query = select(OutsideReport).where(
        OutsideReport.case_id == case_id, col(OutsideReport.decided_at).is_(None)
    )
    query = query.order_by(col(OutsideReport.number)).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).all()


def unseen_of(work: Work, case_id: UUID) -> Sequence[OutsideReport]:
    """Those on a case that nobody has looked at."""
    query = select(OutsideReport).where(
        OutsideReport.case_id == case_id, col(OutsideReport.seen_at).is_(None)
    )
    return work.session.exec(query).all()


def of_case(work: Work, case_id: UUID) -> Sequence[OutsideReport]:
    """All on a case, oldest first."""
    query = select(OutsideReport).where(OutsideReport.case_id == case_id)
    return work.session.exec(query.order_by(col(OutsideReport.number))).all()


def clocks_of(work: Work, case_ids: Collection[UUID]) -> dict[UUID, OnCase]:
    """Of several cases at once: the first clock that ends, and how many reports run."""
    query = select(
        OutsideReport.case_id, OutsideReport.kind, OutsideReport.at, OutsideReport.due_at
    ).where(col(OutsideReport.case_id).in_(case_ids), col(OutsideReport.decided_at).is_(None))
    found: dict[UUID, OnCase] = {}
    for case_id, kind, at, due_at in work.session.exec(query.order_by(col(OutsideReport.due_at))):
        if case_id is not None:
            known = found.get(case_id, OnCase(kind, at, due_at, 0))
            found[case_id] = known._replace(reports=known.reports + 1)
    return found


def count_open(work: Work) -> tuple[int, int]:
    """How many are not decided, and how many of them are past their time."""
    query = select(func.count()).where(col(OutsideReport.decided_at).is_(None))
    late = query.where(OutsideReport.due_at <= work.now)
    return (
        work.session.exec(query.select_from(OutsideReport)).one(),
        work.session.exec(late.select_from(OutsideReport)).one(),
    )


def waits_s(work: Work, since: datetime) -> list[float]:
    """How long each took that was decided since then, in seconds; the newest thousand."""
    query = select(OutsideReport.at, OutsideReport.decided_at).where(
        col(OutsideReport.decided_at) >= since
    )
    query = query.order_by(col(OutsideReport.decided_at).desc()).limit(_MOST_WAITS)
    return [(done - at).total_seconds() for at, done in work.session.exec(query) if done]


def between(work: Work, begin: datetime, end: datetime) -> Sequence[OutsideReport]:
    """Those that came in a stretch of time."""
    query = select(OutsideReport).where(OutsideReport.at >= begin, OutsideReport.at < end)
    return work.session.exec(query.order_by(col(OutsideReport.number))).all()


def late_untold(work: Work, limit: int) -> Sequence[OutsideReport]:
    """Those past their time of which no steward was told, locked."""
    query = select(OutsideReport).where(
        col(OutsideReport.decided_at).is_(None),
        OutsideReport.due_at <= work.now,
        col(OutsideReport.late_told_at).is_(None),
    )
    query = query.order_by(col(OutsideReport.due_at)).limit(limit).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).all()


def has_late_untold(work: Work) -> bool:
    """Whether there is one."""
    query = select(OutsideReport.id).where(
        col(OutsideReport.decided_at).is_(None),
        OutsideReport.due_at <= work.now,
        col(OutsideReport.late_told_at).is_(None),
    )
    return work.session.exec(query.limit(1)).first() is not None


def hours_set(work: Work) -> dict[str, int]:
    """What stewards set, by kind."""
    return dict(work.session.exec(select(TakeDownTime.kind, TakeDownTime.hours)).all())


def set_hours(work: Work, kind: str, hours: int | None) -> None:
    """Other hours from now on; None: as shipped. Clocks that run go on as they were."""
    row = work.session.get(TakeDownTime, kind)
    if hours is None:
        if row:
            work.session.delete(row)
    else:
        row = row or TakeDownTime(kind=kind, hours=hours)
        row.hours = hours
        work.session.add(row)
    work.session.flush()


def forget(work: Work, report_ids: Sequence[UUID]) -> None:
    """The words go, and the keys they were under; what is counted stays."""
    for report_id in report_ids:
        report = work.session.get(OutsideReport, report_id)
        if report is not None:
            report.sealed = report.sealed_answer = None
            work.session.add(report)
        for complaint in work.session.exec(
            select(Complaint).where(Complaint.report_id == report_id)
        ):
            complaint.sealed = None
            work.session.add(complaint)
        work.session.flush()
        work.sealer.drop(report_id)


def case_of(work: Work, report: OutsideReport) -> Case | None:
    """The case it was put on."""
    return work.session.get(Case, report.case_id) if report.case_id else None


def _open(work: Work, report: OutsideReport, column: str) -> str | None:
    sealed = getattr(report, column)
    return work.sealer.opened(report.id, sealed, _spot(report, column))


def _spot(report: OutsideReport, column: str) -> Spot:
    return Spot("outside_report", column, report.id, None)
