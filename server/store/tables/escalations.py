"""What was handed up to the clinicians, and what they write about people and groups for each other."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class Escalation(SQLModel, table=True):
    """A case was handed up. The decision holds who, when and the note; an outcome is a decision too.

    room_id: where those who keep the room and its clinicians talk about it; nobody has a seat there,
    who may open the case may read it. shared: the messages and flags that were chosen to be shown.
    """

    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    decision_id: UUID = Field(foreign_key="decision.id")
    room_id: UUID = Field(foreign_key="room.id")
    by: UUID = Field(foreign_key="member.id")
    shared: list[str] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = time()


class TeamNote(SQLModel, table=True):
    """One version of a note of a room's clinicians. Appended, never edited; `note_id`: of its first version.

    kind: written, corrected or struck (then its words are the reason). member_id: None about the group.
    """

    __tablename__ = "team_note"
    __table_args__ = (UniqueConstraint("note_id", "version"),)
    id: UUID = primary()
    note_id: UUID
    version: int
    kind: str
    room_id: UUID = Field(foreign_key="room.id", index=True)
    member_id: UUID | None = Field(default=None, foreign_key="member.id", index=True)
    author_id: UUID = Field(foreign_key="member.id")
    sealed: bytes
    at: datetime = time()
