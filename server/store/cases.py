"""Queries about cases, and the sealing of what was said inside them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation.cases import CLINICIANS_ONLY
from server.store.sealing import Spot, Unreadable
from server.store.tables import (
    Case,
    CaseFlag,
    Decision,
    Member,
    Message,
    Room,
)
from server.store.work import Work

_NO_PART = ("escalate", "urgency", "removal_declined")
"""Handing a case on, or saying how soon it must be seen, takes no part in what is decided."""
UNREADABLE = "[These words can no longer be read.]"


def open_key(room_id: UUID, subject_id: UUID, message_id: UUID | None) -> str:
    """What makes an open case unique: its message, or its member in this room."""
    return f"message:{message_id}" if message_id else f"member:{room_id}:{subject_id}"


def find_open(work: Work, message_id: UUID) -> Case | None:
    """The open case about a message, if there is one."""
    return find_by_key(work, f"message:{message_id}")


def find_by_key(work: Work, key: str) -> Case | None:
    """The open case under this key, locked until the commit where the engine locks rows."""
    query = select(Case).where(Case.open_key == key)
    return work.session.exec(_locked(query)).first()


def find_case(work: Work, case_id: UUID) -> Case | None:
    """A case, whoever asks: access is the caller's duty."""
    return work.session.get(Case, case_id)


def find_locked(work: Work, case_id: UUID) -> Case | None:
    """The same as it is now, locked until the commit where the engine locks rows."""
    return work.session.exec(_locked(select(Case).where(Case.id == case_id))).first()


def insert(work: Work, case: Case) -> bool:
    """Whether the case is new; False when another transaction opened one under its key first."""
    work.session.flush()
    try:
        with work.session.begin_nested():
            work.session.add(case)
    except IntegrityError:
        return False
    return True


def add_flag(work: Work, case: Case, flag: CaseFlag, text: str | None) -> None:
    """Append a flag; its words are sealed under whoever said them: the flagger, else the author."""
    if text is not None:
        owner = flag.by or case.subject_id
        flag.sealed = work.sealer.seal(owner, text, _flag_spot(case, flag))
    work.session.add(flag)


def open_flag_text(work: Work, case: Case, flag: CaseFlag) -> str | None:
    """The words of a flag: a member's note, or the post that was refused."""
    return _open(work, flag.by or case.subject_id, flag.sealed, _flag_spot(case, flag))


def seal_words(work: Work, case: Case, words: str) -> None:
    """Put the words of an appeal into its case, sealed under its author's key."""
    case.sealed = work.sealer.seal(case.subject_id, words, _case_spot(case))


def open_words(work: Work, case: Case) -> str | None:
    """The words of an appeal."""
    return _open(work, case.subject_id, case.sealed, _case_spot(case))


def add_decision(work: Work, case: Case, decision: Decision, reason: str) -> None:
    """Append a decision, its reason sealed under the decider's key."""
    decision.sealed = work.sealer.seal(decision.by, reason, _decision_spot(case, decision))
    work.session.add(decision)
    work.session.flush()


def open_reason(work: Work, case: Case, decision: Decision) -> str:
    """Why it was decided."""
    words = _open(work, decision.by, decision.sealed, _decision_spot(case, decision))
    return words if words is not None else UNREADABLE


def find_case_of_flag(work: Work, flag_id: UUID) -> Case | None:
    """The case that was opened or joined by this flag."""
    query = select(Case).join(CaseFlag, col(CaseFlag.case_id) == Case.id)
    return work.session.exec(query.where(CaseFlag.id == flag_id)).first()


def flags_of(work: Work, case_id: UUID) -> Sequence[CaseFlag]:
    """All flags of a case, oldest first."""
    query = select(CaseFlag).where(CaseFlag.case_id == case_id)
    return work.session.exec(query.order_by(col(CaseFlag.at), col(CaseFlag.id))).all()


def words_by_case(work: Work, case_ids: Sequence[UUID]) -> dict[UUID, list[Sequence[str]]]:
    """Of several cases at once, why each of their flags was raised, oldest first."""
    query = select(CaseFlag.case_id, CaseFlag.words).where(col(CaseFlag.case_id).in_(case_ids))
    found: dict[UUID, list[Sequence[str]]] = {}
    for case_id, words in work.session.exec(query.order_by(col(CaseFlag.at), col(CaseFlag.id))):
        found.setdefault(case_id, []).append(words)
    return found


def decisions_of(work: Work, case_id: UUID) -> Sequence[Decision]:
    """All decisions on a case, oldest first."""
    query = select(Decision).where(Decision.case_id == case_id)
    return work.session.exec(query.order_by(col(Decision.at), col(Decision.id))).all()


def find_by_conversation(work: Work, room_id: UUID) -> Case | None:
    """The newest living case that a private conversation belongs to."""
    query = select(Case).where(Case.conversation_id == room_id, col(Case.open_key).is_not(None))
    return work.session.exec(_locked(query.order_by(col(Case.opened_at).desc()))).first()


