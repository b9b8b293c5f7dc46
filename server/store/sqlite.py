"""The embedded database: one thread writes, a few read.

The writer owns its connection. It takes all that is queued, gives each unit of work a savepoint of its
own, commits once, and hands the whole batch back in one call to the loop. What comes in numbers is
done in one go first. Under load it waits a little between commits, by how long it takes to tell the
world of one: larger batches cost less, and nobody waits when there is nothing else to do.
"""

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from server.clock import Clock
from server.errors import Unavailable
from server.store.engines import sqlite_engine
from server.store.pace import MOST_PACE_S, PACE
from server.store.sealing import Sealer
from server.store.work import Announcement, Together, Work

Result = TypeVar("Result")
log = logging.getLogger(__name__)

_BATCH = 512
_QUEUE = 4_096
_READERS = 4


@dataclass(slots=True)
class _Unit:
    """One thing to do. together, item: set when it may be done with others of its kind."""

    verb: Callable[[Work], Any]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None
    announcements: list[Announcement] | None = None
    together: Together[Any, Any] | None = None
    item: Any = None
    durable: bool = False


class SqliteDatabase:
    """Runs verbs on SQLite. `announce` is called on the loop, in the order of commits."""

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        clock: Clock,
        announce: Callable[[list[Announcement]], None],
    ) -> None:
        self._sealer = sealer
        self._clock = clock
        self._announce = announce
        self._loop = asyncio.get_running_loop()
        self._units: queue.Queue[_Unit | None] = queue.Queue(maxsize=_QUEUE)
        self._write_engine = sqlite_engine(path, writes=True)
        self._read_engine = sqlite_engine(path, writes=False, connections=_READERS)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="hearth-read")
        self._reading: dict[int, Connection] = {}
        """By thread: to take a connection and give it back costs as much as a query."""
        self._told_s = 0.0
        self._wanted = _QUEUE
        self._enough = threading.Event()
        """So many wait as the writer lets gather."""
        self._writer = threading.Thread(target=self._write_all, name="hearth-write", daemon=True)
        self._writer.start()

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Durable on return. Raises Unavailable when the queue is full or the disk refuses."""
        result: Result = await self._queued(_Unit(verb, self._loop.create_future()))
        return result

    async def do_together(self, verbs: Together[Any, Result], item: Any) -> Result:
        """As `do`; all that waits for the same verbs is done in one go."""
        unit = _Unit(lambda work: verbs.one(work, item), self._loop.create_future())
        unit.together, unit.item = verbs, item
        result: Result = await self._queued(unit)
        return result

    async def _queued(self, unit: _Unit) -> Any:
        try:
            self._units.put_nowait(unit)
        except queue.Full:
            raise Unavailable(retry_after_s=2) from None
        if self._units.qsize() >= self._wanted:
            self._enough.set()
        return await unit.future

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """From a snapshot, on a reading thread."""
        return await self._loop.run_in_executor(self._readers, self._read, verb)

    @property
    def waiting(self) -> int:
        """Units that the writer has not begun."""
        return self._units.qsize()

    async def close(self) -> None:
        """Write what was accepted, then let go."""
        await asyncio.to_thread(self._units.put, None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        for connection in self._reading.values():
            connection.close()
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _read(self, verb: Callable[[Work], Result]) -> Result:
        try:
            thread = threading.get_ident()
            connection = self._reading.get(thread) or self._read_engine.connect()
            self._reading[thread] = connection
            with connection.begin(), closing(self._work(connection)) as work:
                return verb(work)
        except (DBAPIError, sqlite3.Error) as error:
            if broken := self._reading.pop(threading.get_ident(), None):
                broken.close()
            log.error("read failed: %s", type(error).__name__)
            raise Unavailable(retry_after_s=2) from None

    def _write_all(self) -> None:
        stop = False
        with self._write_engine.connect() as connection:
            while not stop:
                batch, stop = self._take()
                if batch:
                    self._write(batch, connection)
                    self._loop.call_soon_threadsafe(self._finish, batch)
                if len(batch) > 1:
                    self._let_gather(len(batch))

    def _let_gather(self, before: int) -> None:
        """Until as many wait as were written just now, or for as long as the pace allows."""
        self._enough.clear()
        self._wanted = before
        if self._units.qsize() < before:
            self._enough.wait(min(self._told_s * PACE, MOST_PACE_S))
        self._wanted = _QUEUE

    def _take(self) -> tuple[list[_Unit], bool]:
        """All that is queued, at least one; whether the queue said to stop."""
        batch: list[_Unit] = []
        unit = self._units.get()
        while unit is not None:
            batch.append(unit)
            if len(batch) == _BATCH:
                return batch, False
            try:
                unit = self._units.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _write(self, batch: list[_Unit], connection: Connection) -> None:
        """Leaves in `batch` the units in the order in which they were done."""
        try:
            batch[:] = self._write_together(batch, connection)
            rest = [unit for unit in batch if unit.announcements is None]
            if rest:
                self._write_one_by_one(rest, connection)
        except Exception as error:
            log.error("commit failed: %s", type(error).__name__)
            for unit in batch:
                if not unit.durable:
                    unit.error = unit.error or Unavailable(retry_after_s=2)

    def _write_together(self, batch: list[_Unit], connection: Connection) -> list[_Unit]:
        """Those that can be done in numbers, then the others."""
        kinds = {id(unit.together): unit.together for unit in batch if unit.together}
        done: list[_Unit] = []
        for verbs in kinds.values():
            kind = [unit for unit in batch if unit.together is verbs]
            done += self._write_many(verbs, kind, connection)
        return done + [unit for unit in batch if not unit.durable] if done else batch

    def _write_many(
        self, verbs: Together[Any, Any], units: Sequence[_Unit], connection: Connection
    ) -> list[_Unit]:
        """One transaction. When it fails, nothing of it happened, and each goes by itself.

        By the driver alone: SQLAlchemy's bookkeeping would cost as much again as the writing.
        """
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute("BEGIN IMMEDIATE")
            work = self._work(connection)
            results = verbs.many(work, [unit.item for unit in units])
            driver.execute("COMMIT")
        except Exception as error:
            log.error("writing together failed: %s", type(error).__name__)
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            return []
        done = []
        for unit, result in zip(units, results, strict=True):
            if result is not None:
                unit.result, unit.announcements, unit.durable = result, [], True
                done.append(unit)
        if done:
            done[0].announcements = work.announcements
        return done

    def _write_one_by_one(self, units: Sequence[_Unit], connection: Connection) -> None:
        """One transaction, a savepoint for each."""
        with connection.begin():
            for unit in units:
                self._run(unit, connection)
                _check_still_open(connection)
        for unit in units:
            unit.durable = True

    def _run(self, unit: _Unit, connection: Connection) -> None:
        try:
            with closing(self._work(connection)) as work:
                unit.result = unit.verb(work)
                work.commit()  # releases this unit's savepoint; the batch commits for all
                unit.announcements = work.announcements
        except (DBAPIError, sqlite3.Error) as error:
            log.error("write failed: %s", type(error).__name__)
            unit.error = Unavailable(retry_after_s=2)
        except BaseException as error:
            unit.error = error

    def _work(self, connection: Connection) -> Work:
        return Work(connection, self._sealer, self._clock.now(), _session)

    def _finish(self, batch: list[_Unit]) -> None:
        began = time.perf_counter()
        told = [
            announcement
            for unit in batch
            if unit.error is None and unit.durable
            for announcement in unit.announcements or ()
        ]
        if told:
            self._announce(told)
        for unit in batch:
            if unit.future.cancelled():
                continue
            if unit.error is None:
                unit.future.set_result(unit.result)
            else:
                unit.future.set_exception(unit.error)
        self._told_s = time.perf_counter() - began


class _BatchLostError(Exception):
    """SQLite gave the whole transaction up, not just one savepoint."""


def _check_still_open(connection: Connection) -> None:
    """On a full disk or a failing one, SQLite may roll back everything when one statement fails.

    What ran before in this batch is gone then, and what ran after would commit by itself: nobody of
    this batch may be told that their words are safe.
    """
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        raise _BatchLostError


def _session(connection: Connection) -> Session:
    return Session(
        bind=connection,
        join_transaction_mode="create_savepoint",
        expire_on_commit=False,
        autoflush=True,
    )
