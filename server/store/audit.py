"""The audit log: a chain of rows, each hash covering the row before. Ids and codes only."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType
from sqlmodel import col, select

from server.store.tables import Audit, Place
from server.store.work import Work

BEGINNING = b"hearth audit 1"
"""What stands before the first row."""
RESTORED = "place.restore"
_PAGE = 2_000
_COLUMNS = tuple(
    type_coerce(col(column), NullType())
    for column in (Audit.number, Audit.at, Audit.actor, Audit.verb, Audit.subject, Audit.hash)
)


class Row(NamedTuple):
    """One row as it stands there."""

    number: int
    at: datetime
    actor: UUID | None
    verb: str
    subject: str | None
    hash: bytes

    def fits(self, before: bytes) -> bool:
        """Whether it is what was written after the row with that hash."""
        return self.hash == _hash(before, self)


def append(work: Work, actor: UUID | None, verb: str, subject: UUID | str | None) -> Audit:
    """Add a row. Call it last in a verb: it takes the one lock that all verbs share.

    actor: None for the server itself, or somebody at the terminal.
    """
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
    row.hash = _hash(newest.hash if newest else BEGINNING, row)
    work.session.add(row)
    work.session.flush()
    return row


def append_restore(work: Work, back_to: datetime) -> Audit:
    """The place stands as it did then: what was written down later is gone."""
    return append(work, None, RESTORED, f"{back_to.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


def head(work: Work) -> Audit | None:
    """The newest row."""
    return work.session.exec(select(Audit).order_by(col(Audit.number).desc()).limit(1)).first()


def newest_of(work: Work, verb: str) -> datetime | None:
    """When that was done last."""
    query = select(Audit.at).where(Audit.verb == verb).order_by(col(Audit.number).desc())
    return work.session.exec(query.limit(1)).first()


def newest_at(work: Work) -> datetime | None:
    """When anything was written down last."""
    return work.session.exec(select(Audit.at).order_by(col(Audit.number).desc()).limit(1)).first()


def find_hash(work: Work, number: int) -> bytes | None:
    """The hash of one row."""
    return work.session.exec(select(Audit.hash).where(Audit.number == number)).first()


def rows(work: Work) -> Iterator[Row | None]:
    """All of them in their order, a page at a time. None, and then nothing more: one cannot be read."""
    after, size = None, _PAGE
    while True:
        try:
            page = _page(work, after, size)
        except (DBAPIError, OverflowError):  # PostgreSQL keeps times that Python has none for
            if size == 1:
                yield None
                return
            size = 1  # to come as close as can be to what is broken
            continue
        for values in page:
            row = _read(*values)
            yield row
            if row is None:
                return
            after = row.number
        if len(page) < size:
            return


def _page(work: Work, after: int | None, size: int) -> Sequence[Any]:
    """As the driver gives them: whoever changes a row straight in the database is bound to no type."""
    query = select(*_COLUMNS).order_by(col(Audit.number)).limit(size)
    if after is not None:
        query = query.where(col(Audit.number) > after)
    return work.connection.execute(query).all()


def _read(number: Any, at: Any, actor: Any, verb: Any, subject: Any, hash: Any) -> Row | None:
    try:
        at = datetime.fromisoformat(at) if isinstance(at, str) else at
        actor = UUID(actor) if isinstance(actor, str) else actor
    except ValueError:
        return None
    kinds = (
        (at, datetime),
        (actor, UUID | None),
        (verb, str),
        (subject, str | None),
        (hash, bytes),
    )
    if not all(isinstance(value, kind) for value, kind in kinds):
        return None
    return Row(number, at if at.tzinfo else at.replace(tzinfo=UTC), actor, verb, subject, hash)


def _lock(work: Work) -> None:
    # The place's one row stands for the chain: a lock on its newest row would not keep out a
    # transaction that reads the same newest row a moment later.
    work.session.exec(select(Place.id).with_for_update()).all()


def _hash(before: bytes, row: Audit | Row) -> bytes:
    fields = (
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        str(row.actor) if row.actor else None,
        row.verb,
        row.subject,
    )
    return hashlib.sha256(before + b"|" + json.dumps(fields).encode()).digest()