def line_of(work: Work, room_id: UUID, member_id: UUID) -> UUID | None:
    """The newest private line that was opened for this member from this room."""
    query = select(Case.conversation_id).where(
        Case.room_id == room_id,
        Case.subject_id == member_id,
        col(Case.kind).not_in(CLINICIANS_ONLY),
        col(Case.message_id).is_(None),
        col(Case.conversation_id).is_not(None),
    )
    return work.session.exec(query.order_by(col(Case.opened_at).desc())).first()


def count_open_about(work: Work, room_id: UUID, subject_id: UUID, *, aside: bool) -> int:
    """How many living cases there are about a member in this room. aside: also those set aside."""
    query = select(func.count()).where(
        Case.room_id == room_id,
        Case.subject_id == subject_id,
        col(Case.open_key).is_not(None),
        col(Case.kind).not_in(CLINICIANS_ONLY),
        col(Case.aside).in_({False, aside}),
    )
    return work.session.exec(query.select_from(Case)).one()


def count_messages(work: Work, room_id: UUID, author_id: UUID) -> int:
    """How many messages of a member stand in a room."""
    query = select(func.count()).where(
        Message.room_id == room_id, Message.author_id == author_id, Message.state == "published"
    )
    return work.session.exec(query.select_from(Message)).one()


def get_subject(work: Work, case: Case) -> Member:
    """Whom a case is about."""
    return work.session.exec(select(Member).where(Member.id == case.subject_id)).one()


def seq_at(work: Work, room_id: UUID, at: datetime) -> int:
    """The newest position in a room's messages at a point in time; 0 before the first."""
    query = select(func.max(Message.seq)).where(
        Message.room_id == room_id, col(Message.published_at) <= at
    )
    return work.session.exec(query).one() or 0


def deciders(work: Work, case_id: UUID | None, message_id: UUID | None) -> Sequence[UUID]:
    """Who decided on this case, or on any case about this message; handing it on is no decision."""
    same = [Case.id == case_id] if case_id else []
    same += [Case.message_id == message_id] if message_id else []
    if not same:
        return []
    query = (
        select(Decision.by)
        .join(Case, col(Case.id) == Decision.case_id)
        .where(or_(*same), col(Decision.action).not_in(_NO_PART))
    )
    return work.session.exec(query.distinct()).all()


def lock_message(work: Work, case: Case) -> Message | None:
    """The message a case is about, as it is now, locked where the engine locks rows."""
    if case.message_id is None:
        return None
    query = select(Message).where(Message.id == case.message_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()


def living_about(work: Work, message_id: UUID, kind: str) -> Sequence[Case]:
    """The living cases of this kind about a message, locked where the engine locks rows."""
    query = select(Case).where(
        Case.message_id == message_id, Case.kind == kind, col(Case.open_key).is_not(None)
    )
    return work.session.exec(_locked(query)).all()


def any_living_about(work: Work, message_id: UUID) -> bool:
    """Whether a case about a message is not closed; each such case is locked as it is found."""
    query = select(Case).where(Case.message_id == message_id, col(Case.open_key).is_not(None))
    return bool(work.session.exec(_locked(query)).all())


def was_judged(work: Work, message_id: UUID, rank: int) -> bool:
    """Whether a person closed a case about a message as it reads now, of this urgency or a higher."""
    query = (
        select(Case.id)
        .join(Decision, col(Decision.case_id) == Case.id)
        .join(Message, col(Message.id) == Case.message_id)
        .where(
            Case.message_id == message_id,
            Case.urgency_rank >= rank,
            Case.state == "closed",
            or_(col(Message.edited_at).is_(None), col(Message.edited_at) < Case.closed_at),
        )
    )
    return work.session.exec(query).first() is not None


def room_names(work: Work, room_ids: Collection[UUID]) -> dict[UUID, str]:
    """Names by id."""
    rows = work.session.exec(select(Room.id, Room.name).where(col(Room.id).in_(room_ids)))
    return {room_id: name for room_id, name in rows}  # noqa: C416 - rows are not pairs to mypy


def member_names(work: Work, member_ids: Collection[UUID]) -> dict[UUID, str]:
    """Pseudonyms by id."""
    query = select(Member.id, Member.pseudonym).where(col(Member.id).in_(member_ids))
    return {member_id: name for member_id, name in work.session.exec(query)}  # noqa: C416


def _locked(query: SelectOfScalar[Case]) -> SelectOfScalar[Case]:
    return query.with_for_update().execution_options(populate_existing=True)


def _open(work: Work, owner: UUID, sealed: bytes | None, spot: Spot) -> str | None:
    if sealed is None:
        return None
    try:
        return work.sealer.open(owner, sealed, spot)
    except Unreadable:
        return UNREADABLE


def _case_spot(case: Case) -> Spot:
    return Spot("care_case", "sealed", case.id, case.room_id)


def _flag_spot(case: Case, flag: CaseFlag) -> Spot:
    return Spot("case_flag", "sealed", flag.id, case.room_id)


def _decision_spot(case: Case, decision: Decision) -> Spot:
    return Spot("decision", "sealed", decision.id, case.room_id)
