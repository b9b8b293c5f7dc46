"""SQLite: one commit per message, or all that waits in one; through aiosqlite, or a thread of one's own."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from pathlib import Path
from typing import Final

import aiosqlite

from tests.bench.storage.rows import INSERT, Row

SCHEMA: Final = """CREATE TABLE message(id INTEGER PRIMARY KEY, room INTEGER NOT NULL, author INTEGER NOT NULL,
 nonce TEXT NOT NULL, ts REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX message_room ON message(room, id);
CREATE UNIQUE INDEX message_nonce ON message(author, nonce);"""
Waiting = tuple[Row, "asyncio.Future[None]"]


def fresh(path: Path) -> Path:
    """The path, with no database there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path


class AioSingle:
    """aiosqlite, one INSERT and one COMMIT per message, as in the tutorials."""

    def __init__(self, path: Path, journal: str, synchronous: str) -> None:
        self.path, self.journal, self.synchronous = path, journal, synchronous
        self.batches = 0

    async def open(self) -> None:
        self.db = await aiosqlite.connect(fresh(self.path))
        await self.db.execute(f"PRAGMA journal_mode={self.journal}")
        await self.db.execute(f"PRAGMA synchronous={self.synchronous}")
        await self.db.executescript(SCHEMA)
        self.lock = asyncio.Lock()

    async def put(self, row: Row) -> None:
        async with self.lock:
            await self.db.execute(INSERT, row)
            await self.db.commit()
            self.batches += 1

    async def close(self) -> None:
        await self.db.close()


class AioGroup:
    """aiosqlite; everything queued goes into one transaction, and the next begins when that returns."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path, self.synchronous = path, synchronous
        self.batches = 0

    async def open(self) -> None:
        self.db = await aiosqlite.connect(fresh(self.path), isolation_level=None)
        await self.db.execute("PRAGMA journal_mode=WAL")
        await self.db.execute(f"PRAGMA synchronous={self.synchronous}")
        await self.db.executescript(SCHEMA)
        self.pending: list[Waiting] = []
        self.wake = asyncio.Event()
        self.task = asyncio.create_task(self._run())

    def put(self, row: Row) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self.pending.append((row, future))
        self.wake.set()
        return future

    async def close(self) -> None:
        self.task.cancel()
        await self.db.close()

    async def _run(self) -> None:
        while True:
            await self.wake.wait()
            self.wake.clear()
            batch, self.pending = self.pending, []
            # One hop to aiosqlite's thread for the whole transaction.
            await self.db._execute(self._commit, [row for row, _ in batch])
            self.batches += 1
            for _, future in batch:
                future.set_result(None)

    def _commit(self, rows: list[Row]) -> None:
        connection = self.db._conn
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, rows)
        connection.execute("COMMIT")


class ThreadGroup:
    """A writer thread of one's own with sqlite3: a queue in, one call_soon_threadsafe per batch out."""

    def __init__(self, path: Path, synchronous: str, gap_s: float = 0.0) -> None:
        self.path, self.synchronous, self.gap_s = path, synchronous, gap_s
        self.batches = 0

    async def open(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self.db = sqlite3.connect(fresh(self.path), isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(f"PRAGMA synchronous={self.synchronous}")
        self.db.executescript(SCHEMA)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def put(self, row: Row) -> asyncio.Future[None]:
        future = self.loop.create_future()
        self.queue.put((row, future))
        return future

    async def close(self) -> None:
        self.queue.put(None)
        await self.loop.run_in_executor(None, self.thread.join)
        self.db.close()

    def _run(self) -> None:
        while (first := self.queue.get()) is not None:
            if self.gap_s:
                time.sleep(self.gap_s)
            batch = [first, *self._waiting()]
            self.db.execute("BEGIN IMMEDIATE")
            self.db.executemany(INSERT, [row for row, _ in batch])
            self.db.execute("COMMIT")
            self.batches += 1
            self.loop.call_soon_threadsafe(_settle, batch)

    def _waiting(self) -> list[Waiting]:
        batch: list[Waiting] = []
        try:
            while (one := self.queue.get_nowait()) is not None:
                batch.append(one)
            self.queue.put(None)
        except queue.Empty:
            pass
        return batch


def _settle(batch: list[Waiting]) -> None:
    for _, future in batch:
        if not future.done():
            future.set_result(None)
