"""Queries for statements of reasons."""

from uuid import UUID

from sqlmodel import col, select

from server.store.tables import Case, Decision, Notice
from server.store.work import Work


def find_own(work: Work, member_id: UUID, notice_id: UUID) -> Notice | None:
    """A notice of this member, to be read."""
    query = select(Notice).where(Notice.id == notice_id, Notice.member_id == member_id)
    return work.session.exec(query).first()


def find_decision(work: Work, decision_id: UUID | None) -> Decision | None:
    """What a person decided; None where none did."""
    return work.session.get(Decision, decision_id) if decision_id else None


def find_answer(work: Work, notice: Notice) -> Notice | None:
    """What was said to the appeal of a notice."""
    query = (
        select(Notice)
        .join(Case, col(Case.id) == Notice.case_id)
        .where(
            Case.appeal_of == notice.id,
            Notice.kind == "appeal",
            Notice.member_id == notice.member_id,
        )
    )
    return work.session.exec(query.order_by(col(Notice.at).desc()).limit(1)).first()
