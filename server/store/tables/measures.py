"""Answers to questionnaires, who is asked when, and courses that are not as expected."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from server.store.tables.base import maybe_time, primary, time


class MeasureResponse(SQLModel, table=True):
    """One member's answers to one questionnaire, sealed under their key, from the first answer on.

    `open_key` is set until it is finished, and unique: one at a time, on whatever device. `room_id`: the
    group that asked; None: nobody did. `edition`: the version of the definition that was answered.
    """

    __tablename__ = "measure_response"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    room_id: UUID | None = Field(default=None, foreign_key="room.id")
    measure: str
    edition: str
    open_key: str | None = Field(default=None, unique=True)
    started_at: datetime = time()
    finished_at: datetime | None = maybe_time()
    sealed: bytes


class MeasurePlan(SQLModel, table=True):
    """A group is asked, every so many days. `open_key` is set while it runs, and unique."""

    __tablename__ = "measure_plan"
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id", index=True)
    measure: str
    every_days: int
    open_key: str | None = Field(default=None, unique=True)
    by: UUID = Field(foreign_key="member.id")
    made_at: datetime = time()
    next_at: datetime = time()
    ended_at: datetime | None = maybe_time()
    terms_told: str | None = None
    """What its clinicians were last asked to confirm, while it runs without."""


class MeasureConfirmation(SQLModel, table=True):
    """A clinician of a group stands by whom an answer calls, and how soon: once for these terms."""

    __tablename__ = "measure_confirmation"
    __table_args__ = (UniqueConstraint("room_id", "measure", "terms"),)
    id: UUID = primary()
    room_id: UUID = Field(foreign_key="room.id")
    measure: str
    terms: str
    """The edition of the questionnaire and its urgencies, as they stood."""
    by: UUID = Field(foreign_key="member.id")
    at: datetime = time()


class MeasureAsk(SQLModel, table=True):
    """One member was asked, once for each round: what they said to it, if anything.

    `state`: asked, later, never, done, or passed when the next round came first.
    """

    __tablename__ = "measure_ask"
    __table_args__ = (UniqueConstraint("member_id", "plan_id", "round_at"),)
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    plan_id: UUID = Field(foreign_key="measure_plan.id")
    room_id: UUID = Field(foreign_key="room.id")
    measure: str
    round_at: datetime = time()
    state: str = "asked"
    at: datetime = time()


class CourseAlert(SQLModel, table=True):
    """A member's course is not as expected, told to the clinicians of one group, with its reason sealed.

    `open_key` is set until a clinician closed it, and unique: one for each member, group and questionnaire.
    """

    __tablename__ = "course_alert"
    id: UUID = primary()
    member_id: UUID = Field(foreign_key="member.id", index=True)
    room_id: UUID = Field(foreign_key="room.id", index=True)
    response_id: UUID = Field(foreign_key="measure_response.id")
    measure: str
    open_key: str | None = Field(default=None, unique=True)
    sealed: bytes
    raised_at: datetime = time()
    closed_at: datetime | None = maybe_time()
    closed_by: UUID | None = Field(default=None, foreign_key="member.id")
    outcome: bytes | None = None
    """What came of it, in the words of whoever closed it last, sealed under their key. It outlives a reopening."""
