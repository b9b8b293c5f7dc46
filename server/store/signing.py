"""The audit log's newest row, signed outside the database soon after it is written."""

import asyncio
from functools import partial

from server.store import audit, place
from server.store.heads import Head, Heads, HeadsBroken, Line
from server.store.work import Database, Work

_TRIES = 3


async def sign(database: Database, heads: Heads) -> None:
    """Durable on return; does nothing when the newest row is signed already.

    Each head follows from the one before: when that one no longer stands in the database, nothing
    is signed, or what was done to the log would be covered up. Raises HeadsBroken then, Unavailable,
    or OSError.
    """
    for _ in range(_TRIES):
        newest = await asyncio.to_thread(heads.newest)
        head = await database.read(partial(_find_unsigned, newest=newest))
        if head is None or await asyncio.to_thread(heads.append, head, newest):
            return


def _find_unsigned(work: Work, newest: Line | None) -> Head | None:
    row = audit.head(work)
    if newest and audit.find_hash(work, newest.head.number) != newest.head.hash:
        raise HeadsBroken
    if row is None or (newest and row.number == newest.head.number):
        return None
    return Head(row.number, row.hash, work.now, place.get_epoch(work))
