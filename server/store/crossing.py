"""What a worker told with a commit, for the other workers: written in the same transaction, read in its order.

What takes a `seq` in a room is not written here: the room's own record tells of it.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import orjson
from pydantic import TypeAdapter
from sqlalchemy import bindparam, text
from sqlmodel import col, delete, func, select

from server.ids import new_id
from server.protocol import frames
from server.store.prepared import Prepared
from server.store.sealing import Spot, Unreadable
from server.store.tables import Crossing, Guess
from server.store.work import CROSSING, Announcement, Crossed, Work

OWNER: Final = uuid5(UUID(int=0), "hearth/crossing")
"""Whose key it is sealed with: the server's own."""
_KEPT = timedelta(minutes=10)
PAGE = 500
_ONE_AT_A_TIME: Final = 4_811_970_331
"""Of PostgreSQL's advisory locks. Taken last and kept until the commit: numbers go up as commits do."""
_KINDS: Final[dict[str, TypeAdapter[Any]]] = {kind.__name__: TypeAdapter(kind) for kind in CROSSING}
_NEWEST = Prepared(select(func.coalesce(func.max(Crossing.number), 0)))
_AFTER = Prepared(
    select(Crossing.number, Crossing.id, Crossing.sealed)
    .where(col(Crossing.number) > bindparam("number"))
    .order_by(col(Crossing.number))
    .limit(PAGE)
)


def add(work: Work, worker: UUID) -> Crossed:
    """Keep what this work announces for the others. Nothing may be locked after this."""
    crossing = [one for one in work.announcements if isinstance(one, CROSSING)]
    if crossing:
        work.connection.execute(text(f"SELECT pg_advisory_xact_lock({_ONE_AT_A_TIME})"))
    before = newest(work)
    for number, one in enumerate(crossing, start=before + 1):
        row = Crossing(number=number, id=new_id(), worker=worker, sealed=b"", at=work.now)
        row.sealed = work.sealer.seal_bytes(OWNER, _encoded(one), _spot(row.id))
        work.session.add(row)
    if crossing:
        work.session.flush()
    return Crossed(before, len(crossing))


def newest(work: Work) -> int:
    """The newest number of all; 0 where nothing was told yet."""
    [(number,)] = _NEWEST.rows(work.connection)
    return int(number)


class After(NamedTuple):
    """What was told, in order and each with its number, up to a number. more: there may be further ones."""

    told: list[tuple[int, Announcement]]
    number: int
    more: bool


def after(work: Work, number: int, known: Collection[int] = ()) -> After:
    """What was told after a number, by whichever worker: a page of it. known: numbers that are left out.

    A worker reads its own, too: whether a commit was done whose answer was lost, only this tells.
    """
    rows = _AFTER.rows(work.connection, number=number)
    told = ((one, _decoded(work, row, sealed)) for one, row, sealed in rows if one not in known)
    reached = rows[-1][0] if rows else number
    return After([(one, it) for one, it in told if it], reached, len(rows) == PAGE)


def forget(work: Work) -> None:
    """What everybody has heard long since goes; the newest stays, so that numbers never begin anew."""
    work.session.exec(
        delete(Crossing).where(
            col(Crossing.at) < work.now - _KEPT, col(Crossing.number) < newest(work)
        )
    )


def forget_all(work: Work) -> None:
    """Also what is counted to limit it. Only where nobody serves: numbers begin anew."""
    for model in (Crossing, Guess):
        work.session.exec(delete(model))


def _encoded(one: Announcement) -> bytes:
    adapter = _KINDS[type(one).__name__]
    told = adapter.dump_python(one, mode="json", serialize_as_any=True, exclude_none=True)
    return orjson.dumps({"kind": type(one).__name__, "told": told})


def _decoded(work: Work, row: UUID, sealed: bytes) -> Announcement | None:
    """None where its key is gone: a database that was put back may hold such."""
    try:
        found = orjson.loads(work.sealer.open_bytes(OWNER, sealed, _spot(row)))
    except Unreadable:
        return None
    told = found["told"]
    if "frame" in told:
        told["frame"] = frames.server_frame.validate_python(told["frame"])
    one: Announcement = _KINDS[found["kind"]].validate_python(told)
    return one


def _spot(row: UUID) -> Spot:
    return Spot("crossing", "sealed", row, None)
