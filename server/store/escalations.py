"""Queries about cases that were handed up to the clinicians."""

from collections.abc import Collection, Sequence
from typing import get_args
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import col, exists, func, select

from server.protocol.kinds import EscalationOutcome
from server.store.tables import Case, Decision, Escalation, Message, Notice
from server.store.work import Work

OUTCOMES = get_args(EscalationOutcome)


def newest_of(work: Work, case_id: UUID) -> Escalation | None:
    """The newest escalation of a case: a case can be handed up again."""
    query = select(Escalation).where(Escalation.case_id == case_id)
    return work.session.exec(query.order_by(col(Escalation.id).desc()).limit(1)).first()


def standing_in(
    work: Work, room_ids: Collection[UUID], not_about: UUID
) -> Sequence[tuple[Escalation, Case]]:
    """The newest escalation of each living case that stands with the clinicians, what is due first
    first. not_about: a member whose own cases are left out."""
    later = aliased(Escalation)
    again = exists().where(col(later.case_id) == Escalation.case_id, col(later.at) > Escalation.at)
    query = (
        select(Escalation, Case)
        .join(Case, col(Case.id) == Escalation.case_id)
        .where(
            col(Case.room_id).in_(room_ids),
            col(Case.open_key).is_not(None),
            Case.state == "escalated",
            Case.subject_id != not_about,
            ~again,
        )
        .order_by(col(Case.due_at), col(Case.id))
    )
    return work.session.exec(query).all()


def outcomes_of(work: Work, case_ids: Collection[UUID]) -> dict[UUID, list[Decision]]:
    """What clinicians answered, by case, oldest first."""
    query = select(Decision).where(
        col(Decision.case_id).in_(case_ids), col(Decision.action).in_(OUTCOMES)
    )
    found: dict[UUID, list[Decision]] = {}
    for decision in work.session.exec(query.order_by(col(Decision.at), col(Decision.id))):
        found.setdefault(decision.case_id, []).append(decision)
    return found


def words_in(work: Work, room_id: UUID) -> Sequence[Message]:
    """All that was said in one such conversation, oldest first."""
    query = select(Message).where(Message.room_id == room_id).order_by(col(Message.seq))
    return work.session.exec(query).all()


def count_words(work: Work, room_ids: Collection[UUID]) -> dict[UUID, int]:
    """How much was said, by conversation."""
    query = (
        select(Message.room_id, func.count())
        .where(col(Message.room_id).in_(room_ids))
        .group_by(col(Message.room_id))
    )
    return {room_id: count for room_id, count in work.session.exec(query)}  # noqa: C416 - rows are not pairs to mypy


def is_told_already(work: Work, case_id: UUID, member_id: UUID, code: str) -> bool:
    """Whether such a notice about this case still waits to be read by them."""
    query = select(Notice.id).where(
        Notice.case_id == case_id,
        Notice.member_id == member_id,
        Notice.code == code,
        col(Notice.read_at).is_(None),
    )
    return work.session.exec(query.limit(1)).first() is not None
