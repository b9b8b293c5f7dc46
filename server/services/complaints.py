"""The log of complaints: about how somebody was treated, or a decision; answered by another than decided it."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from server.access import Actor, Role, check
from server.errors import BadFrame, NotAllowed, NotFound, NotNow
from server.protocol import duties as bodies
from server.services import notices, outside, promises
from server.store import audit, cases, comfort, complaints, people, staff
from server.store import notices as stored_notices
from server.store import outside as stored_reports
from server.store.tables import Complaint, ComplaintStep
from server.store.work import Work

_SHOWN: Final = 200
_MOST_A_DAY: Final = 10
_DAY: Final = timedelta(days=1)


def list_mine(work: Work, actor: Actor) -> bodies.OwnComplaints:
    """The actor's own, with the answers."""
    check(actor, "complaint.own")
    found = complaints.of_member(work, actor.id, _SHOWN)
    return bodies.OwnComplaints(
        complaints=[outside.own_complaint(work, one) for one in found],
        outside=promises.outside(work, comfort.language_of(work, actor.id)),
    )


def complain(work: Work, actor: Actor, new: bodies.NewComplaint) -> bodies.OwnComplaints:
    """Say that something was wrong. Sent twice, it is one. Raises NotFound for another's notice; NotNow
    after ten in a day."""
    check(actor, "complaint.own")
    if complaints.find_sent(work, actor.id, new.client_id):
        return list_mine(work, actor)
    if new.notice and stored_notices.find_own(work, actor.id, new.notice) is None:
        raise NotFound
    lately = complaints.of_member(work, actor.id, _MOST_A_DAY)
    if len(lately) == _MOST_A_DAY and lately[-1].opened_at > work.now - _DAY:
        raise NotNow("That is a lot in one day. What you sent is kept, and somebody will answer.")
    complaint = Complaint(
        number=0, kind=new.kind, by=actor.id, notice_id=new.notice, client_id=new.client_id,
        opened_at=work.now,
    )  # fmt: skip
    complaints.add(work, complaint, new.words)
    outside.opened(work, complaint)
    _tell(work, complaint, "received", None)
    return list_mine(work, actor)


def list_all(work: Work, actor: Actor) -> bodies.Complaints:
    """The log, what is open first: no text."""
    check(actor, "steward.complaints")
    found = complaints.newest(work, _SHOWN)
    names = cases.member_names(work, {one.handler for one in found if one.handler})
    return bodies.Complaints(
        complaints=[_line(work, actor, one, names) for one in found],
        colleagues=[
            bodies.Steward(id=one.id, name=one.pseudonym)
            for one in staff.stewards(work)
            if one.id != actor.id
        ],
    )


def read(work: Work, actor: Actor, complaint_id: UUID) -> bodies.Complaint:
    """The whole of one. Looking leaves an audit line, so this is a `do`. Raises NotFound."""
    complaint = _get(work, actor, complaint_id)
    audit.append(work, actor.id, "complaint.read", complaint.id)
    return _body(work, actor, complaint)


def step(work: Work, actor: Actor, complaint_id: UUID, new: bodies.NewStep) -> bodies.Complaint:
    """One more line of its history: taken, passed on, a note, the answer, or opened again.

    Raises NotFound, BadFrame when a part is missing, NotNow when it does not fit where it stands, and
    NotAllowed when the actor complained, or decided what it is about.
    """
    complaint = _get(work, actor, complaint_id)
    _check(work, actor, complaint, new)
    done = ComplaintStep(
        complaint_id=complaint.id, step=_STEPS[new.step], by=actor.id, to=new.to,
        outcome=new.outcome, at=work.now,
    )  # fmt: skip
    _move(complaint, actor, new)
    if new.step == "answer":
        complaint.answered_at = work.now
    work.session.add(complaint)
    complaints.append(work, done, new.words)
    if new.step == "answer":
        _tell(work, complaint, "answered", new.words)
    if new.step == "pass" and new.to:
        notices.tell(
            work, member_id=new.to, kind="outside_report", code="passed", words=None,
            by_role="steward", by=actor.id,
        )  # fmt: skip
    audit.append(work, actor.id, f"complaint.{new.step}", complaint.id)
    return _body(work, actor, complaint)


_STEPS: Final[dict[str, bodies.Step]] = {
    "take": "taken", "pass": "passed", "note": "note", "answer": "answered", "reopen": "reopened",
}  # fmt: skip


