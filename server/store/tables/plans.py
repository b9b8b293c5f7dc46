"""A member's own plan for hard times."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class SafetyPlan(SQLModel, table=True):
    """One member's, sealed under their key. version: from 1 on, one more with each change.

    locked: what is sealed is ciphertext, too: its key is held by the member alone.
    """

    __tablename__ = "safety_plan"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", unique=True)
    version: int
    locked: bool
    sealed: bytes
    at: datetime = time()
