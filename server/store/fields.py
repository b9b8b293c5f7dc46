"""Every sealed field of the database: whose key it is under, and where it stands. A test finds one that is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, func, literal, null, select, update
from sqlalchemy.sql import ColumnElement
from sqlmodel import col

from server.store import crossing, policies
from server.store.sealing import Spot, Unreadable
from server.store.tables import (
    Case,
    CaseFlag,
    ClimateNote,
    CodeApp,
    Complaint,
    ComplaintStep,
    CourseAlert,
    Crossing,
    Decision,
    Edit,
    Emergency,
    GroupSession,
    HandOver,
    HeldWords,
    JournalEntry,
    MeasureResponse,
    MemberComfort,
    Message,
    Mood,
    Notice,
    NudgeShown,
    Opinion,
    OutsideReport,
    Passkey,
    PolicyEdition,
    PushDevice,
    QuietTopic,
    Revision,
    SafetyPlan,
    TeamNote,
    Undo,
)
from server.store.work import Work

_PREFIX_BYTES = 3


@dataclass(frozen=True, slots=True)
class Field:
    """One column. owner, room: of a row, in its table or in those it is joined to."""

    model: type
    column: str
    owner: Any
    room: Any = None
    joins: tuple[tuple[type, Any], ...] = ()
    row: str = "id"

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.table.name}.{self.column}"

    @property
    def table(self) -> Any:
        """As the database knows it."""
        return self.model.__table__  # type: ignore[attr-defined]

    def query(self, *where: Any) -> Any:
        """Row, owner, room and bytes of those that hold something, in the order of their ids."""
        row, sealed = self.table.c[self.row], self.table.c[self.column]
        room = self.room if self.room is not None else null()
        found = select(row, self.owner, room, sealed).select_from(self.table)
        for other, on in self.joins:
            found = found.join(other, on)
        return found.where(sealed.is_not(None), sealed != b"", *where).order_by(row)


@dataclass(frozen=True, slots=True)
class Held:
    """What one row holds in a field."""

    field: Field
    row: UUID
    owner: UUID
    room: UUID | None
    sealed: bytes

    @property
    def spot(self) -> Spot:
        """What it is bound to."""
        return Spot(self.field.table.name, self.field.column, self.row, self.room)


_OF_CASE = (Case, col(Case.id) == col(CaseFlag.case_id))
_DECIDED_IN = (Case, col(Case.id) == col(Decision.case_id))
FIELDS: tuple[Field, ...] = (
    Field(Message, "sealed", col(Message.author_id), col(Message.room_id)),
    Field(Message, "sealed_note", col(Message.author_id), col(Message.room_id)),
    Field(
        Revision, "sealed", col(Message.author_id), col(Message.room_id),
        ((Message, col(Message.id) == col(Revision.message_id)),),
    ),
    Field(Case, "sealed", col(Case.subject_id), col(Case.room_id)),
    Field(
        CaseFlag, "sealed", func.coalesce(col(CaseFlag.by), col(Case.subject_id)),
        col(Case.room_id), (_OF_CASE,),
    ),
    Field(Decision, "sealed", col(Decision.by), col(Case.room_id), (_DECIDED_IN,)),
    Field(
        Undo, "sealed", col(Decision.by), col(Case.room_id),
        ((Decision, col(Decision.id) == col(Undo.decision_id)), _DECIDED_IN), "decision_id",
    ),
    Field(
        HandOver, "sealed", col(HandOver.by), col(Case.room_id),
        ((Case, col(Case.id) == col(HandOver.case_id)),),
    ),
    Field(
        Opinion, "sealed", col(Opinion.by), col(Case.room_id),
        ((Case, col(Case.id) == col(Opinion.case_id)),),
    ),
    Field(
        Opinion, "answer", col(Opinion.of), col(Case.room_id),
        ((Case, col(Case.id) == col(Opinion.case_id)),),
    ),
    Field(Notice, "sealed", col(Notice.member_id), col(Notice.room_id)),
    Field(PolicyEdition, "sealed", literal(policies.PLACE, Uuid())),
    Field(Crossing, "sealed", literal(crossing.OWNER, Uuid())),
    Field(JournalEntry, "sealed", col(JournalEntry.member_id)),
    Field(QuietTopic, "sealed", col(QuietTopic.member_id)),
    Field(MemberComfort, "sealed", col(MemberComfort.member_id)),
    Field(PushDevice, "sealed", col(PushDevice.member_id)),
    Field(ClimateNote, "sealed", col(ClimateNote.author_id), col(ClimateNote.room_id)),
    Field(HeldWords, "sealed", col(HeldWords.hold_id)),
    Field(Mood, "sealed", col(Mood.member_id)),
    Field(SafetyPlan, "sealed", col(SafetyPlan.member_id)),
    Field(
        MeasureResponse, "sealed", col(MeasureResponse.member_id), col(MeasureResponse.room_id)
    ),
    Field(CourseAlert, "sealed", col(CourseAlert.member_id), col(CourseAlert.room_id)),
    Field(CourseAlert, "outcome", col(CourseAlert.closed_by), col(CourseAlert.room_id)),
    Field(Emergency, "sealed", col(Emergency.member_id), col(Emergency.room_id)),
    Field(TeamNote, "sealed", col(TeamNote.author_id), col(TeamNote.room_id)),
    Field(GroupSession, "sealed", col(GroupSession.sealed_by), col(GroupSession.room_id)),
    Field(Passkey, "sealed", col(Passkey.member_id)),
    Field(OutsideReport, "sealed", col(OutsideReport.id)),
    Field(OutsideReport, "sealed_answer", col(OutsideReport.id)),
    Field(Complaint, "sealed", func.coalesce(col(Complaint.by), col(Complaint.report_id))),
    Field(ComplaintStep, "sealed", col(ComplaintStep.by)),
    Field(CodeApp, "sealed", col(CodeApp.member_id), row="member_id"),
)  # fmt: skip
FINGERPRINTS: tuple[tuple[type, str], ...] = (
    (Message, "fingerprint"),
    (Edit, "fingerprint"),
    (NudgeShown, "fingerprint"),
    (PushDevice, "mark"),
)


def not_current(work: Work, field: Field, after: UUID | None, limit: int) -> list[Held]:
    """Some that older keys than the newest have sealed."""
    sealed = field.table.c[field.column]
    where: list[ColumnElement[bool]] = [
        func.substr(sealed, 1, _PREFIX_BYTES, type_=sealed.type) != work.sealer.current
    ]
    if after is not None:
        where.append(field.table.c[field.row] > after)
    rows = work.connection.execute(field.query(*where).limit(limit)).all()
    return [Held(field, *row) for row in rows]


def of_owner(work: Work, owner: UUID, field: Field) -> list[Held]:
    """Everything in a field that is under one member's key."""
    rows = work.connection.execute(field.query(field.owner == owner)).all()
    return [Held(field, *row) for row in rows]


