"""A place's own policies, what was learnt by replaying them, and what those in shadow would have done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from server.store.tables.base import primary, time


class PolicyEdition(SQLModel, table=True):
    """One change of what judges here, or of what is on trial. Appended, never edited.

    mode: applied, shadow, or ended (nothing is on trial any more). text: TOML; None: as shipped.
    back_to: the earlier edition whose text was taken again, 0 for the shipped one. previous: what was
    in force before. warnings: those that were accepted.
    """

    __tablename__ = "policy_edition"
    number: int = Field(primary_key=True)
    id: UUID = Field(unique=True)
    mode: str
    text: str | None = None
    sealed: bytes | None = None
    """The reason, under the key of whoever gave it; at the terminal under the place's own."""
    by: UUID | None = Field(default=None, foreign_key="member.id")
    at: datetime = time()
    previous: int
    back_to: int | None = None
    replay_id: UUID | None = None
    warnings: list[str] = Field(sa_column=Column(JSON, nullable=False))


class PolicyReplay(SQLModel, table=True):
    """One replay of a policy over what was said here: figures, never words."""

    __tablename__ = "policy_replay"
    id: UUID = primary()
    fingerprint: str = Field(index=True)
    """Of the text that was replayed."""
    against: int
    """The edition in force then."""
    by: UUID | None = Field(default=None, foreign_key="member.id")
    at: datetime = time(index=True)
    report: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class ReplayJob(SQLModel, table=True):
    """A replay that is not done: running while somebody tells of it, whichever worker is asked; else failed.

    told_at: when its own worker last said how far it is.
    """

    __tablename__ = "policy_replay_job"
    id: UUID = primary()
    failed: bool = False
    done: int = 0
    total: int | None = None
    told_at: datetime = time()


class ShadowCount(SQLModel, table=True):
    """How often on one day something in shadow judged, and what it would have done. No words, no members."""

    __tablename__ = "policy_shadow"
    day: str = Field(primary_key=True)
    edition: int = Field(primary_key=True)
    what: str = Field(primary_key=True)
    outcome: str = Field(primary_key=True)
    count: int
