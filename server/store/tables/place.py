"""The place itself, its help lines, and the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, time


class Place(SQLModel, table=True):
    """One row: what a steward sets. `epoch` changes when positions from before are worthless (a restore)."""

    id: int = Field(default=1, primary_key=True)
    epoch: str
    key_file: str = ""
    """Which key file seals this community, so that a wrong one is noticed before anything is written."""
    name: str
    about: str
    sign_up: str
    minimum_age: int
    country: str | None = None
    help_lines_confirmed_at: datetime | None = maybe_time()
    policy_reviewed_at: datetime | None = maybe_time()
    policy_reviewed: str | None = None
    """The edition (moderation.review) that a clinician has read and confirmed."""
    key_backup_at: datetime | None = maybe_time()
    call_minutes: dict[str, list[int]] = Field(
        default_factory=dict, sa_column=Column(JSON, nullable=False)
    )
    """By urgency: minutes from the opening of a case to its three rungs; missing: the defaults."""
    on_call: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    """Ids of the members who are called when nobody else has come."""
    labels_allowed_at: datetime | None = maybe_time()
    """Since when decisions may be copied out to train a model; None: they may not."""
    created_at: datetime = time()


class OwnHelpLine(SQLModel, table=True):
    """A line a steward added, or a bundled one (same id) they chose to hide."""

    __tablename__ = "help_line"
    id: str = Field(primary_key=True)
    country: str = Field(index=True)
    hidden: bool = False
    own: bool = True
    fields: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = time()


class Audit(SQLModel, table=True):
    """Append-only: each row's `hash` covers the row before. Ids and codes, never text."""

    number: int = Field(primary_key=True)
    at: datetime = time()
    actor: UUID | None = None
    verb: str
    subject: str | None = None
    hash: bytes
