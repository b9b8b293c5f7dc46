"""Bodies of duties toward the law and people outside: reports, the take-down clock, complaints."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Storable, Text, Time, Wire

ReportKind = Literal[
    "child_abuse", "threats", "terrorism", "intimate_images", "suicide", "hate", "privacy", "other"
]
ReportState = Literal["received", "looked", "decided"]
Outcome = Literal["kept", "taken_down", "gone", "not_found"]
"""Of a report: it stays, it was taken down, it was no longer here, or nobody could find it."""
ComplaintKind = Literal["decision", "treated", "content", "machine", "privacy", "other"]
ComplaintState = Literal["open", "taken", "answered"]
ComplaintOutcome = Literal["upheld", "partly", "not_upheld"]
Step = Literal["opened", "taken", "passed", "note", "answered", "reopened"]
Hours = Annotated[int, Field(ge=1, le=720)]
Where = Annotated[Storable, Field(min_length=1, max_length=2_000)]
_Line = Annotated[Storable, Field(max_length=200)]


class OutsideForm(Wire):
    """What somebody outside fills in. `good_faith`: they believe that it is right and complete."""

    kind: ReportKind
    where: Where
    words: Text
    name: _Line
    address: _Line
    good_faith: Literal[True]


class TakeDown(Wire):
    """The clock of what was reported from outside: the first that ends, of those not decided."""

    kind: ReportKind
    since: Time
    due_at: Time
    reports: int


class OutsideOnCase(Wire):
    """A report on the message of a case. Never who made it."""

    number: int
    kind: ReportKind
    where: str
    words: str
    at: Time
    due_at: Time
    decided_at: Time | None


class DutiesStatus(Wire):
    """For the steward's page: reports that wait, those past their time, how long the last year's took."""

    open: int
    late: int
    median_s: int | None
    complaints_open: int


class ReportLine(Wire):
    """One report: no text. `with_moderators`: it is a case of theirs; else it waits for a steward."""

    id: Id
    number: int
    kind: ReportKind
    state: ReportState
    with_moderators: bool
    urgent: bool
    at: Time
    due_at: Time
    decided_at: Time | None
    outcome: Outcome | None


class TakeDownTime(Wire):
    """Within how many hours reports of a kind are decided."""

    kind: ReportKind
    hours: int
    default_hours: int


class Reports(Wire):
    """The newest reports, those that wait first; the times; what is open."""

    reports: list[ReportLine]
    times: list[TakeDownTime]
    status: DutiesStatus


class Report(Wire):
    """One report as a steward reads it. The words of what moderators look at stay with them."""

    line: ReportLine
    where: str | None
    words: str | None
    name: str | None
    address: str | None
    answer: str | None


class ReportAnswer(Wire):
    """What came of a report that waited for a steward; `words` are told to whoever made it."""

    outcome: Outcome
    words: Text


class ReportLink(Wire):
    """The message that a description means: the report becomes a case of its moderators."""

    link: Where


class TakeDownPatch(Wire):
    """Other hours for a kind; None: as shipped."""

    hours: Hours | None


class NewComplaint(Wire):
    """About how somebody was treated, or a decision. `notice`: that told of it. Sent twice, it is one."""

    client_id: Id
    kind: ComplaintKind
    words: Text
    notice: Id | None = None


class OwnComplaint(Wire):
    """A complaint of mine, and the answer."""

    number: int
    kind: ComplaintKind
    state: ComplaintState
    opened_at: Time
    answered_at: Time | None
    outcome: ComplaintOutcome | None
    words: str | None
    answer: str | None


class OwnComplaints(Wire):
    """Newest first. `outside`: where one can turn outside this place."""

    complaints: list[OwnComplaint]
    outside: str


class ComplaintLine(Wire):
    """One line of the log: no text. `by_me`, `i_decided`: why it is another steward's to answer."""

    id: Id
    number: int
    kind: ComplaintKind
    source: Literal["member", "outside"]
    state: ComplaintState
    handler: str | None
    mine: bool
    opened_at: Time
    answered_at: Time | None
    days_open: int
    outcome: ComplaintOutcome | None


class Complaints(Wire):
    """The log, what is open first. `colleagues`: other stewards, to pass one to."""

    complaints: list[ComplaintLine]
    colleagues: list["Steward"]


class Steward(Wire):
    """Somebody who runs this place."""

    id: Id
    name: str


class ComplaintStep(Wire):
    """What was done, by whom; None: by whoever complained."""

    step: Step
    by: str | None
    to: str | None
    outcome: ComplaintOutcome | None
    words: str | None
    at: Time


class Complaint(Wire):
    """The whole of it. `may_answer`: not for whoever complained, or decided what it is about."""

    line: ComplaintLine
    words: str | None
    report: int | None
    """The number of the report that it is about."""
    steps: list[ComplaintStep]
    may_answer: bool


class NewStep(Wire):
    """take, or pass (`to`), or a note (`words`), or the answer (`outcome`, `words`), or open again (`words`)."""

    step: Literal["take", "pass", "note", "answer", "reopen"]
    words: Text | None = None
    to: Id | None = None
    outcome: ComplaintOutcome | None = None
