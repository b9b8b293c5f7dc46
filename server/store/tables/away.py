"""What reaches members who are away, and how the place looks to whoever looks over their shoulder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary


class AwayState(SQLModel, table=True):
    """One row, or none yet: a steward's choices."""

    __tablename__ = "away_state"
    id: int = Field(default=1, primary_key=True)
    members_called: bool = False
    """Web Push to members is on."""
    plain_name: str | None = None
    """What the app is called on a home screen; None: as the place is."""
    leave_to: str | None = None
    """Where "Leave" leads; None: a page of our own."""


class PushWish(SQLModel, table=True):
    """What a member wants to be called for in a room: all, replies or nothing. No row: replies."""

    __tablename__ = "push_wish"
    __table_args__ = (UniqueConstraint("member_id", "room_id"),)
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id")
    room_id: UUID = Field(foreign_key="room.id")
    wish: str


class PushNews(SQLModel, table=True):
    """How far one browser was told of one room; without a room: of what people decided and wrote to its owner."""

    __tablename__ = "push_news"
    __table_args__ = (UniqueConstraint("device_id", "room_id"),)
    id: UUID = primary()
    device_id: UUID = Field(foreign_key="push_device.id")
    room_id: UUID | None = Field(default=None, foreign_key="room.id")
    looked_seq: int = 0
    """Up to here the room was looked through."""
    looked_at: datetime | None = maybe_time()
    """The same for notices."""
    about_seq: int = 0
    """The newest message that is to be told; it is looked at again before anything is sent."""
    due_at: datetime | None = maybe_time(index=True)
    """When to tell; None: there is nothing to tell."""
    told_at: datetime | None = maybe_time()
    tries: int = 0
