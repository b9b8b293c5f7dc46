"""Duties toward the law and toward people outside: reports by anybody, their clock, and the log of complaints."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class OutsideReport(SQLModel, table=True):
    """Somebody, a member or not, says that something here is illegal or harmful.

    `sealed` and `sealed_answer` are under a key of the report's own, which goes with its words. Whoever
    holds the code reads what came of it; only its digest is kept. message_id, case_id: where its link
    named a message that stood in its room; else a steward looks. due_at: the end of the take-down clock.
    """

    __tablename__ = "outside_report"
    __table_args__ = (
        Index(
            None,
            "due_at",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )
    id: UUID = primary()
    number: int = Field(unique=True)
    code_digest: bytes = Field(unique=True)
    kind: str
    urgent: bool = False
    """Its words speak of somebody in danger."""
    sealed: bytes | None = None
    message_id: UUID | None = Field(default=None, foreign_key="message.id", index=True)
    case_id: UUID | None = Field(default=None, foreign_key="care_case.id", index=True)
    at: datetime = time(index=True)
    due_at: datetime = time()
    seen_at: datetime | None = maybe_time()
    decided_at: datetime | None = maybe_time()
    outcome: str | None = None
    by: UUID | None = Field(default=None, foreign_key="member.id")
    """The steward who answered; None where a case did."""
    clause_words: str | None = None
    """The promise that a decision rests on, in the words of that time."""
    sealed_answer: bytes | None = None
    late_told_at: datetime | None = maybe_time()


class TakeDownTime(SQLModel, table=True):
    """Within how many hours reports of one kind are decided here, where a steward set it."""

    __tablename__ = "take_down_time"
    kind: str = Field(primary_key=True)
    hours: int


class Complaint(SQLModel, table=True):
    """Somebody says that they, or their report, were not treated as they should be. A number, and a state.

    by: the member who complains; report_id: of a report, where whoever made it does. `sealed` is under
    the member's key or the report's. What happened to it is in `complaint_step`.
    """

    __table_args__ = (UniqueConstraint("by", "client_id"),)
    id: UUID = primary()
    number: int = Field(unique=True)
    kind: str
    by: UUID | None = Field(default=None, foreign_key="member.id", index=True)
    report_id: UUID | None = Field(default=None, foreign_key="outside_report.id", index=True)
    notice_id: UUID | None = None
    """The notice of the decision that it is about, if any."""
    client_id: UUID | None = None
    sealed: bytes | None = None
    state: str = Field(default="open", index=True)
    handler: UUID | None = Field(default=None, foreign_key="member.id")
    outcome: str | None = None
    opened_at: datetime = time(index=True)
    answered_at: datetime | None = maybe_time()


class ComplaintStep(SQLModel, table=True):
    """What was done with a complaint: appended, never changed. Its words are sealed under whoever wrote them."""

    __tablename__ = "complaint_step"
    id: UUID = primary()
    complaint_id: UUID = Field(foreign_key="complaint.id", index=True)
    step: str
    by: UUID | None = Field(default=None, foreign_key="member.id")
    """None: whoever complained, or nobody."""
    to: UUID | None = Field(default=None, foreign_key="member.id")
    outcome: str | None = None
    sealed: bytes | None = None
    at: datetime = time()
