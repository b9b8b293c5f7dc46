"""The embedded database: one thread writes, a few read.

The writer owns its connection. It takes all that is queued, gives each unit of work a savepoint of its
own, commits once, and hands the whole batch back in one call to the loop.
"""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from server.clock import Clock
from server.errors import Unavailable
from server.store.engines import sqlite_engine
from server.store.sealing import Sealer
from server.store.work import Announcement, Work

Result = TypeVar("Result")
log = logging.getLogger(__name__)

_BATCH = 64
_QUEUE = 4_096
_READERS = 4


@dataclass(slots=True)
class _Unit:
    verb: Callable[[Work], Any]
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None
    announcements: list[Announcement] | None = None


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
        self._writer = threading.Thread(target=self._write_all, name="hearth-write", daemon=True)
        self._writer.start()

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Durable on return. Raises Unavailable when the queue is full or the disk refuses."""
        unit = _Unit(verb, self._loop.create_future())
        try:
            self._units.put_nowait(unit)
        except queue.Full:
            raise Unavailable(retry_after_s=2) from None
        result: Result = await asyncio.shield(unit.future)
        return result

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """From a snapshot, on a reading thread."""
        return await self._loop.run_in_executor(self._readers, self._read, verb)

    async def close(self) -> None:
        """Write what was accepted, then let go."""
        await asyncio.to_thread(self._units.put, None)
        await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        self._write_engine.dispose()
        self._read_engine.dispose()

    def _read(self, verb: Callable[[Work], Result]) -> Result:
        try:
            with self._read_engine.connect() as connection, _session(connection) as session:
                return verb(Work(session, self._sealer, self._clock.now()))
        except DBAPIError as error:
            log.error("read failed: %s", type(error.orig).__name__)
            raise Unavailable(retry_after_s=2) from None

    def _write_all(self) -> None:
        stop = False
        while not stop:
            batch, stop = self._take()
            if batch:
                self._write(batch)
                self._hand_back(batch)

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

    def _write(self, batch: list[_Unit]) -> None:
        try:
            with self._write_engine.connect() as connection, connection.begin():
                for unit in batch:
                    self._run(unit, connection)
                    _check_still_open(connection)
        except Exception as error:
            log.error("commit failed: %s", type(error).__name__)
            for unit in batch:
                unit.error = unit.error or Unavailable(retry_after_s=2)

    def _run(self, unit: _Unit, connection: Connection) -> None:
        try:
            with _session(connection) as session:
                work = Work(session, self._sealer, self._clock.now())
                unit.result = unit.verb(work)
                session.commit()  # releases this unit's savepoint; the batch commits for all
                unit.announcements = work.announcements
        except DBAPIError as error:
            log.error("write failed: %s", type(error.orig).__name__)
            unit.error = Unavailable(retry_after_s=2)
        except BaseException as error:
            unit.error = error

    def _hand_back(self, batch: list[_Unit]) -> None:
        self._loop.call_soon_threadsafe(self._finish, batch)

    def _finish(self, batch: list[_Unit]) -> None:
        for unit in batch:
            if unit.error is None and unit.announcements:
                self._announce(unit.announcements)
            if unit.future.cancelled():
                continue
            if unit.error is None:
                unit.future.set_result(unit.result)
            else:
                unit.future.set_exception(unit.error)


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
