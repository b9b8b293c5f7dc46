"""Reports from outside: anybody says that something here is illegal or harmful, and learns what came of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from moderation.cases import CaseKind
from moderation.lexicon import find
from moderation.urgency import Urgency, most_urgent
from server.access import Actor, check
from server.errors import NotFound, NotNow
from server.ids import digest, new_code, read_code
from server.protocol import duties as bodies
from server.services import cases, outside_answers, take_down
from server.services.in_force import find_in_force
from server.store import audit, complaints, messages, outside
from server.store.tables import Complaint, ComplaintStep, Message, OutsideReport
from server.store.work import Work

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MOST_IDS: Final = 6
_SHOWN: Final = 200
_CODE: Final = re.compile(r"[A-Z2-9]{5}(?:-[A-Z2-9]{5}){4}-[A-Z2-9]{2}")
_WORDS: Final[dict[str, str]] = {
    "child_abuse": "Somebody outside says this is sexual abuse of a child",
    "threats": "Somebody outside says this threatens a person",
    "terrorism": "Somebody outside says this is terrorism",
    "intimate_images": "Somebody outside says this shares intimate images without consent",
    "suicide": "Somebody outside says this encourages suicide or self-harm",
    "hate": "Somebody outside says this is hate",
    "privacy": "Somebody outside says this gives away something private",
    "other": "Somebody outside says this is illegal or harmful",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """What whoever reports is shown once. urgent: their words speak of somebody in danger."""

    code: str
    number: int
    due_at: datetime
    urgent: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of a report. answer: a steward's words; else the standing ones of its outcome."""

    number: int
    kind: str
    state: bodies.ReportState
    at: datetime
    due_at: datetime
    decided_at: datetime | None
    outcome: str | None
    clause_words: str | None
    answer: str | None
    complaints: list[bodies.OwnComplaint]
    may_complain: bool


def report(work: Work, form: bodies.OutsideForm, code: str) -> Sent:
    """Keep it, and ask somebody to look: the room's moderators where its link names a message, else a steward.

    code: as the form carried it; sent twice under the same, it is kept once. Who may be in danger
    comes first.
    """
    code = _readable(code)
    words = orjson.dumps(form.model_dump(exclude={"good_faith", "kind"})).decode()
    known = outside.find_by_code(work, digest(code))
    if known and known.kind == form.kind and outside.open_words(work, known) == words:
        return Sent(code, known.number, known.due_at, known.urgent)
    code = new_code() if known else code
    danger = most_urgent(hit.urgency for hit in find(form.words) if hit.danger)
    made = OutsideReport(
        number=0, code_digest=digest(code), kind=form.kind, urgent=danger.rank >= Urgency.SOON.rank,
        at=work.now, due_at=take_down.due_at(work, form.kind),
    )  # fmt: skip
    outside.add(work, made, words)
    message = find_message(work, form.where)
    if message:
        put_on_case(work, made, message, danger)
    else:
        take_down.tell_stewards(work, "danger" if made.urgent else "received")
    audit.append(work, None, "report.outside", made.id)
    return Sent(code, made.number, made.due_at, made.urgent)


def find_message(work: Work, where: str) -> Message | None:
    """The message that a link names, where it stands in its room for others to read."""
    ids = [UUID(text) for text in _ID.findall(where)[:_MOST_IDS]]
    for at, room_id in enumerate(ids):
        for message_id in ids[at + 1 :]:
            message = messages.find_message(work, room_id, message_id)
            if message and message.state == "published":
                return message
    return None


def put_on_case(
    work: Work, report: OutsideReport, message: Message, danger: Urgency = Urgency.NONE
) -> None:
    """It joins the one open case of this message, or opens it, as a member's flag would."""
    urgency = most_urgent((take_down.urgency_of(work, report.kind), danger))
    case = cases.raise_case(
        work,
        room_id=message.room_id,
        subject_id=message.author_id,
        message_id=message.id,
        kind=CaseKind.FLAG,
        urgency=urgency,
        handling=None,
        about=None,
        language=None,
        policy=find_in_force(work).policy.version,
        source="outside",
        reasons=[f"outside_{report.kind}"],
        words=[_WORDS[report.kind]],
        spans=[],
    )
    report.message_id, report.case_id = message.id, case.id
    work.session.add(report)
    work.session.flush()


def status(work: Work, code: str) -> Shown:
    """What came of it, to whoever holds the code. Raises NotFound for any other."""
    found = _by_code(work, code)
    made = complaints.of_report(work, found.id)
    outcome = outside_answers.outcome_now(work, found)
    return Shown(
        number=found.number,
        kind=found.kind,
        state=state_of(found),
        at=found.at,
        due_at=found.due_at,
        decided_at=found.decided_at,
        outcome=outcome,
        clause_words=found.clause_words if outcome == "taken_down" else None,
        answer=outside.open_answer(work, found),
        complaints=[own_complaint(work, one) for one in made],
        may_complain=all(one.state == "answered" for one in made),
    )


def complain(work: Work, code: str, words: str) -> None:
    """They, too, may say that this was wrong. Raises NotFound; NotNow while one of theirs is looked at."""
    found = _by_code(work, code)
    made = complaints.of_report(work, found.id)
    if made and complaints.open_words(work, made[-1]) == words:
        return
    if any(one.state != "answered" for one in made):
        raise NotNow("You have complained already, and somebody will answer.")
    complaint = Complaint(number=0, kind="content", report_id=found.id, opened_at=work.now)
    complaints.add(work, complaint, words)
    opened(work, complaint)


