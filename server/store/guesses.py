"""A moving window that all workers share: for what must hold whatever else is down."""

import hashlib
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import col, delete, select

from server.store.tables import Guess
from server.store.work import Work

_KEPT = timedelta(hours=1)


def count(work: Work, kind: str, key: str, most: int, within: timedelta, *, adds: bool) -> float:
    """Count one where there is room. Returns how many seconds to wait; 0: there was room.

    adds: False only looks. What was refused is not counted. On PostgreSQL.
    """
    work.connection.execute(
        text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _lock_of(kind, key)}
    )
    query = (
        select(Guess.at)
        .where(Guess.kind == kind, Guess.key == key, col(Guess.at) > work.now - within)
        .order_by(col(Guess.at).desc())
        .limit(most)
    )
    times = work.session.exec(query).all()
    if len(times) >= most:
        return (times[-1] + within - work.now).total_seconds()
    if adds:
        work.session.add(Guess(kind=kind, key=key, at=work.now))
    return 0.0


def take_back(work: Work, kind: str, key: str) -> None:
    """The newest under this key is no longer counted."""
    query = select(Guess).where(Guess.kind == kind, Guess.key == key)
    newest = work.session.exec(query.order_by(col(Guess.at).desc()).limit(1)).first()
    if newest:
        work.session.delete(newest)


def forget(work: Work) -> None:
    """What no window reaches any more goes."""
    work.session.exec(delete(Guess).where(col(Guess.at) < work.now - _KEPT))


def _lock_of(kind: str, key: str) -> int:
    """Two at once would both find room."""
    digest = hashlib.sha256(f"{kind} {key}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
