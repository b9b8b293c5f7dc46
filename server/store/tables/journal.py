"""A member's own words to themselves, and whether they are under a key of their own."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class JournalEntry(SQLModel, table=True):
    """Somebody's own words to themselves, or ciphertext of them, sealed under their key.

    client_id: under it they are kept once, however often they are sent; None: from before it was.
    """

    __tablename__ = "journal_entry"
    __table_args__ = (UniqueConstraint("member_id", "client_id"),)
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    sealed: bytes
    at: datetime = time()
    client_id: UUID | None = None


class JournalLock(SQLModel, table=True):
    """One member's, from their first entry on. version: one more with each turn of the key.

    proof: ciphertext of nothing under the key that the member alone holds; None: under the place's.
    """

    __tablename__ = "journal_lock"
    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
    version: int = 0
    proof: str | None = None
