"""What is past its days, kind by kind; and how it goes. Nothing that an open case needs is ever found."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, exists, or_, select, update

from server.store import case_words, holds, outside
from server.store.tables import (
    Assessment,
    Case,
    Complaint,
    ComplaintStep,
    DataExport,
    Edit,
    GuardCase,
    GuardShift,
    Hold,
    Invitation,
    Message,
    Notice,
    NudgeShown,
    OutsideReport,
    Retention,
    Revision,
    Session,
    Shift,
)
from server.store.work import Work

Past = Callable[[datetime], Any]
"""Ids of rows that are older than a time."""


def find(work: Work, kind: str) -> Retention | None:
    """What was set for a kind, and when it was looked through."""
    return work.session.get(Retention, kind)


def put(work: Work, row: Retention) -> None:
    """Keep it."""
    work.session.add(row)
    work.session.flush()


def past(work: Work, kind: str, before: datetime, limit: int) -> Sequence[UUID]:
    """Some rows of a kind that are to go."""
    found: Sequence[UUID] = work.session.exec(_PAST[kind](before).limit(limit)).all()
    return found


def remove(work: Work, kind: str, before: datetime, ids: Sequence[UUID]) -> int:
    """Those of them that are still to go. Messages are the caller's: their rooms are told."""
    query = _PAST[kind](before)
    still = work.session.exec(query.where(_ID[kind].in_(ids))).all()
    _REMOVE[kind](work, still)
    work.session.flush()
    return len(still)


def messages(work: Work, before: datetime, ids: Sequence[UUID]) -> Sequence[Message]:
    """Those of these messages that are still to lose their words."""
    still = work.session.exec(_PAST["messages"](before).where(col(Message.id).in_(ids))).all()
    return work.session.exec(select(Message).where(col(Message.id).in_(still))).all()


def _has_living_case(message_id: Any) -> Any:
    return exists().where(col(Case.message_id) == message_id, col(Case.open_key).is_not(None))


def _messages(before: datetime) -> Any:
    return (
        select(Message.id)
        .where(Message.at < before, col(Message.sealed).is_not(None), Message.state != "held")
        .where(~_has_living_case(col(Message.id)))
    )


def _revisions(before: datetime) -> Any:
    living = _has_living_case(col(Revision.message_id))
    return select(Revision.id).where(Revision.at < before, ~living)


def _assessments(before: datetime) -> Any:
    living = _has_living_case(col(Assessment.message_id))
    read = col(Assessment.assessed).is_(True)
    return select(Assessment.id).where(Assessment.at < before, read, ~living)


def _cases(before: datetime) -> Any:
    """Not those whose decision somebody still asks about: its reason is needed for the answer."""
    return (
        select(Case.id)
        .where(col(Case.open_key).is_(None), col(Case.closed_at) < before)
        .where(case_words.stand(), col(Case.id).not_in(_asked_about(col(Notice.case_id))))
    )


def _asked_about(column: Any) -> Any:
    """Of notices about which an appeal or a complaint is not answered yet."""
    complained = select(Complaint.notice_id).where(
        col(Complaint.notice_id).is_not(None), Complaint.state != "answered"
    )
    return select(column).where(
        column.is_not(None),
        or_(col(Notice.appeal) == "open", col(Notice.id).in_(complained)),
    )


def _nudges(before: datetime) -> Any:
    return select(NudgeShown.id).where(NudgeShown.at < before)


def _notices(before: datetime) -> Any:
    """Those that were asked about: when the answer is as old."""
    newly_answered = select(Case.appeal_of).where(
        col(Case.appeal_of).is_not(None),
        or_(col(Case.open_key).is_not(None), col(Case.closed_at) >= before),
    )
    return select(Notice.id).where(
        Notice.at < before,
        col(Notice.id).not_in(_asked_about(col(Notice.id))),
        col(Notice.id).not_in(newly_answered),
    )


def _sessions(before: datetime) -> Any:
    over = or_(col(Session.ended_at) < before, Session.expires_at < before)
    return select(Session.id).where(over)


def _invitations(before: datetime) -> Any:
    over = or_(col(Invitation.redeemed_at) < before, Invitation.expires_at < before)
    return select(Invitation.id).where(over)


