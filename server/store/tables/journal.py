"""A member's own words to themselves, and whether they are under a key of their own."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class JournalEntry(SQLModel, table=True):
    """Somebody's own words to themselves, or ciphertext of them, sealed under their key."""

    __tablename__ = "journal_entry"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    sealed: bytes
    at: datetime = time()


class JournalLock(SQLModel, table=True):
    """One member's, from their first entry on. version: one more with each turn of the key.

    proof: ciphertext of nothing under the key that the member alone holds; None: under the place's.
    """

    __tablename__ = "journal_lock"
    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
    version: int = 0
    proof: str | None = None
