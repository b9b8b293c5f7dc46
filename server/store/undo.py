"""Queries about decisions that can still be taken back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, exists, func, select

from moderation.ladder import Rung
from server.store import timers
from server.store.sealing import Spot
from server.store.tables import Case, Decision, Notice, Timer, Undo
from server.store.work import Work

SETTLE = "settle"
"""The kind of timer that ends it."""


def is_undone(decision: Any = Decision) -> ColumnElement[bool]:
    """Whether a decision of the query (or an alias of it) was taken back."""
    return exists().where(col(Undo.decision_id) == decision.id, col(Undo.undone_at).is_not(None))


def next_step(work: Work, case_id: UUID) -> int:
    """Which of a case's decisions that could be taken back this is, from 1."""
    query = select(func.count()).select_from(Undo).where(Undo.case_id == case_id)
    return work.session.exec(query).one() + 1


def seal_words(work: Work, case: Case, decision: Decision, words: str) -> bytes:
    """Words that wait, under the decider's key."""
    return work.sealer.seal(decision.by, words, _spot(case, decision.id))


def open_words(work: Work, case: Case, undo: Undo, decider: UUID) -> str | None:
    """The words that waited."""
    if undo.sealed is None:
        return None
    return work.sealer.open(decider, undo.sealed, _spot(case, undo.decision_id))


def of_step(work: Work, case_id: UUID, step: int) -> tuple[Undo, Decision] | None:
    """What a timer ends."""
    query = (
        select(Undo, Decision)
        .join(Decision, col(Decision.id) == Undo.decision_id)
        .where(Undo.case_id == case_id, Undo.step == step)
    )
    return work.session.exec(query).first()


def newest_open(work: Work, case_id: UUID, by: UUID) -> tuple[Undo, Decision] | None:
    """The newest decision of this member on a case that can still be taken back."""
    query = (
        select(Undo, Decision)
        .join(Decision, col(Decision.id) == Undo.decision_id)
        .where(
            Undo.case_id == case_id,
            col(Undo.done_at).is_(None),
            col(Undo.undone_at).is_(None),
            col(Undo.until) > work.now,
            Decision.by == by,
        )
        .order_by(col(Undo.step).desc())
    )
    return work.session.exec(query).first()


def of_decision(work: Work, decision_id: UUID) -> Undo | None:
    """Whether and how a decision can be taken back, or was."""
    return work.session.exec(select(Undo).where(Undo.decision_id == decision_id)).first()


def undone_of(work: Work, case_id: UUID) -> set[UUID]:
    """The decisions on a case that were taken back."""
    query = select(Undo.decision_id).where(
        Undo.case_id == case_id, col(Undo.undone_at).is_not(None)
    )
    return set(work.session.exec(query).all())


def notices_of(work: Work, decision_id: UUID) -> Sequence[Notice]:
    """What was told because of a decision, locked where the engine locks rows."""
    query = select(Notice).where(Notice.decision_id == decision_id).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).all()


def timer_of(work: Work, undo: Undo) -> Timer:
    """The timer that ends it."""
    query = select(Timer).where(
        Timer.case_id == undo.case_id, Timer.kind == SETTLE, Timer.step == undo.step
    )
    return work.session.exec(query).one()


def forget_looks(work: Work, case_id: UUID) -> None:
    """The later looks that a closing planned: it is not closed any more."""
    work.session.exec(
        delete(Timer).where(
            col(Timer.case_id) == case_id,
            col(Timer.kind) == timers.LOOK_AGAIN,
            col(Timer.done_at).is_(None),
        )
    )


def passed_rungs(work: Work, undo: Undo, decision: Decision, reached: int) -> Sequence[Timer]:
    """Rungs that called nobody because of this decision."""
    query = select(Timer).where(
        Timer.case_id == undo.case_id,
        col(Timer.kind).in_(timers.CALLS),
        Timer.step > reached,
        Timer.step < Rung.REPEAT,
        col(Timer.done_at) >= decision.at,
    )
    return work.session.exec(query).all()


def _spot(case: Case, decision_id: UUID) -> Spot:
    return Spot("decision_undo", "sealed", decision_id, case.room_id)
