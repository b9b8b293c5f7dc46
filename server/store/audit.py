"""The audit log: a chain of rows, each hash covering the row before. Ids and codes only."""

import hashlib
import json
from datetime import UTC
from uuid import UUID

from sqlmodel import col, select

from server.store.tables import Audit, Place
from server.store.work import Work

_BEGINNING = b"hearth audit 1"


def append(work: Work, actor: UUID | None, verb: str, subject: UUID | str | None) -> Audit:
    """Add a row. Call it last in a verb: it takes the one lock that all verbs share."""
    _lock(work)
    newest = head(work)
    row = Audit(
        number=newest.number + 1 if newest else 1,
        at=work.now,
        actor=actor,
        verb=verb,
        subject=str(subject) if subject is not None else None,
        hash=b"",
    )
    row.hash = _hash(newest.hash if newest else _BEGINNING, row)
    work.session.add(row)
    work.session.flush()
    return row


def head(work: Work) -> Audit | None:
    """The newest row."""
    return work.session.exec(select(Audit).order_by(col(Audit.number).desc()).limit(1)).first()


def verify(work: Work) -> int | None:
    """The number of the first row that was changed, moved or whose forerunner is gone, or None.

    Rows cut off at the end leave no trace here: compare `head` with one that is kept elsewhere.
    """
    before, expected = _BEGINNING, 1
    rows = work.session.exec(
        select(Audit).order_by(col(Audit.number)).execution_options(populate_existing=True)
    )
    for row in rows:
        if row.number != expected or row.hash != _hash(before, row):
            return expected
        before, expected = row.hash, expected + 1
    return None


def _lock(work: Work) -> None:
    # The place's one row stands for the chain: a lock on its newest row would not keep out a
    # transaction that reads the same newest row a moment later.
    work.session.exec(select(Place.id).with_for_update()).all()


def _hash(before: bytes, row: Audit) -> bytes:
    fields = (
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(row.actor) if row.actor else None,
        row.verb,
        row.subject,
    )
    return hashlib.sha256(before + b"|" + json.dumps(fields).encode()).digest()
