"""Duties over HTTP: complaints of members; reports from outside and the log, for stewards."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from server.api.depend import Ask, AskRecord
from server.protocol import duties as bodies
from server.services import complaints, duties_csv, outside, take_down

router = APIRouter(prefix="/api", tags=["duties"])

_OWN = {"x-access": "complaint.own"}
_REPORTS = {"x-access": "steward.reports"}
_COMPLAINTS = {"x-access": "steward.complaints"}


@router.get("/me/complaints", operation_id="complaint_list", openapi_extra=_OWN)
async def list_mine(ask: AskRecord) -> bodies.OwnComplaints:
    """What I complained of, and the answers."""
    return await ask.read("complaint.own", lambda work: complaints.list_mine(work, ask.actor))


@router.post("/me/complaints", status_code=201, operation_id="complaint_make", openapi_extra=_OWN)
async def complain(new: bodies.NewComplaint, ask: AskRecord) -> bodies.OwnComplaints:
    """Something was not as it should be. Somebody who had no part in it answers."""
    return await ask.do("complaint.own", lambda work: complaints.complain(work, ask.actor, new))


@router.get("/steward/reports", operation_id="steward_reports", openapi_extra=_REPORTS)
async def list_reports(ask: Ask) -> bodies.Reports:
    """Reports from outside, what waits first; and the take-down clock."""
    return await ask.read("steward.reports", lambda work: outside.list_reports(work, ask.actor))


@router.get("/steward/reports/{report_id}", operation_id="steward_report", openapi_extra=_REPORTS)
async def read_report(report_id: UUID, ask: Ask) -> bodies.Report:
    """One report. The words of what moderators look at stay with them."""
    return await ask.do(
        "steward.reports", lambda work: outside.read_report(work, ask.actor, report_id)
    )


@router.post(
    "/steward/reports/{report_id}/answer",
    operation_id="steward_report_answer",
    openapi_extra=_REPORTS,
)
async def answer_report(report_id: UUID, asked: bodies.ReportAnswer, ask: Ask) -> bodies.Report:
    """What came of it, told to whoever made it."""
    return await ask.do(
        "steward.reports", lambda work: outside.answer(work, ask.actor, report_id, asked)
    )


@router.post(
    "/steward/reports/{report_id}/link", operation_id="steward_report_link", openapi_extra=_REPORTS
)
async def link_report(report_id: UUID, asked: bodies.ReportLink, ask: Ask) -> bodies.Report:
    """The message that it means: from now on its moderators decide."""
    return await ask.do(
        "steward.reports", lambda work: outside.link(work, ask.actor, report_id, asked.link)
    )


@router.put(
    "/steward/take-down/{report_kind}", operation_id="steward_take_down", openapi_extra=_REPORTS
)
async def change_time(
    report_kind: bodies.ReportKind, patch: bodies.TakeDownPatch, ask: Ask
) -> bodies.Reports:
    """Within how many hours reports of a kind are decided, from now on."""
    await ask.do(
        "steward.reports", lambda work: take_down.change(work, ask.actor, report_kind, patch)
    )
    return await ask.read("steward.reports", lambda work: outside.list_reports(work, ask.actor))


@router.get("/steward/complaints", operation_id="steward_complaints", openapi_extra=_COMPLAINTS)
async def list_complaints(ask: Ask) -> bodies.Complaints:
    """The log, what is open first."""
    return await ask.read("steward.complaints", lambda work: complaints.list_all(work, ask.actor))


@router.get(
    "/steward/complaints/{complaint_id}",
    operation_id="steward_complaint",
    openapi_extra=_COMPLAINTS,
)
async def read_complaint(complaint_id: UUID, ask: Ask) -> bodies.Complaint:
    """One complaint with its history."""
    return await ask.do(
        "steward.complaints", lambda work: complaints.read(work, ask.actor, complaint_id)
    )


@router.post(
    "/steward/complaints/{complaint_id}/steps",
    operation_id="steward_complaint_step",
    openapi_extra=_COMPLAINTS,
)
async def add_step(complaint_id: UUID, new: bodies.NewStep, ask: Ask) -> bodies.Complaint:
    """Take it, pass it on, note, answer, open again."""
    return await ask.do(
        "steward.complaints", lambda work: complaints.step(work, ask.actor, complaint_id, new)
    )


@router.get(
    "/steward/duties.csv",
    operation_id="steward_duties_csv",
    openapi_extra=_COMPLAINTS,
    response_class=Response,
)
async def read_year(year: Annotated[int, Query(ge=2000, le=2999)], ask: Ask) -> Response:
    """A year in numbers, without text, for a report on transparency."""
    rows = await ask.do(
        "steward.complaints", lambda work: duties_csv.read_year(work, ask.actor, year)
    )
    headers = {
        "content-disposition": f'attachment; filename="duties-{year}.csv"',
        "cache-control": "no-store",
    }
    return StreamingResponse(
        duties_csv.stream(rows), media_type="text/csv; charset=utf-8", headers=headers
    )
