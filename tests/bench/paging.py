"""What it costs a worker to read one change that another worker has written: CPU, the database's included."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

from server.services.listening import StoredPages
from server.store.postgres import PostgresDatabase
from tests.bench.processes import cpu_ns, descendants
from tests.server.store_fixture import (
    House,
    TestClock,
    _found_postgres,
    open_sqlite,
    sealer_in,
)
from tests.services import Postgres, _until, postgres_process

_PAGES = 300
_WARM = 50


def measure() -> dict[str, float]:
    """Microseconds for a page of one message, by engine: the mean of 300."""
    return asyncio.run(_measure())


async def _measure() -> dict[str, float]:
    clock, told = TestClock(), []  # type: ignore[var-annotated]
    with tempfile.TemporaryDirectory(prefix="hearth-page-") as folder:
        found = {"sqlite": await _page_us(House(open_sqlite(Path(folder), clock, told), clock))}
    with tempfile.TemporaryDirectory(prefix="hearth-page-") as folder, postgres_process() as url:
        server = Postgres(url)
        await _until(server.is_up)
        place = await server.create()
        await _found_postgres(place)
        database = PostgresDatabase(place, sealer_in(Path(folder)), clock, told.extend)
        found["postgres"] = await _page_us(House(database, clock))
    return found


async def _page_us(house: House) -> float:
    try:
        marram = await house.join("marram")
        room = await house.room("Low days", (marram, "member"))
        await house.say(room, marram, "The kettle is on, and the window is open.")
        pages: Any = StoredPages(house.database)
        for _ in range(_WARM):
            assert await pages.page_after(room, 0)
        before = _cpu_ns()
        for _ in range(_PAGES):
            await pages.page_after(room, 0)
        return round((_cpu_ns() - before) / _PAGES / 1000, 1)
    finally:
        await house.database.close()


def _cpu_ns() -> int:
    """Of this process and all that it started."""
    me = os.getpid()
    return sum(cpu_ns(pid) for pid in {me, *descendants([me])})
