"""Queries about members who are asked to leave the whole place."""

from typing import NamedTuple
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import Case, Decision, Removal
from server.store.work import Work


class Asked(NamedTuple):
    """A removal with the decision that asked for it, and its case."""

    removal: Removal
    decision: Decision
    case: Case


def waiting(work: Work) -> list[Asked]:
    """Those that nobody has answered, the longest asked first."""
    query = (
        select(Removal, Decision, Case)
        .join(Decision, col(Decision.id) == Removal.decision_id)
        .join(Case, col(Case.id) == Removal.case_id)
        .where(col(Removal.answered_at).is_(None))
        .order_by(col(Removal.at), col(Removal.id))
    )
    return [Asked(*row) for row in work.session.exec(query)]


def find(work: Work, removal_id: UUID) -> Removal | None:
    """One of them."""
    return work.session.get(Removal, removal_id)


def newest_of(work: Work, case_id: UUID) -> tuple[Removal, Decision] | None:
    """The newest that was asked for in a case."""
    query = (
        select(Removal, Decision)
        .join(Decision, col(Decision.id) == Removal.decision_id)
        .where(Removal.case_id == case_id)
        .order_by(col(Removal.at).desc(), col(Removal.id).desc())
    )
    return work.session.exec(query).first()


def lock(work: Work, removal_id: UUID) -> Removal | None:
    """The same as it is now, locked where the engine locks rows."""
    query = select(Removal).where(Removal.id == removal_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).first()
