"""The wellbeing guard: what staff chose for themselves, and counts of a shift.

Counts only: nothing here says how anybody is. Which cases were opened is forgotten when the shift ends.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time


class GuardChoice(SQLModel, table=True):
    """What somebody set for themselves; no row: the defaults of services.guard."""

    __tablename__ = "guard_choice"
    member_id: UUID = Field(foreign_key="member.id", primary_key=True)
    is_on: bool = True
    budget: int
    """Hard cases in one shift, from which on gentler ones are handed out first."""


class GuardShift(SQLModel, table=True):
    """The counts of one shift."""

    __tablename__ = "guard_shift"
    shift_id: UUID = Field(foreign_key="shift.id", primary_key=True)
    member_id: UUID = Field(foreign_key="member.id", index=True)
    hard: int = 0
    """Hard cases opened; each counts once."""
    pauses: int = 0
    hand_offs: int = 0
    last_was_hard: bool = False
    paused_until: datetime | None = maybe_time()
    offer: bool = False
    """A crisis case was closed, and the offered pause is neither taken nor skipped."""


class GuardCase(SQLModel, table=True):
    """A case that was opened or given back in a running shift."""

    __tablename__ = "guard_case"
    shift_id: UUID = Field(foreign_key="shift.id", primary_key=True)
    case_id: UUID = Field(foreign_key="care_case.id", primary_key=True)
    given_back_at: datetime | None = maybe_time()
