"""Cases, what was seen, what was decided, and what those it touches were told."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class Case(SQLModel, table=True):
    """One thing for a person to judge: about a message, or about a member.

    `open_key` is set while it is open and unique: one open case per message or member.
    """

    __tablename__ = "care_case"
    __table_args__ = (
        Index(
            "ix_care_case_living", "urgency", "due_at", "opened_at", "id", "room_id", "subject_id",
            "aside", "language", "kind",
            sqlite_where=text("open_key IS NOT NULL"),
            postgresql_where=text("open_key IS NOT NULL"),
        ),
        Index(None, "room_id", "state"),
        Index(
            "ix_care_case_living_language",
            "language",
            sqlite_where=text("open_key IS NOT NULL"),
            postgresql_where=text("open_key IS NOT NULL"),
        ),
        Index(
            None,
            "claimed_by",
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
    )  # fmt: skip
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id")
    subject_id: UUID = Field(foreign_key="member.id", index=True)
    message_id: UUID | None = Field(default=None, foreign_key="message.id", index=True)
    open_key: str | None = Field(default=None, unique=True)
    kind: str
    state: str = "open"
    urgency: str
    urgency_rank: int
    handling: str | None = None
    about: str | None = None
    language: str | None = None
    opened_at: datetime = time(index=True)
    due_at: datetime = time()
    first_human_at: datetime | None = maybe_time()
    closed_at: datetime | None = maybe_time()
    version: int = 1
    claimed_by: UUID | None = Field(default=None, foreign_key="member.id")
    claimed_until: datetime | None = maybe_time()
    conversation_id: UUID | None = Field(default=None, foreign_key="room.id")
    appeal_of: UUID | None = None
    aside: bool = False
    """Not for those who keep this room: for moderators of other rooms, and stewards."""
    again_of: UUID | None = None
    """The closed case after which this person is looked at again."""
    rung: int = 0
    """How far the calling has gone (moderation.ladder.Rung)."""
    awaits_clinician: bool = False
    """Escalated, and no clinician has done anything about it yet."""
    sealed: bytes | None = None
    """Words that exist nowhere else: those of a refused post, or of an appeal."""
    policy: str


class CaseFlag(SQLModel, table=True):
    """Someone, or the machine, asks for a look. Many flags, one case."""

    __tablename__ = "case_flag"
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    source: str
    by: UUID | None = Field(default=None, foreign_key="member.id")
    reasons: list[str] = Field(sa_column=Column(JSON, nullable=False))
    words: list[str] = Field(sa_column=Column(JSON, nullable=False))
    spans: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    sealed: bytes | None = None
    at: datetime = time()


class Timer(SQLModel, table=True):
    """Something that happens to a case by itself, at a time, once.

    kind: rung, escalated (rungs that call for a clinician), look_again, lapse or settle; step: which of
    them, from 1. command: what became of the steward's command: waits, done, or a code of its failure;
    None where there is none to run.
    """

    __tablename__ = "case_timer"
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "step"),
        Index(
            None,
            "due_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(None, "called_at"),
    )
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id")
    kind: str
    step: int
    due_at: datetime = time()
    done_at: datetime | None = maybe_time()
    command: str | None = Field(default=None, index=True)
    called_at: datetime | None = maybe_time()


class Decision(SQLModel, table=True):
    """Who, what, why, under which policy, when. Appended, never edited; its reason goes with its case."""

    __table_args__ = (Index(None, "bound", unique=True),)
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    action: str
    by: UUID = Field(foreign_key="member.id")
    sealed: bytes
    """The reason; empty when it went."""
    sealed_digest: str | None = None
    """SHA-256 of a reason that went: what the audit log is bound to."""
    at: datetime = time()
    until: datetime | None = maybe_time()
    policy: str
    case_version: int
    by_role: str | None = None
    """What they were when they decided; this and what follows is None in decisions from before it was kept."""
    clause: str | None = None
    clause_words: str | None = None
    """The promise of the place that it rests on, in the words of that time."""
    model: str | None = None
    """What had read the message."""
    detected_by: str | None = None
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    """What stood before, so that it can be undone in full."""
    bound: int | None = None
    """The row of the audit log that holds its digest."""


class Notice(SQLModel, table=True):
    """What a member is told about something done to them or their words, and the way to appeal."""

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id")
    kind: str
    code: str
    sealed: bytes | None = None
    room_id: UUID | None = Field(default=None, foreign_key="room.id")
    message_id: UUID | None = Field(default=None, foreign_key="message.id")
    case_id: UUID | None = Field(default=None, foreign_key="care_case.id")
    decision_id: UUID | None = Field(default=None, foreign_key="decision.id")
    act_id: UUID | None = None
    """The automated act it tells of."""
    conversation_id: UUID | None = Field(default=None, foreign_key="room.id")
    automated: bool
    by_role: str
    by: UUID | None = Field(default=None, foreign_key="member.id")
    policy: str | None = None
    until: datetime | None = maybe_time()
    appeal_until: datetime | None = maybe_time()
    appeal: str | None = None
    at: datetime = time()
    read_at: datetime | None = maybe_time()

    __table_args__ = (Index(None, "member_id", "at"),)
