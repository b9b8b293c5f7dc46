"""PostgreSQL through asyncpg: the same verbs, each in a transaction of its own.

What comes in numbers goes through one lane: all that waits is one transaction, with one statement a table.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import Session

from server.clock import Clock
from server.errors import Unavailable
from server.store import crossing
from server.store.engines import postgres_engine
from server.store.pace import MOST_PACE_S, PACE
from server.store.sealing import Sealer
from server.store.work import Announcement, Together, Work

Result = TypeVar("Result")
log = logging.getLogger(__name__)

_TRIES = 6
_OTHER_FIRST_S = 0.05
"""Long enough for the other one to wake and take what it waits for; else the two meet again. Doubled each time."""
_BATCH = 512
_QUEUE = 4_096
_CROSSED = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock: nothing of the unit happened, and trying again helps."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """One item of what is done in numbers. done: whether it was; if not, it goes by itself."""

    verbs: Together[Any, Any]
    item: Any
    done: "asyncio.Future[bool]"
    result: Any = None


class PostgresDatabase:
    """Runs verbs on PostgreSQL. Rooms keep their order by the lock on their head row.

    worker: who this is among those who serve; what it tells, the others read. None: nobody listens here.
    """

    def __init__(
        self,
        url: str,
        sealer: Sealer,
        clock: Clock,
        announce: Callable[[list[Announcement]], None],
        worker: UUID | None = None,
    ) -> None:
        self._sealer = sealer
        self._clock = clock
        self._announce = announce
        self._worker = worker
        self._engine = postgres_engine(url)
        self._waiting: list[_Waiting] = []
        self._lane: asyncio.Task[None] | None = None
        self._told_s = 0.0
        # The same pool. At the usual level, each query of a verb would see a moment of its own.
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        event.listen(self._snapshots.sync_engine, "before_execute", _without_lock, retval=True)

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Durable on return."""
        result, announcements = await self._run(verb)
        if announcements:
            self._announce(announcements)
        return result

    async def do_together(self, verbs: Together[Any, Result], item: Any) -> Result:
        """As `do`; all that waits for the same verbs is done in one go."""
        waiting = _Waiting(verbs, item, asyncio.get_running_loop().create_future())
        if len(self._waiting) >= _QUEUE:
            raise Unavailable(retry_after_s=2)
        self._waiting.append(waiting)
        if self._lane is None or self._lane.done():
            self._lane = asyncio.create_task(self._drain(), name="together")
        if await asyncio.shield(waiting.done):
            return waiting.result  # type: ignore[no-any-return]
        return await self.do(lambda work: verbs.one(work, item))

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """From a snapshot: every query sees the same moment, and none can write."""

        def in_session(connection: Connection) -> Result:
            with closing(self._work(connection)) as work:
                return verb(work)

        return await self._try(self._snapshots, in_session)

    @property
    def waiting(self) -> int:
        """Items in the lane of what is done together that it has not begun."""
        return len(self._waiting)

    async def close(self) -> None:
        """Write what was accepted, then let go of the connections."""
        if self._lane:
            await asyncio.gather(self._lane, return_exceptions=True)
        await self._engine.dispose()

    async def _run(self, verb: Callable[[Work], Result]) -> tuple[Result, list[Announcement]]:
        def in_session(connection: Connection) -> tuple[Result, list[Announcement]]:
            with closing(self._work(connection)) as work:
                result = verb(work)
                work.flush()
                if self._worker and work.announcements:
                    crossed = crossing.add(work, self._worker)
                    work.announcements.insert(0, crossed)
                return result, work.announcements

        return await self._try(self._engine, in_session)

    async def _drain(self) -> None:
        """Until nothing waits any more; under load with a little time between two commits."""
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            for verbs in {id(one.verbs): one.verbs for one in batch}.values():
                await self._together(verbs, [one for one in batch if one.verbs is verbs])
            if len(batch) > 1:
                await asyncio.sleep(min(self._told_s * PACE, MOST_PACE_S))

    async def _together(self, verbs: Together[Any, Any], batch: list["_Waiting"]) -> None:
        """One transaction. When it fails each goes by itself, and finds out whether it happened: by `client_id`."""
        items = [one.item for one in batch]
        try:
            results, told = await self._run(lambda work: verbs.many(work, items))
        except Exception as error:
            log.error("writing together failed: %s", type(error).__name__)
            results, told = [None] * len(batch), []
        began = time.perf_counter()
        if told:
            self._announce(told)
        for one, result in zip(batch, results, strict=True):
            one.result = result
            if not one.done.done():
                one.done.set_result(result is not None)
        self._told_s = time.perf_counter() - began

    def _work(self, connection: Connection) -> Work:
        return Work(connection, self._sealer, self._clock.now(), _session)

    async def _try(self, engine: AsyncEngine, in_session: Callable[[Connection], Result]) -> Result:
        """Two units of work that wait for each other: PostgreSQL ends one, and it goes again.

        So does one whose connection was gone before its commit: to ask each connection beforehand
        whether it is there would cost as much as what is done on it.
        """
        why = ""
        for tries in range(_TRIES):
            if tries:
                await asyncio.sleep(random.uniform(0.5, 1) * _OTHER_FIRST_S * 2 ** (tries - 1))  # noqa: S311 - spreads, guards nothing
            commits = False
            try:
                async with engine.begin() as connection:
                    result = await connection.run_sync(in_session)
                    commits = True
                return result
            except DBAPIError as error:
                why = str(getattr(error.orig, "sqlstate", None))
                if why not in _CROSSED and (commits or not error.connection_invalidated):
                    break
            except (NoConnection, TimeoutError, OSError) as error:
                why = type(error).__name__
                break
        log.error("the database did not do it: %s", why)
        raise Unavailable(retry_after_s=2)


def _without_lock(
    _connection: Connection, statement: Any, many: Any, values: Any, _options: Any
) -> tuple[Any, Any, Any]:
    """What is only read changes for nobody: whoever finds a row locks it where they may write, and not here.

    PostgreSQL refuses a lock in a transaction that cannot write. SQLAlchemy takes one off by no public name.
    """
    if getattr(statement, "_for_update_arg", None) is not None:
        statement = statement._generate()
        statement._for_update_arg = None
    return statement, many, values


def _session(connection: Connection) -> Session:
    return Session(bind=connection, expire_on_commit=False)