def open_held(work: Work, held: Held) -> str | None:
    """Its words; None where they can no longer be read."""
    return work.sealer.opened(held.owner, held.sealed, held.spot)


def seal_again(work: Work, some: Sequence[Held]) -> int:
    """Under the newest keys. What was changed meanwhile stays as it is. Returns how many were readable."""
    done = 0
    for held in some:
        try:
            content = work.sealer.open_bytes(held.owner, held.sealed, held.spot)
        except Unreadable:
            continue
        fresh = work.sealer.seal_bytes(held.owner, content, held.spot)
        table, column = held.field.table, held.field.column
        same = (table.c[held.field.row] == held.row) & (table.c[column] == held.sealed)
        work.connection.execute(update(table).where(same).values({column: fresh}))
        done += 1
    return done


def lift_some(work: Work, model: type, column: str, limit: int) -> int:
    """Fingerprints from before the key file was changed are made as they are now. Returns how many were done."""
    table: Any = model.__table__  # type: ignore[attr-defined]
    stored = table.c[column]
    newest = work.sealer.lift(b"\x00" * 32)[:-32]
    if not newest:
        return 0
    where = func.substr(stored, 1, 1, type_=stored.type) != newest
    where = (where | (func.length(stored) == 32)) & (func.length(stored) > 0)
    rows = work.connection.execute(select(table.c.id, stored).where(where).limit(limit)).all()
    for row_id, before in rows:
        same = (table.c.id == row_id) & (stored == before)
        work.connection.execute(
            update(table).where(same).values({column: work.sealer.lift(before)})
        )
    return len(rows)


def unreadable(work: Work) -> Iterator[Held]:
    """Every field that nobody can open: of members who were erased, or damaged ones."""
    for field in FIELDS:
        for row in work.connection.execute(field.query()):
            held = Held(field, *row)
            if open_held(work, held) is None:
                yield held
