"""Rooms, seats, what was said, and everything that changed, in order."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class Room(SQLModel, table=True):
    """A place to talk; `conversation`: a private one, opened from a case or by a refused post."""

    id: UUID = primary()
    slug: str = Field(unique=True)
    name: str
    purpose: str
    kind: str = Field(default="room", index=True)
    language: str = "en"
    state: str = "open"
    age_group: str = "everybody"
    """Whom it is for: everybody, minors, adults. A private conversation is for those who sit in it."""
    created_at: datetime = time()


class RoomHead(SQLModel, table=True):
    """The room's own counter. One row, changed in the same transaction as what it counts."""

    __tablename__ = "room_head"
    room_id: UUID = Field(foreign_key="room.id", primary_key=True)
    seq: int = 0
    members: int = 0


class Membership(SQLModel, table=True):
    """A member's seat in a room. Left and come back: the same row."""

    __table_args__ = (UniqueConstraint("room_id", "member_id"), Index(None, "member_id", "left_at"))
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id")
    member_id: UUID = Field(foreign_key="member.id")
    seat: str = "member"
    joined_at: datetime = time()
    left_at: datetime | None = maybe_time()
    removed_at: datetime | None = maybe_time()
    """Set when a moderator ended the seat: coming back is theirs to allow."""
    paused_until: datetime | None = maybe_time()
    read_seq: int = 0


class Message(SQLModel, table=True):
    """What was said, sealed. `seq` comes when it is published; a held one has none.

    Each index is a page more to write before a message is durable: there is none that no query needs.

    `fingerprint`: keyed hash of the body, so that another body under one client_id is noticed.
    """

    __table_args__ = (
        UniqueConstraint("author_id", "client_id"),
        UniqueConstraint("room_id", "seq"),
        Index(
            None,
            "reply_to",
            sqlite_where=text("reply_to IS NOT NULL"),
            postgresql_where=text("reply_to IS NOT NULL"),
        ),
        Index(
            None,
            "room_id",
            "published_at",
            sqlite_where=text("ask IS 1"),
            postgresql_where=text("ask IS true"),
        ),
    )
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id")
    seq: int | None = None
    author_id: UUID = Field(foreign_key="member.id")
    author_kind: str = "person"
    client_id: UUID
    fingerprint: bytes
    sealed: bytes | None = None
    reply_to: UUID | None = Field(default=None, foreign_key="message.id")
    ask: bool = False
    sealed_note: bytes | None = None
    """What its author folded it behind: their own words."""
    collapsed_by: str | None = None
    """What the policy or a decision folded it behind: standing words, nobody's own."""
    state: str = "published"
    at: datetime = time()
    published_at: datetime | None = maybe_time()
    edited_at: datetime | None = maybe_time()


class Revision(SQLModel, table=True):
    """Words before an edit, sealed; read only inside an open case."""

    id: UUID = primary()
    message_id: UUID = Field(foreign_key="message.id", index=True)
    sealed: bytes
    at: datetime = time()


class Edit(SQLModel, table=True):
    """An edit's own client_id and first answer, so that its repetition is noticed too.

    `fingerprint`: as a message's. `notice_id`: set when it was held.
    """

    __table_args__ = (UniqueConstraint("author_id", "client_id"),)
    id: UUID = primary()
    author_id: UUID = Field(foreign_key="member.id")
    client_id: UUID
    message_id: UUID = Field(foreign_key="message.id")
    fingerprint: bytes
    seq: int
    notice_id: UUID | None = Field(default=None, foreign_key="notice.id")
    at: datetime = time()


class RoomEvent(SQLModel, table=True):
    """Everything that took a `seq`. What it shows is read from the message as it is now."""

    __tablename__ = "room_event"
    __table_args__ = (UniqueConstraint("room_id", "seq"),)
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id")
    seq: int
    kind: str
    message_id: UUID | None = Field(default=None, foreign_key="message.id")
    at: datetime = time()


class FirstReply(SQLModel, table=True):
    """How long a room's asks wait, as it was last counted; asks None: too few people asked to say."""

    __tablename__ = "first_reply"
    room_id: UUID = Field(foreign_key="room.id", primary_key=True)
    asks: int | None = None
    median_s: float | None = None
    counted_at: datetime = time()


class Reaction(SQLModel, table=True):
    """A quiet sign; one for each member and message."""

    __table_args__ = (UniqueConstraint("message_id", "member_id"),)
    id: UUID = primary()
    message_id: UUID = Field(foreign_key="message.id")
    member_id: UUID = Field(foreign_key="member.id")
    kind: str
    at: datetime = time()


class FeltHeard(SQLModel, table=True):
    """The asker's private answer to a reply."""

    __tablename__ = "felt_heard"
    __table_args__ = (UniqueConstraint("message_id", "asker_id"),)
    id: UUID = primary()
    message_id: UUID = Field(foreign_key="message.id")
    asker_id: UUID = Field(foreign_key="member.id")
    room_id: UUID = Field(foreign_key="room.id", index=True)
    answer: str
    at: datetime = time(index=True)
