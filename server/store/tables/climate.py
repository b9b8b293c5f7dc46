"""A room's weeks in figures that may be shown, and what those who watch over it wrote beside them."""

import datetime as dates
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class ClimateWeek(SQLModel, table=True):
    """One week, counted once and never again. `figures`: by name, rounded; None where it is hidden.

    What is hidden is not stored: nobody can look it up here either.
    `edition`: of the definitions that it was counted by.
    """

    __tablename__ = "climate_week"
    room_id: UUID = Field(foreign_key="room.id", primary_key=True)
    start: dates.date = Field(primary_key=True)
    edition: int
    figures: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    counted_at: datetime = time()


class ClimateNote(SQLModel, table=True):
    """What happened on a day, as a clinician or steward wrote it: sealed under its author's key."""

    __tablename__ = "climate_note"
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id", index=True)
    author_id: UUID = Field(foreign_key="member.id")
    day: dates.date
    sealed: bytes
    at: datetime = time()
