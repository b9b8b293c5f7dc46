"""Access to one member's data without their consent, where somebody may be in danger."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class Emergency(SQLModel, table=True):
    """One clinician asks to see what a member did not share. It is open until `until`, and then over.

    until: None while it waits for a second person. answer: confirmed or declined, by `answered_by`.
    ended_at: somebody ended it early. sealed: why, in words, under the member's key.
    told_at: when the member was told that it had been open.
    """

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    room_id: UUID = Field(foreign_key="room.id", index=True)
    asked_by: UUID = Field(foreign_key="member.id")
    reason: str
    sealed: bytes
    asked_at: datetime = time(index=True)
    at_once: bool
    until: datetime | None = maybe_time()
    answer: str | None = None
    answered_by: UUID | None = Field(default=None, foreign_key="member.id")
    answered_at: datetime | None = maybe_time()
    ended_at: datetime | None = maybe_time()
    told_at: datetime | None = maybe_time()
