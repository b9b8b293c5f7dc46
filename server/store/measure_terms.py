"""Queries about whom an answer calls: what clinicians confirmed, and which groups are asked without."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import MeasureConfirmation, MeasurePlan
from server.store.work import Work


def newest(work: Work, room_id: UUID, measure: str) -> MeasureConfirmation | None:
    """What a group confirmed last, for whichever terms."""
    query = select(MeasureConfirmation).where(
        MeasureConfirmation.room_id == room_id, MeasureConfirmation.measure == measure
    )
    return work.session.exec(query.order_by(col(MeasureConfirmation.at).desc())).first()


def find(work: Work, room_id: UUID, measure: str, terms: str) -> MeasureConfirmation | None:
    """What a group confirmed for exactly these terms."""
    query = select(MeasureConfirmation).where(
        MeasureConfirmation.room_id == room_id,
        MeasureConfirmation.measure == measure,
        MeasureConfirmation.terms == terms,
    )
    return work.session.exec(query).first()


def untold(work: Work, measure: str, terms: str) -> Sequence[MeasurePlan]:
    """Running plans whose groups have not confirmed these terms, and were not asked to yet."""
    confirmed = select(MeasureConfirmation.room_id).where(
        MeasureConfirmation.measure == measure, MeasureConfirmation.terms == terms
    )
    query = select(MeasurePlan).where(
        MeasurePlan.measure == measure,
        col(MeasurePlan.open_key).is_not(None),
        col(MeasurePlan.terms_told).is_distinct_from(terms),
        col(MeasurePlan.room_id).not_in(confirmed),
    )
    return work.session.exec(query.order_by(col(MeasurePlan.id))).all()


def take(work: Work, plan_id: UUID) -> MeasurePlan | None:
    """One that runs, locked until the commit where the engine locks rows."""
    query = select(MeasurePlan).where(
        MeasurePlan.id == plan_id, col(MeasurePlan.open_key).is_not(None)
    )
    query = query.with_for_update().execution_options(populate_existing=True)
    return work.session.exec(query).first()
