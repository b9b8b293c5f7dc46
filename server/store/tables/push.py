"""Web Push to staff: whether it is on, the browsers that asked for it, and what is still to be sent."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class PushState(SQLModel, table=True):
    """One row, or none yet: the steward's switch, and how sending went."""

    __tablename__ = "push_state"
    id: int = Field(default=1, primary_key=True)
    is_on: bool = False
    sent: int = 0
    failed: int = 0
    ended: int = 0
    """Browsers whose push service said that they are gone."""
    last_outcome: str | None = None
    """How the newest try ended: done, or a code."""
    last_at: datetime | None = maybe_time()


class PushDevice(SQLModel, table=True):
    """One browser of a member of staff. `sealed`: its address and keys, under the member's key."""

    __tablename__ = "push_device"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    mark: bytes = Field(unique=True)
    """A keyed hash of its address."""
    sealed: bytes
    quiet_from: int | None = None
    quiet_to: int | None = None
    """Minutes of the day, in `time_zone`; both or neither."""
    time_zone: str
    made_at: datetime = time()


class PushCall(SQLModel, table=True):
    """One message to one browser that is still to be sent. case_id or notice_id: what it is about; neither: a test."""

    __tablename__ = "push_call"
    id: UUID = primary()
    device_id: UUID = Field(foreign_key="push_device.id", index=True)
    case_id: UUID | None = Field(default=None, foreign_key="care_case.id")
    notice_id: UUID | None = Field(default=None, foreign_key="notice.id")
    due_at: datetime = time(index=True)
    until: datetime = time()
    """Later than this it helps nobody."""
    tries: int = 0
