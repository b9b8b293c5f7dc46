"""Legal holds: words of an open safety case that outlive their author's keys, to a date, for clinicians."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlmodel import col, delete, select

from server.store import case_words, fields
from server.store.fields import FIELDS, Held
from server.store.sealing import Spot, Unreadable
from server.store.tables import Case, CaseFlag, HeldWords, Hold, Message, Revision
from server.store.work import Work

_DANGER = ("risk", "line", "look_again")


def open_safety_cases(work: Work, member_id: UUID) -> list[Case]:
    """About this member, not closed, and about danger."""
    query = select(Case).where(col(Case.subject_id) == member_id, col(Case.open_key).is_not(None))
    return [
        case
        for case in work.session.exec(query)
        if case.kind in _DANGER or case.about is not None or _somebody_worries(work, case)
    ]


def keep(work: Work, case: Case, life: timedelta) -> Hold:
    """Seal the author's words of a case again, under a key of the hold's own. Twice is once."""
    known = work.session.exec(select(Hold).where(col(Hold.case_id) == case.id)).first()
    if known:
        return known
    hold = Hold(case_id=case.id, made_at=work.now, until=work.now + life)
    work.session.add(hold)
    work.session.flush()
    for held in _words_of(work, case):
        words = fields.open_held(work, held)
        if words is not None:
            row = HeldWords(hold_id=hold.id, row_id=held.row, sealed=b"")
            row.sealed = work.sealer.seal(hold.id, words, _spot(row))
            work.session.add(row)
    work.session.flush()
    return hold


def held_cases(work: Work) -> Any:
    """A query for cases whose words are kept to a date that has not come."""
    return select(Hold.case_id).where(col(Hold.until) > work.now)


def standing(work: Work, case_id: UUID) -> Hold | None:
    """The hold of a case, until its date."""
    query = select(Hold).where(col(Hold.case_id) == case_id, col(Hold.until) > work.now)
    return work.session.exec(query).first()


def words(work: Work, hold: Hold) -> dict[UUID, str]:
    """What is kept, by the row it stood in."""
    rows = work.session.exec(select(HeldWords).where(col(HeldWords.hold_id) == hold.id))
    found = {}
    for row in rows:
        try:
            found[row.row_id] = work.sealer.open(hold.id, row.sealed, _spot(row))
        except Unreadable:
            continue
    return found


def ended(work: Work, limit: int) -> list[UUID]:
    """Holds whose date has come."""
    query = select(Hold.id).where(col(Hold.until) <= work.now).limit(limit)
    return list(work.session.exec(query))


def end(work: Work, hold_id: UUID) -> None:
    """The words go, with the key they were under and what was written about their case."""
    case_words.forget(work, select(Hold.case_id).where(Hold.id == hold_id))
    work.session.exec(delete(HeldWords).where(col(HeldWords.hold_id) == hold_id))
    work.session.exec(delete(Hold).where(col(Hold.id) == hold_id))
    work.session.flush()
    work.sealer.drop(hold_id)


def _words_of(work: Work, case: Case) -> list[Held]:
    """The message it is about with its note and its earlier words, what was refused, and what the author said
    in the conversation that was opened from it."""
    about = {case.id, *work.session.exec(_flags(case))}
    messages = list(
        work.session.exec(
            select(Message.id).where(
                (col(Message.id) == case.message_id)
                | (
                    (col(Message.room_id) == case.conversation_id)
                    & (col(Message.author_id) == case.subject_id)
                )
            )
        )
    )
    about.update(messages)
    about.update(
        work.session.exec(select(Revision.id).where(col(Revision.message_id).in_(messages)))
    )
    tables = {"message", "revision", "care_case", "case_flag"}
    mine = [field for field in FIELDS if field.table.name in tables and field.column == "sealed"]
    return [
        held
        for field in mine
        for held in fields.of_owner(work, case.subject_id, field)
        if held.row in about
    ]


def _flags(case: Case) -> Any:
    return select(CaseFlag.id).where(col(CaseFlag.case_id) == case.id)


def _somebody_worries(work: Work, case: Case) -> bool:
    found = work.session.exec(select(CaseFlag).where(col(CaseFlag.case_id) == case.id))
    return any("flag_worried" in flag.reasons for flag in found)


def _spot(row: HeldWords) -> Spot:
    return Spot("held_words", "sealed", row.id, None)
