"""PostgreSQL through asyncpg: one INSERT per message, or all that waits in one statement."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Literal

import asyncpg

from tests.bench.storage.rows import Row

_SCHEMA: Final = """DROP TABLE IF EXISTS message;
CREATE TABLE message(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, room INT NOT NULL, author INT NOT NULL,
 nonce TEXT NOT NULL, ts FLOAT8 NOT NULL, body TEXT NOT NULL);
CREATE INDEX message_room ON message(room, id); CREATE UNIQUE INDEX message_nonce ON message(author, nonce);"""
_COLUMNS: Final = ["room", "author", "nonce", "ts", "body"]
_INSERT: Final = "INSERT INTO message(room, author, nonce, ts, body) VALUES($1,$2,$3,$4,$5)"
_UNNEST: Final = (
    "INSERT INTO message(room, author, nonce, ts, body) SELECT * FROM "
    "unnest($1::int[], $2::int[], $3::text[], $4::float8[], $5::text[])"
)


class PgSingle:
    """One INSERT per message, on a pool of so many connections."""

    def __init__(self, url: str, connections: int) -> None:
        self.url, self.connections = url, connections
        self.batches = 0

    async def open(self) -> None:
        n = self.connections
        self.pool = await asyncpg.create_pool(self.url, min_size=n, max_size=n)
        await self.pool.execute(_SCHEMA)

    async def put(self, row: Row) -> None:
        await self.pool.execute(_INSERT, *row)
        self.batches += 1

    async def close(self) -> None:
        await self.pool.close()


class PgGroup:
    """All that waits in one statement; `lanes` of them on their way, on as many connections."""

    def __init__(self, url: str, how: Literal["unnest", "copy"], lanes: int = 1) -> None:
        self.url, self.how, self.lanes = url, how, lanes
        self.batches = 0

    async def open(self) -> None:
        self.connections = [await asyncpg.connect(self.url) for _ in range(self.lanes)]
        await self.connections[0].execute(_SCHEMA)
        self.pending: list[tuple[Row, asyncio.Future[None]]] = []
        self.wake = asyncio.Event()
        self.tasks = [asyncio.create_task(self._run(one)) for one in self.connections]

    def put(self, row: Row) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        self.pending.append((row, future))
        self.wake.set()
        return future

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        for connection in self.connections:
            await connection.close()

    async def _run(self, connection: Any) -> None:
        insert = await connection.prepare(_UNNEST)
        while True:
            await self.wake.wait()
            self.wake.clear()
            batch, self.pending = self.pending, []
            if not batch:
                continue
            rows = [row for row, _ in batch]
            if self.how == "copy":
                await connection.copy_records_to_table("message", records=rows, columns=_COLUMNS)
            else:
                await insert.fetch(*map(list, zip(*rows, strict=True)))
            self.batches += 1
            for _, future in batch:
                future.set_result(None)
