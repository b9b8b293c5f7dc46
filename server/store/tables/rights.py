"""What members may ask about their data: a copy of it, or that it goes; and how long each kind is kept."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class DataExport(SQLModel, table=True):
    """A member asked for everything of theirs. The file lies sealed beside the database, under this id.

    state: waits, ready, failed, or taken (it can be fetched once). until: then it is deleted.
    """

    __tablename__ = "data_export"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    asked_at: datetime = time()
    state: str = Field(default="waits", index=True)
    ready_at: datetime | None = maybe_time()
    until: datetime | None = maybe_time()
    taken_at: datetime | None = maybe_time()
    size_bytes: int = 0


class Erasure(SQLModel, table=True):
    """A member leaves for good. Until `due_at` they can take it back, and then the row goes."""

    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
    asked_at: datetime = time()
    due_at: datetime = time(index=True)
    begun_at: datetime | None = maybe_time()
    """From here on it cannot be taken back."""
    done_at: datetime | None = maybe_time()


class Hold(SQLModel, table=True):
    """An open safety case of somebody who was erased: its words are kept for clinicians of the room, to a date.

    They are sealed under a key of the hold's own, which goes with it.
    """

    __tablename__ = "legal_hold"
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    made_at: datetime = time()
    until: datetime = time(index=True)


class HeldWords(SQLModel, table=True):
    """One text of a hold. row_id: the message, flag or case it stood in."""

    __tablename__ = "held_words"
    id: UUID = primary()
    hold_id: UUID = Field(foreign_key="legal_hold.id", index=True)
    row_id: UUID
    sealed: bytes


class Retention(SQLModel, table=True):
    """How long one kind of data is kept here, where a steward set it; and when it was last looked through."""

    kind: str = Field(primary_key=True)
    is_set: bool = False
    days: int | None = None
    """None: until its owner takes it away. Means something only where `is_set`."""
    ran_at: datetime | None = maybe_time()
    removed: int = 0
    """In the last look that ended."""
