"""What the machine said, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time

_UNREAD: Any = {
    "sqlite_where": text("assessed IS 0"),
    "postgresql_where": text("assessed IS false"),
}


class Assessment(SQLModel, table=True):
    """One reading of one text: numbers and offsets, never words. `assessed` False: nobody has read it yet."""

    __table_args__ = (
        Index(None, "room_id", "at"),
        Index("ix_assessment_unread", "room_id", "at", **_UNREAD),
        Index("ix_assessment_missed", "why_not", "at", **_UNREAD),
        Index(
            "ix_assessment_left_out", "at",
            sqlite_where=text("left_out IS NOT NULL"),
            postgresql_where=text("left_out IS NOT NULL"),
        ),
    )  # fmt: skip
    id: UUID = primary()
    message_id: UUID = Field(foreign_key="message.id", index=True)
    room_id: UUID = Field(foreign_key="room.id")
    assessed: bool
    why_not: str | None = None
    model: str
    language: str | None = None
    signals: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    policy: str
    handling: str
    urgency: str
    reasons: list[str] = Field(sa_column=Column(JSON, nullable=False))
    left_out: str | None = None
    """Why no nudge was shown (moderation.verdict.LeftOut). Told to nobody, and counted."""
    at: datetime = time()


class NudgeShown(SQLModel, table=True):
    """That a nudge was shown and what its author chose. No words: nothing was said yet."""

    __tablename__ = "nudge"
    __table_args__ = (UniqueConstraint("member_id", "client_id"),)
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id", index=True)
    member_id: UUID = Field(foreign_key="member.id")
    client_id: UUID
    fingerprint: bytes
    reasons: list[str] = Field(sa_column=Column(JSON, nullable=False))
    policy: str
    at: datetime = time(index=True)
    outcome: str = "open"
    ended_at: datetime | None = maybe_time()