def opened(work: Work, complaint: Complaint) -> None:
    """The first line of its history; the stewards are told."""
    step = ComplaintStep(complaint_id=complaint.id, step="opened", at=work.now)
    complaints.append(work, step, None)
    take_down.tell_stewards(work, "complaint")
    audit.append(work, complaint.by, "complaint.open", complaint.id)


def own_complaint(work: Work, complaint: Complaint) -> bodies.OwnComplaint:
    """As whoever complained reads it: the answer, and never the notes."""
    fields: Any = complaint
    answers = [one for one in complaints.steps_of(work, complaint.id) if one.step == "answered"]
    answer = answers[-1] if answers and complaint.state == "answered" else None
    return bodies.OwnComplaint(
        number=complaint.number,
        kind=fields.kind,
        state=fields.state,
        opened_at=complaint.opened_at,
        answered_at=complaint.answered_at,
        outcome=fields.outcome,
        words=complaints.open_words(work, complaint),
        answer=complaints.open_step(work, answer) if answer else None,
    )


def list_reports(work: Work, actor: Actor) -> bodies.Reports:
    """What waits first, then what was decided: no text."""
    check(actor, "steward.reports")
    return bodies.Reports(
        reports=[_line(one) for one in outside.newest(work, _SHOWN)],
        times=take_down.times(work),
        status=take_down.status(work),
    )


def read_report(work: Work, actor: Actor, report_id: UUID) -> bodies.Report:
    """One report. That a steward looked is kept, so this is a `do`. Raises NotFound."""
    found = _get(work, actor, report_id)
    if found.case_id is None and found.seen_at is None:
        found.seen_at = work.now
        work.session.add(found)
    audit.append(work, actor.id, "report.read", found.id)
    return _body(work, found)


def answer(work: Work, actor: Actor, report_id: UUID, asked: bodies.ReportAnswer) -> bodies.Report:
    """What came of one that waited for a steward. Raises NotNow when it is decided, or a case of moderators."""
    found = _get(work, actor, report_id)
    if found.decided_at is not None:
        raise NotNow("Somebody has answered this already.")
    if found.case_id is not None:
        raise NotNow("The moderators of its room decide this.")
    outside_answers.settle(work, found, asked.outcome, by=actor.id)
    outside.answer(work, found, asked.words)
    audit.append(work, actor.id, f"report.answer.{asked.outcome}", found.id)
    return _body(work, found)


def link(work: Work, actor: Actor, report_id: UUID, where: str) -> bodies.Report:
    """The message that a description means was found: its moderators decide. The clock runs on.

    Raises NotFound where the link names none, NotNow when it is decided or theirs already.
    """
    found = _get(work, actor, report_id)
    if found.decided_at is not None or found.case_id is not None:
        raise NotNow("This is with the moderators already, or decided.")
    message = find_message(work, where)
    if message is None:
        raise NotFound
    put_on_case(work, found, message, Urgency.SOON if found.urgent else Urgency.NONE)
    audit.append(work, actor.id, "report.link", found.id)
    return _body(work, found)


def state_of(found: OutsideReport) -> bodies.ReportState:
    """Where it stands."""
    if found.decided_at is not None:
        return "decided"
    return "looked" if found.seen_at is not None else "received"


def on_case(work: Work, case_id: UUID) -> list[bodies.OutsideOnCase]:
    """What moderators read of the reports on a case: never who made them."""
    return [_on_case(work, one) for one in outside.of_case(work, case_id)]


def _readable(code: str) -> str:
    """The code of the form, if it is one of ours; else another."""
    given = read_code(code)
    return given if _CODE.fullmatch(given) else new_code()


def _by_code(work: Work, code: str) -> OutsideReport:
    found = outside.find_by_code(work, digest(read_code(code)))
    if found is None:
        raise NotFound
    return found


def _get(work: Work, actor: Actor, report_id: UUID) -> OutsideReport:
    check(actor, "steward.reports")
    found = outside.lock(work, report_id)
    if found is None:
        raise NotFound
    return found


def _line(found: OutsideReport) -> bodies.ReportLine:
    fields: Any = found
    return bodies.ReportLine(
        id=found.id,
        number=found.number,
        kind=fields.kind,
        state=state_of(found),
        with_moderators=found.case_id is not None,
        urgent=found.urgent,
        at=found.at,
        due_at=found.due_at,
        decided_at=found.decided_at,
        outcome=fields.outcome,
    )


def _body(work: Work, found: OutsideReport) -> bodies.Report:
    said = _said(work, found)
    is_theirs = found.case_id is not None
    return bodies.Report(
        line=_line(found),
        where=None if is_theirs else said.get("where"),
        words=None if is_theirs else said.get("words"),
        name=said.get("name") or None,
        address=said.get("address") or None,
        answer=outside.open_answer(work, found),
    )


def _on_case(work: Work, found: OutsideReport) -> bodies.OutsideOnCase:
    said, fields = _said(work, found), found
    kind: Any = fields.kind
    return bodies.OutsideOnCase(
        number=found.number,
        kind=kind,
        where=said.get("where", ""),
        words=said.get("words", ""),
        at=found.at,
        due_at=found.due_at,
        decided_at=found.decided_at,
    )


def _said(work: Work, found: OutsideReport) -> dict[str, str]:
    words = outside.open_words(work, found)
    return orjson.loads(words) if words else {}
