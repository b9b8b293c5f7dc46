"""What a member can see of those who looked at what is theirs."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class Receipt(SQLModel, table=True):
    """One look at one member's own data. The member sees who by role, what, when and why it was allowed.

    `scope`: what kind of data. `consent_id`: the agreement that allowed it, as it stood then;
    `emergency_id`: or the emergency that did.
    """

    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    room_id: UUID = Field(foreign_key="room.id")
    viewer_id: UUID = Field(foreign_key="member.id")
    role: str
    scope: str
    consent_id: UUID | None = Field(default=None, foreign_key="consent.id")
    emergency_id: UUID | None = Field(default=None, foreign_key="emergency.id")
    at: datetime = time()