def _shifts(before: datetime) -> Any:
    return select(Shift.id).where(col(Shift.ended_at) < before)


def _exports(before: datetime) -> Any:
    return select(DataExport.id).where(DataExport.asked_at < before, DataExport.state != "waits")


def _holds(now: datetime) -> Any:
    return select(Hold.id).where(Hold.until <= now)


def _reports(before: datetime) -> Any:
    """Not those that somebody still complains about."""
    disputed = exists().where(
        col(Complaint.report_id) == col(OutsideReport.id), col(Complaint.state) != "answered"
    )
    return select(OutsideReport.id).where(
        col(OutsideReport.decided_at) < before, col(OutsideReport.sealed).is_not(None), ~disputed
    )


def _complaints(before: datetime) -> Any:
    step_words = exists().where(
        col(ComplaintStep.complaint_id) == col(Complaint.id), col(ComplaintStep.sealed).is_not(None)
    )
    return (
        select(Complaint.id)
        .where(Complaint.state == "answered", col(Complaint.answered_at) < before)
        .where(or_(col(Complaint.sealed).is_not(None), step_words))
    )


_PAST: Mapping[str, Past] = {
    "messages": _messages,
    "revisions": _revisions,
    "cases": _cases,
    "assessments": _assessments,
    "nudges": _nudges,
    "notices": _notices,
    "sessions": _sessions,
    "invitations": _invitations,
    "shifts": _shifts,
    "exports": _exports,
    "holds": _holds,
    "reports": _reports,
    "complaints": _complaints,
}
_ID: Mapping[str, Any] = {
    "messages": col(Message.id),
    "revisions": col(Revision.id),
    "cases": col(Case.id),
    "assessments": col(Assessment.id),
    "nudges": col(NudgeShown.id),
    "notices": col(Notice.id),
    "sessions": col(Session.id),
    "invitations": col(Invitation.id),
    "shifts": col(Shift.id),
    "exports": col(DataExport.id),
    "holds": col(Hold.id),
    "reports": col(OutsideReport.id),
    "complaints": col(Complaint.id),
}


def _rows_of(model: Any) -> Callable[[Work, Sequence[UUID]], None]:
    def remove(work: Work, ids: Sequence[UUID]) -> None:
        work.session.exec(delete(model).where(col(model.id).in_(ids)))

    return remove


def _whole_notices(work: Work, ids: Sequence[UUID]) -> None:
    edits = update(Edit).where(col(Edit.notice_id).in_(ids)).values(notice_id=None)
    work.session.exec(edits.execution_options(synchronize_session="fetch"))
    work.session.exec(delete(Notice).where(col(Notice.id).in_(ids)))


def _whole_shifts(work: Work, ids: Sequence[UUID]) -> None:
    work.session.exec(delete(GuardCase).where(col(GuardCase.shift_id).in_(ids)))
    work.session.exec(delete(GuardShift).where(col(GuardShift.shift_id).in_(ids)))
    work.session.exec(delete(Shift).where(col(Shift.id).in_(ids)))


def _whole_holds(work: Work, ids: Sequence[UUID]) -> None:
    for hold_id in ids:
        holds.end(work, hold_id)


def _words_of_complaints(work: Work, ids: Sequence[UUID]) -> None:
    for statement in (
        update(Complaint).where(col(Complaint.id).in_(ids)).values(sealed=None),
        update(ComplaintStep).where(col(ComplaintStep.complaint_id).in_(ids)).values(sealed=None),
    ):
        work.session.exec(statement.execution_options(synchronize_session="fetch"))


_REMOVE: Mapping[str, Callable[[Work, Sequence[UUID]], None]] = {
    "revisions": _rows_of(Revision),
    "cases": case_words.forget,
    "assessments": _rows_of(Assessment),
    "nudges": _rows_of(NudgeShown),
    "notices": _whole_notices,
    "sessions": _rows_of(Session),
    "invitations": _rows_of(Invitation),
    "shifts": _whole_shifts,
    "exports": _rows_of(DataExport),
    "holds": _whole_holds,
    "reports": outside.forget,
    "complaints": _words_of_complaints,
}
