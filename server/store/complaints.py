"""Queries about the log of complaints, and the sealing of what is said in it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, func, select

from server.store.sealing import Spot
from server.store.tables import Complaint, ComplaintStep, Place
from server.store.work import Work


def add(work: Work, complaint: Complaint, words: str) -> None:
    """Keep it, with the next number. Its words are under the member's key, or the report's."""
    work.session.exec(select(Place.id).with_for_update()).all()
    complaint.number = (work.session.exec(select(func.max(Complaint.number))).one() or 0) + 1
    complaint.sealed = work.sealer.seal(_owner(complaint), words, _spot(complaint))
    work.session.add(complaint)
    work.session.flush()


def open_words(work: Work, complaint: Complaint) -> str | None:
    """What was complained of; None when it can no longer be read."""
    return work.sealer.opened(_owner(complaint), complaint.sealed, _spot(complaint))


def append(work: Work, step: ComplaintStep, words: str | None) -> None:
    """One more line of its history; words are under the key of whoever wrote them."""
    if words is not None and step.by is not None:
        step.sealed = work.sealer.seal(step.by, words, _step_spot(step))
    work.session.add(step)
    work.session.flush()


def open_step(work: Work, step: ComplaintStep) -> str | None:
    """What was written with it."""
    if step.by is None:
        return None
    return work.sealer.opened(step.by, step.sealed, _step_spot(step))


def steps_of(work: Work, complaint_id: UUID) -> Sequence[ComplaintStep]:
    """Its history, oldest first."""
    query = select(ComplaintStep).where(ComplaintStep.complaint_id == complaint_id)
    return work.session.exec(query.order_by(col(ComplaintStep.at), col(ComplaintStep.id))).all()


def lock(work: Work, complaint_id: UUID) -> Complaint | None:
    """One complaint as it is now, locked until the commit where the engine locks rows."""
    query = select(Complaint).where(Complaint.id == complaint_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def find_sent(work: Work, member_id: UUID, client_id: UUID) -> Complaint | None:
    """What this member already sent under this client_id."""
    query = select(Complaint).where(Complaint.by == member_id, Complaint.client_id == client_id)
    return work.session.exec(query).first()


def of_member(work: Work, member_id: UUID, limit: int) -> Sequence[Complaint]:
    """A member's own, newest first."""
    query = select(Complaint).where(Complaint.by == member_id)
    return work.session.exec(query.order_by(col(Complaint.number).desc()).limit(limit)).all()


def of_report(work: Work, report_id: UUID) -> Sequence[Complaint]:
    """Those about a report by whoever made it, oldest first."""
    query = select(Complaint).where(Complaint.report_id == report_id)
    return work.session.exec(query.order_by(col(Complaint.number))).all()


def newest(work: Work, limit: int) -> Sequence[Complaint]:
    """What is not answered, the oldest first; then what is, the newest first."""
    living = select(Complaint).where(Complaint.state != "answered")
    found = list(work.session.exec(living.order_by(col(Complaint.number)).limit(limit)))
    answered = select(Complaint).where(Complaint.state == "answered")
    answered = answered.order_by(col(Complaint.number).desc()).limit(limit - len(found))
    return [*found, *work.session.exec(answered)]


def between(work: Work, begin: datetime, end: datetime) -> Sequence[Complaint]:
    """Those that came in a stretch of time."""
    query = select(Complaint).where(Complaint.opened_at >= begin, Complaint.opened_at < end)
    return work.session.exec(query.order_by(col(Complaint.number))).all()


def count_open(work: Work) -> int:
    """How many are not answered."""
    query = select(func.count()).where(Complaint.state != "answered")
    return work.session.exec(query.select_from(Complaint)).one()


def _owner(complaint: Complaint) -> UUID:
    owner = complaint.by or complaint.report_id
    assert owner is not None  # noqa: S101 - it is one or the other
    return owner


def _spot(complaint: Complaint) -> Spot:
    return Spot("complaint", "sealed", complaint.id, None)


def _step_spot(step: ComplaintStep) -> Spot:
    return Spot("complaint_step", "sealed", step.id, None)
