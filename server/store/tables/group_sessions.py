"""Group sessions in a room: when, who hosts, what for; who wants to be reminded; who was there, until it is counted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class GroupSession(SQLModel, table=True):
    """A time in a room. `sealed`: title and what it is about, under the key of `sealed_by`.

    edition: rises with each change, so that a calendar takes the newer one. people: how many were
    there, rounded, counted once after its end; None where that may not be shown.
    """

    __tablename__ = "group_session"
    __table_args__ = (Index(None, "room_id", "starts_at"),)
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id")
    made_by: UUID = Field(foreign_key="member.id")
    host_id: UUID = Field(foreign_key="member.id")
    sealed_by: UUID = Field(foreign_key="member.id")
    sealed: bytes
    starts_at: datetime = time()
    ends_at: datetime = time()
    time_zone: str
    edition: int = 1
    made_at: datetime = time()
    cancelled_at: datetime | None = maybe_time()
    counted_at: datetime | None = maybe_time()
    people: int | None = None


class GroupSessionReminder(SQLModel, table=True):
    """Somebody asked to be reminded."""

    __tablename__ = "group_session_reminder"
    session_id: UUID = Field(foreign_key="group_session.id", primary_key=True)
    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
    at: datetime = time()


class GroupSessionTimer(SQLModel, table=True):
    """What happens to a session by itself, once: a reminder a day before, one shortly before, the count."""

    __tablename__ = "group_session_timer"
    __table_args__ = (
        UniqueConstraint("session_id", "kind"),
        Index(
            None,
            "due_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )
    id: UUID = primary()
    session_id: UUID = Field(foreign_key="group_session.id")
    kind: str
    due_at: datetime = time()
    done_at: datetime | None = maybe_time()


class GroupSessionPresence(SQLModel, table=True):
    """Who had the room open during a session: only until it is counted, then forgotten."""

    __tablename__ = "group_session_presence"
    session_id: UUID = Field(foreign_key="group_session.id", primary_key=True)
    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
