"""A running server with the whole matrix in it, and settings broken on purpose."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from server.access import Relation, Role
from server.live.encoding import encode
from server.live.hub import Hub
from server.services.reader import Reader
from server.settings import Settings
from server.store import beside
from server.store.work import Database, ToStaff, Work
from tests.server.in_process import ByHand, serving_app
from tests.server.matrix import hearing
from tests.server.matrix.cast import Standing
from tests.server.matrix.cells import Matrix, Pick
from tests.server.matrix.commands import Sent, commands
from tests.server.matrix.hearing import Heard, cause_everything, everybody, judge, read_owners
from tests.server.matrix.operation import Operation, operations

TOO_WIDE = "case.read", frozenset({(Role.PEER, Relation.SEAT)})
"""A row for the first control: whoever sits in a room reads its cases."""
FAR_TOO_WIDE = "clinic.climate", frozenset({(Role.CLINICIAN, Relation.NONE)})
"""One for the views with swapped ids: any clinician sees any room's climate."""
_GRIEF = "My dog died last night and I cannot stop crying"


class Careless(Hub):
    """For the second control: tells every open line of every case, and asks nobody who they are."""

    def _to_staff(self, told: ToStaff) -> None:
        for connection in self.sockets():
            connection.offer(encode(told.frame))


class AskedRows(dict[str, Any]):
    """The access table, which remembers what was asked of it."""

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__(table)
        self.asked: set[str] = set()

    def get(self, row: str, default: Any = None) -> Any:
        """As a dict has it."""
        self.asked.add(row)
        return super().get(row, default)


class Watched:
    """The database as requests have it, which counts what they write; what the server does by itself goes beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        self.writes += name in {"do", "do_together"}
        return getattr(self._database, name)


@dataclass(frozen=True, slots=True)
class Running:
    """The application in this process, and what was made for it."""

    app: FastAPI
    settings: Settings
    matrix: Matrix
    sent: list[Sent]
    ask: UUID
    kept: UUID

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.settings.port}"

    @contextmanager
    def watched(self) -> Iterator[Watched]:
        """While this lasts."""
        parts = self.app.state.parts
        watched: Any = Watched(parts.database)
        self.app.state.parts = replace(parts, database=watched)
        yield watched
        self.app.state.parts = parts

    async def hear(self) -> Heard:
        """Everybody listens, everything is caused, and what came of it is judged."""
        async with everybody(self.url, self.matrix) as ears:
            await cause_everything(self.url, self.matrix, ears, self.ask, self.kept)
        owners = await asyncio.to_thread(beside.do, self.settings, read_owners)
        return judge(ears, self.matrix, owners)


@asynccontextmanager
async def running(
    folder: Path,
    standings: Sequence[Standing] = tuple(Standing),
    only: Collection[str] | None = None,
    hub: type[Hub] = Hub,
    pick: Pick = list,
) -> AsyncIterator[Running]:
    """With a classifier that reads by hand. only: these operations over HTTP; None: all."""
    async with serving_app(folder) as (app, settings):
        by_hand: Any = ByHand(hearing.reads)
        app.state.parts = replace(app.state.parts, assessor=by_hand, reader=Reader(by_hand))
        app.state.parts.hub.__class__ = hub
        found = [one for one in operations(app.openapi()) if only is None or one.id in only]
        made = await asyncio.to_thread(
            beside.do, settings, partial(make, found=found, standings=standings, pick=pick)
        )
        yield Running(app, settings, *made)


def make(
    work: Work,
    found: list[Operation],
    standings: Sequence[Standing] = tuple(Standing),
    pick: Pick = list,
) -> tuple[Matrix, list[Sent], UUID, UUID]:
    """The matrix, the commands, a message that seeks an answer, and a keeper's own."""
    matrix = Matrix(work, found, standings, pick)
    sent = commands(work, matrix)
    kept = matrix.targets.said(matrix.cast.here, matrix.cast.keeper.id)
    ask = matrix.targets.said(matrix.cast.here, matrix.cast.author.id, _GRIEF, ask=True)
    return matrix, sent, ask.id, kept.id
