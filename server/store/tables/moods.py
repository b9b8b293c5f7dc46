"""How members said they were."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class Mood(SQLModel, table=True):
    """One check-in: one of five feelings, sealed under its member's key. client_id: sent twice, kept once."""

    __table_args__ = (UniqueConstraint("member_id", "client_id"),)
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    client_id: UUID
    sealed: bytes
    at: datetime = time()
