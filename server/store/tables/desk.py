"""What the desk adds to a case: what can be taken back, notes between colleagues, words to start from."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class Undo(SQLModel, table=True):
    """For a short time a decision can be taken back by whoever made it.

    before: what it changed, as it was: states, ids and times, no words. step: of the timer that ends
    it. waits: what it does and says comes only then. sealed: the words that wait, under the decider's key.
    """

    __tablename__ = "decision_undo"
    __table_args__ = (UniqueConstraint("case_id", "step"),)
    decision_id: UUID = Field(foreign_key="decision.id", primary_key=True)
    case_id: UUID = Field(foreign_key="care_case.id")
    step: int
    until: datetime = time()
    waits: bool
    before: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    sealed: bytes | None = None
    done_at: datetime | None = maybe_time()
    undone_at: datetime | None = maybe_time()


class HandOver(SQLModel, table=True):
    """A claim went to a colleague, or back to the queue, with a note for whoever has it next."""

    __tablename__ = "hand_over"
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    by: UUID = Field(foreign_key="member.id")
    to: UUID | None = Field(default=None, foreign_key="member.id")
    sealed: bytes
    at: datetime = time()


class Opinion(SQLModel, table=True):
    """A colleague was asked what they think; the case stays with whoever has it."""

    __table_args__ = (
        Index(
            None, "of", sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )  # fmt: skip
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    by: UUID = Field(foreign_key="member.id")
    of: UUID = Field(foreign_key="member.id")
    sealed: bytes
    at: datetime = time()
    answer: bytes | None = None
    answered_at: datetime | None = maybe_time()


class Removal(SQLModel, table=True):
    """Somebody asks that a member leaves the place; another person confirms it, or does not."""

    __table_args__ = (
        Index(
            None, "at", sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )  # fmt: skip
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id", index=True)
    decision_id: UUID = Field(foreign_key="decision.id")
    at: datetime = time()
    confirmed: bool | None = None
    answered_by: UUID | None = Field(default=None, foreign_key="member.id")
    answered_at: datetime | None = maybe_time()


class WrongRule(SQLModel, table=True):
    """A person says that a rule should not have raised this case. Codes, no words."""

    __tablename__ = "wrong_rule"
    __table_args__ = (UniqueConstraint("case_id", "by", "rule"), Index(None, "rule", "model"))
    id: UUID = primary()
    case_id: UUID = Field(foreign_key="care_case.id")
    by: UUID = Field(foreign_key="member.id")
    rule: str
    model: str
    policy: str
    at: datetime = time()


class Template(SQLModel, table=True):
    """Words to start from: a steward's own, or one that comes with Hearth (same id) and was changed or hidden."""

    id: str = Field(primary_key=True)
    action: str
    language: str = Field(index=True)
    name: str
    words: str
    own: bool = True
    hidden: bool = False
    at: datetime = time()
