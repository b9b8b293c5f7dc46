"""A moving window that lasts: all workers share it, and no restart forgets it."""

import hashlib
from datetime import timedelta

from sqlalchemy import text
from sqlmodel import col, delete, select

from server.store.tables import Guess
from server.store.work import Work

_KEPT = timedelta(hours=1)


def count(work: Work, kind: str, key: str, most: int, within: timedelta) -> float:
    """Count one where there is room. Returns how many seconds to wait; 0: there was room.

    What was refused is not counted.
    """
    _take_turn(work, kind, key)
    wait_s = look(work, kind, key, most, within)
    if wait_s == 0:
        work.session.add(Guess(kind=kind, key=key, at=work.now))
    return wait_s


def look(work: Work, kind: str, key: str, most: int, within: timedelta) -> float:
    """How many seconds until there is room for one; 0: there is. Counts nothing."""
    query = (
        select(Guess.at)
        .where(Guess.kind == kind, Guess.key == key, col(Guess.at) > work.now - within)
        .order_by(col(Guess.at).desc())
        .limit(most)
    )
    times = work.session.exec(query).all()
    if len(times) >= most:
        return (times[-1] + within - work.now).total_seconds()
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


def _take_turn(work: Work, kind: str, key: str) -> None:
    """Two at once would both find room. The embedded database lets one write at a time anyway."""
    if work.connection.dialect.name == "postgresql":
        lock = {"lock": _lock_of(kind, key)}
        work.connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)


def _lock_of(kind: str, key: str) -> int:
    digest = hashlib.sha256(f"{kind} {key}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