def _check(work: Work, actor: Actor, complaint: Complaint, new: bodies.NewStep) -> None:
    if new.step in {"note", "answer", "reopen"} and not new.words:
        raise BadFrame("Please write some words.")
    if (new.step == "answer") != (new.outcome is not None):
        raise BadFrame("An answer has an outcome, and nothing else has.")
    if (new.step == "pass") != (new.to is not None):
        raise BadFrame("It is passed to another steward.")
    if (complaint.state == "answered") != (new.step == "reopen") and new.step != "note":
        raise NotNow("This is answered already." if new.step != "reopen" else None)
    if new.step in {"take", "answer"} and not may_answer(work, actor.id, complaint):
        raise NotAllowed(_ANOTHER)
    if new.to and not _may_take(work, new.to, complaint):
        raise NotNow("Please pass it to a steward who had no part in it.")


def may_answer(work: Work, member_id: UUID, complaint: Complaint) -> bool:
    """Whether they had no part in it: they did not complain, nor decide what it is about."""
    return member_id != complaint.by and member_id not in _deciders(work, complaint)


_ANOTHER: Final = "Somebody who had no part in this answers it."


def _may_take(work: Work, member_id: UUID, complaint: Complaint) -> bool:
    member = people.find_member(work, member_id)
    is_steward = member is not None and (member.role, member.state) == (Role.STEWARD, "active")
    return is_steward and may_answer(work, member_id, complaint)


def _deciders(work: Work, complaint: Complaint) -> set[UUID]:
    found: set[UUID] = set()
    notice = stored_notices.find(work, complaint.notice_id) if complaint.notice_id else None
    if notice:
        found |= {notice.by} if notice.by else set()
        found |= set(cases.deciders(work, notice.case_id, notice.message_id))
    report = stored_reports.find(work, complaint.report_id) if complaint.report_id else None
    if report:
        found |= {report.by} if report.by else set()
        found |= set(cases.deciders(work, report.case_id, report.message_id))
    return found


def _move(complaint: Complaint, actor: Actor, new: bodies.NewStep) -> None:
    if new.step == "reopen":
        complaint.state, complaint.outcome, complaint.answered_at = "open", None, None
        complaint.handler = None
    elif new.step in {"take", "pass"}:
        complaint.state, complaint.handler = "taken", new.to or actor.id
    elif new.step == "answer":
        complaint.state, complaint.outcome, complaint.handler = "answered", new.outcome, actor.id


def _tell(work: Work, complaint: Complaint, code: str, words: str | None) -> None:
    """A member finds the answer among their notices; outside, it waits under the code."""
    if complaint.by is not None:
        notices.tell(
            work, member_id=complaint.by, kind="complaint", code=code, words=words,
            by_role="steward" if words else "machine", automated=words is None,
        )  # fmt: skip


def _get(work: Work, actor: Actor, complaint_id: UUID) -> Complaint:
    check(actor, "steward.complaints")
    complaint = complaints.lock(work, complaint_id)
    if complaint is None:
        raise NotFound
    return complaint


def _line(
    work: Work, actor: Actor, complaint: Complaint, names: dict[UUID, str]
) -> bodies.ComplaintLine:
    fields: Any = complaint
    end = complaint.answered_at or work.now
    return bodies.ComplaintLine(
        id=complaint.id,
        number=complaint.number,
        kind=fields.kind,
        source="member" if complaint.by else "outside",
        state=fields.state,
        handler=names.get(complaint.handler) if complaint.handler else None,
        mine=complaint.handler == actor.id,
        opened_at=complaint.opened_at,
        answered_at=complaint.answered_at,
        days_open=(end - complaint.opened_at).days,
        outcome=fields.outcome,
    )


def _body(work: Work, actor: Actor, complaint: Complaint) -> bodies.Complaint:
    steps = complaints.steps_of(work, complaint.id)
    who = {one.by for one in steps if one.by} | {one.to for one in steps if one.to}
    who |= {complaint.handler} if complaint.handler else set()
    names = cases.member_names(work, who)
    report = stored_reports.find(work, complaint.report_id) if complaint.report_id else None
    return bodies.Complaint(
        line=_line(work, actor, complaint, names),
        words=complaints.open_words(work, complaint),
        report=report.number if report else None,
        steps=[_step(work, one, names) for one in steps],
        may_answer=complaint.state != "answered" and may_answer(work, actor.id, complaint),
    )


def _step(work: Work, step: ComplaintStep, names: dict[UUID, str]) -> bodies.ComplaintStep:
    fields: Any = step
    return bodies.ComplaintStep(
        step=fields.step,
        by=names.get(step.by) if step.by else None,
        to=names.get(step.to) if step.to else None,
        outcome=fields.outcome,
        words=complaints.open_step(work, step),
        at=step.at,
    )
