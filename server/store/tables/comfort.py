"""How a member likes these pages, and asks that somebody answering them would like another to go on with."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class MemberComfort(SQLModel, table=True):
    """One member's choices. All but the language are sealed: what somebody folds away says something about them."""

    __tablename__ = "member_comfort"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", unique=True)
    language: str | None = None
    sealed: bytes
    at: datetime = time()


class AskPassedOn(SQLModel, table=True):
    """Somebody who answered an ask would like another to go on: it waits for others once more."""

    __tablename__ = "ask_passed_on"
    __table_args__ = (UniqueConstraint("message_id", "member_id"),)
    id: UUID = primary()
    message_id: UUID = Field(foreign_key="message.id")
    member_id: UUID = Field(foreign_key="member.id", index=True)
    at: datetime = time()
