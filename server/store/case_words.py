"""Words about a case, whoever wrote them: they go together, and the audit log still holds.

Of a reason its digest stays, which is all that the log's row is bound to.
"""

import hashlib
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, exists, or_, select, update

from server.store.tables import Case, CaseFlag, Decision, HandOver, Opinion, Undo
from server.store.work import Work

_GONE = b""
"""Of a column that is never empty."""
_AT: tuple[tuple[Any, str, bytes | None], ...] = (
    (CaseFlag, "sealed", None),
    (HandOver, "sealed", _GONE),
    (Opinion, "sealed", _GONE),
    (Opinion, "answer", None),
    (Undo, "sealed", None),
    (Decision, "sealed", _GONE),
)


def stand() -> ColumnElement[bool]:
    """Whether the case of a query has any."""
    there = (
        exists().where(col(model.case_id) == col(Case.id), *_is_there(col(getattr(model, name))))
        for model, name, _ in _AT
    )
    return or_(col(Case.sealed).is_not(None), *there)


def forget(work: Work, case_ids: Any) -> None:
    """Empty them all. case_ids: ids, or a query. What a decision still waits to say is left to it."""
    _forget_reasons(work, case_ids)
    _empty(work, update(Case).where(col(Case.id).in_(case_ids)).values(sealed=None))
    for model, name, gone in _AT:
        if model is not Decision:
            mine = update(model).where(col(model.case_id).in_(case_ids))
            mine = mine.where(col(Undo.decision_id).not_in(_waiting())) if model is Undo else mine
            _empty(work, mine.values({name: gone}))


def _forget_reasons(work: Work, case_ids: Any) -> None:
    query = select(Decision).where(
        col(Decision.case_id).in_(case_ids),
        col(Decision.sealed) != _GONE,
        col(Decision.id).not_in(_waiting()),
    )
    for decision in work.session.exec(query).all():
        decision.sealed_digest = hashlib.sha256(decision.sealed).hexdigest()
        decision.sealed = _GONE
        work.session.add(decision)
    work.session.flush()


def _waiting() -> Any:
    """Decisions that can still be taken back: they do and say some of it only then."""
    return select(Undo.decision_id).where(
        col(Undo.done_at).is_(None), col(Undo.undone_at).is_(None)
    )


def _is_there(column: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column.is_not(None), column != _GONE


def _empty(work: Work, statement: Any) -> None:
    work.session.exec(statement.execution_options(synchronize_session="fetch"))
