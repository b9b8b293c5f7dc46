"""What one worker tells the others, for minutes; and what is counted to limit it, for an hour."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class Crossing(SQLModel, table=True):
    """Something that was told with a commit, sealed. `number` goes up in the order of commits."""

    number: int = Field(
        sa_column=Column(BigInteger, primary_key=True, autoincrement=False),
    )
    id: UUID = Field(unique=True)
    worker: UUID
    sealed: bytes
    at: datetime = time(index=True)


class Guess(SQLModel, table=True):
    """One use of something that is limited. `key` is salted: it leads to no name and no address."""

    __table_args__ = (Index(None, "kind", "key", "at"),)
    id: UUID = primary()
    kind: str
    key: str
    at: datetime = time(index=True)
