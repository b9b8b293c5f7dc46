"""What the machine did to somebody's words, and what the place promises: the reasons behind decisions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class Act(SQLModel, table=True):
    """One automated act on one member's words: codes and ids, never words. Appended, never edited.

    bound: the row of the audit log that holds its digest. band: how harsh it sounded (low, middle, high);
    None where that is not what it was about, and always where somebody may be in danger.
    """

    __table_args__ = (Index(None, "member_id", "at"),)
    id: UUID = primary()
    bound: int = Field(unique=True)
    member_id: UUID = Field(foreign_key="member.id")
    kind: str
    room_id: UUID = Field(foreign_key="room.id")
    message_id: UUID | None = Field(default=None, foreign_key="message.id")
    client_id: UUID | None = None
    """Of the draft that was answered, where no message was made."""
    about: str | None = None
    code: str | None = None
    """Of the refusal."""
    reasons: list[str] = Field(sa_column=Column(JSON, nullable=False))
    band: str | None = None
    clause: str | None = None
    clause_words: str | None = None
    model: str
    policy: str
    at: datetime = time()


class PlaceWords(SQLModel, table=True):
    """Words that a steward put in the place of shipped ones: of a promise, or of the ways outside."""

    __tablename__ = "place_words"
    code: str = Field(primary_key=True)
    words: str
    at: datetime = time()
