"""Whom and what a member does not want to hear: their own choice, known to nobody else."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class QuietPerson(SQLModel, table=True):
    """Somebody's words are folded away for a member; blocked: they cannot answer or react to them either."""

    __tablename__ = "quiet_person"
    __table_args__ = (
        UniqueConstraint("member_id", "person_id"),
        Index(
            None,
            "person_id",
            sqlite_where=text("blocked IS 1"),
            postgresql_where=text("blocked IS true"),
        ),
    )
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id")
    person_id: UUID = Field(foreign_key="member.id")
    blocked: bool
    at: datetime = time()


class QuietTopic(SQLModel, table=True):
    """A word a member does not want to meet unprepared, sealed: it says something about them."""

    __tablename__ = "quiet_topic"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    sealed: bytes
    at: datetime = time()
