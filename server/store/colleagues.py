"""Queries about what passes between colleagues over a case, and the sealing of what they write."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select

from server.store.cases import UNREADABLE
from server.store.sealing import Spot, Unreadable
from server.store.tables import Case, CaseFlag, HandOver, Opinion
from server.store.work import Work


def add_hand_over(work: Work, case: Case, hand_over: HandOver, note: str) -> None:
    """Keep it, its note sealed under the key of whoever wrote it."""
    hand_over.sealed = work.sealer.seal(hand_over.by, note, _hand_over_spot(case, hand_over))
    work.session.add(hand_over)
    work.session.flush()


def hand_overs_of(work: Work, case_id: UUID) -> Sequence[HandOver]:
    """All of a case, newest first."""
    query = select(HandOver).where(HandOver.case_id == case_id)
    return work.session.exec(query.order_by(col(HandOver.at).desc(), col(HandOver.id).desc())).all()


def open_note(work: Work, case: Case, hand_over: HandOver) -> str:
    """What its writer left."""
    return _open(work, hand_over.by, hand_over.sealed, _hand_over_spot(case, hand_over))


def add_opinion(work: Work, case: Case, opinion: Opinion, question: str) -> None:
    """Keep the question, sealed under the key of whoever asks."""
    opinion.sealed = work.sealer.seal(opinion.by, question, _opinion_spot(case, opinion, "sealed"))
    work.session.add(opinion)
    work.session.flush()


def answer_opinion(work: Work, case: Case, opinion: Opinion, words: str) -> None:
    """Keep the answer, sealed under the key of whoever was asked."""
    spot = _opinion_spot(case, opinion, "answer")
    opinion.answer, opinion.answered_at = work.sealer.seal(opinion.of, words, spot), work.now
    work.session.add(opinion)
    work.session.flush()


def open_question(work: Work, case: Case, opinion: Opinion) -> str:
    """What was asked."""
    return _open(work, opinion.by, opinion.sealed, _opinion_spot(case, opinion, "sealed"))


def open_answer(work: Work, case: Case, opinion: Opinion) -> str | None:
    """What was answered, if it was."""
    if opinion.answer is None:
        return None
    return _open(work, opinion.of, opinion.answer, _opinion_spot(case, opinion, "answer"))


def opinions_of(work: Work, case_id: UUID) -> Sequence[Opinion]:
    """All of a case, oldest first."""
    query = select(Opinion).where(Opinion.case_id == case_id)
    return work.session.exec(query.order_by(col(Opinion.at), col(Opinion.id))).all()


def lock_opinion(work: Work, case_id: UUID, opinion_id: UUID) -> Opinion | None:
    """One of a case, locked where the engine locks rows."""
    query = select(Opinion).where(Opinion.id == opinion_id, Opinion.case_id == case_id)
    return work.session.exec(
        query.with_for_update().execution_options(populate_existing=True)
    ).first()


def is_asked(work: Work, case_id: UUID, member_id: UUID) -> bool:
    """Whether this member was ever asked about this case: what they answered stays theirs to read."""
    query = select(Opinion.id).where(Opinion.case_id == case_id, Opinion.of == member_id)
    return work.session.exec(query.limit(1)).first() is not None


def asked_of(work: Work, member_id: UUID) -> Sequence[tuple[Opinion, Case]]:
    """Opinions that this member is still asked for, the most urgent first. Only of living cases."""
    query = (
        select(Opinion, Case)
        .join(Case, col(Case.id) == Opinion.case_id)
        .where(
            Opinion.of == member_id,
            col(Opinion.answered_at).is_(None),
            col(Case.open_key).is_not(None),
        )
        .order_by(col(Case.urgency_rank).desc(), col(Opinion.at), col(Opinion.id))
    )
    return work.session.exec(query).all()


def reporters(work: Work, case: Case) -> set[UUID]:
    """Who asked for a look at what this case is about."""
    same = [col(Case.id) == case.id]
    if case.message_id:
        same.append(col(Case.message_id) == case.message_id)
    query = (
        select(CaseFlag.by)
        .join(Case, col(Case.id) == CaseFlag.case_id)
        .where(or_(*same), col(CaseFlag.by).is_not(None))
    )
    return {by for by in work.session.exec(query.distinct()) if by}


def earlier_about(work: Work, case: Case, rooms: Sequence[UUID], limit: int) -> Sequence[Case]:
    """Other cases about the same member in these rooms, newest first."""
    query = (
        select(Case)
        .where(
            Case.subject_id == case.subject_id,
            Case.id != case.id,
            col(Case.room_id).in_(rooms),
        )
        .order_by(col(Case.opened_at).desc(), col(Case.id).desc())
        .limit(limit)
    )
    return work.session.exec(query).all()


def _open(work: Work, owner: UUID, sealed: bytes, spot: Spot) -> str:
    try:
        return work.sealer.open(owner, sealed, spot)
    except Unreadable:
        return UNREADABLE


def _hand_over_spot(case: Case, hand_over: HandOver) -> Spot:
    return Spot("hand_over", "sealed", hand_over.id, case.room_id)


def _opinion_spot(case: Case, opinion: Opinion, column: str) -> Spot:
    return Spot("opinion", column, opinion.id, case.room_id)
