"""Durable inserts: `python -m tests.bench storage [--seconds 4] [--out storage.jsonl] [--only WORDS] [--pg]`.

Every case stores the same row and counts it only when its transaction has been committed. Closed loop: so
many producers, each waiting for its commit. Open loop: rows due at a fixed rate, latency from when each was.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.bench.engine import quantiles_ms
from tests.bench.pg import Cluster
from tests.bench.processes import Sample
from tests.bench.progress import keep
from tests.bench.storage.postgres_stores import PgGroup, PgSingle
from tests.bench.storage.rows import Store, next_row
from tests.bench.storage.sqlite_stores import AioGroup, AioSingle, ThreadGroup

PRODUCERS = (1, 16, 64, 256)
RATES = (20, 100, 1000, 5000)


class Case(NamedTuple):
    """A way to write, and who writes: so many producers, or rows a second."""

    name: str
    make: Callable[[], Store]
    load: Literal["closed", "open"]
    value: int


def main(arguments: list[str]) -> int:
    """Measure every case that is asked for."""
    import uvloop

    asked = _asked(arguments)
    with _cases(asked.pg) as (cases, roots), Path(asked.out).open("a") as out:
        for case in cases:
            if asked.only in case.name:
                keep(uvloop.run(measure(case, asked.seconds, roots)), out)
    return 0


def sqlite_cases(path: Path) -> list[Case]:
    """One by one in three journals; grouped in WAL; and paced."""
    cases = [
        Case(f"aiosqlite single {journal}/{sync}", partial(AioSingle, path, journal, sync), "closed", n)
        for journal, sync in (("DELETE", "FULL"), ("WAL", "FULL"), ("WAL", "NORMAL"))
        for n in (1, 16)
    ]  # fmt: skip
    for sync in ("FULL", "NORMAL"):
        for n in PRODUCERS:
            cases += [
                Case(f"aiosqlite group WAL/{sync}", partial(AioGroup, path, sync), "closed", n),
                Case(f"thread group WAL/{sync}", partial(ThreadGroup, path, sync), "closed", n),
            ]
        for gap_ms in (0, 2, 5):
            make = partial(ThreadGroup, path, sync, gap_ms / 1000)
            name = f"thread group WAL/{sync} gap {gap_ms} ms"
            cases += [Case(name, make, "open", rate) for rate in RATES]
    return cases


def postgres_cases(url: str) -> list[Case]:
    """One by one, and grouped in two ways."""
    cases = [
        Case(f"asyncpg single, {lanes} connections", partial(PgSingle, url, lanes), "closed", n)
        for lanes in (1, 10)
        for n in PRODUCERS[:3]
    ]
    unnest, copy = partial(PgGroup, url, "unnest"), partial(PgGroup, url, "copy")
    cases += [Case("asyncpg group unnest", unnest, "closed", n) for n in PRODUCERS]
    cases += [Case("asyncpg group copy", copy, "closed", n) for n in PRODUCERS]
    two = partial(PgGroup, url, "unnest", 2)
    cases += [Case("asyncpg group unnest, 2 lanes", two, "closed", n) for n in (16, 256)]
    return cases + [Case("asyncpg group unnest", unnest, "open", rate) for rate in RATES]


async def measure(case: Case, seconds: float, roots: list[int]) -> dict[str, Any]:
    """One case's row. roots: whose CPU counts."""
    store = case.make()
    await store.open()
    await asyncio.wait_for(store.put(next_row()), 10)
    batches, before, began = store.batches, Sample(roots), time.perf_counter()
    load = _closed if case.load == "closed" else _open
    waits_us = await load(store, case.value, seconds)
    wall = time.perf_counter() - began
    used = Sample(roots).since(before)
    batches = store.batches - batches
    await store.close()
    return {
        "server": case.name,
        "members": case.value,
        "phase": case.load,
        "per_s": len(waits_us) / wall,
        "wait_ms": quantiles_ms(map(int, waits_us)),
        "us_per_insert": used["server_cpu_s"] * 1e6 / max(1, len(waits_us)),
        "batch": len(waits_us) / max(1, batches),
        "foreign_share": used["foreign_share"],
    }


async def _closed(store: Store, producers: int, seconds: float) -> list[float]:
    waits_us: list[float] = []
    end = time.perf_counter() + seconds

    async def produce() -> None:
        while (began := time.perf_counter()) < end:
            await store.put(next_row())
            waits_us.append((time.perf_counter() - began) * 1e6)

    await asyncio.gather(*(produce() for _ in range(producers)))
    return waits_us


async def _open(store: Store, rate: int, seconds: float) -> list[float]:
    waits_us: list[float] = []
    tasks: set[asyncio.Task[None]] = set()
    began = time.perf_counter()

    async def put(due: float) -> None:
        await store.put(next_row())
        waits_us.append((time.perf_counter() - due) * 1e6)

    for i in range(int(rate * seconds)):
        due = began + i / rate
        if (early_s := due - time.perf_counter()) > 0:
            await asyncio.sleep(early_s)
        task = asyncio.create_task(put(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    if tasks:
        await asyncio.wait(tasks, timeout=20)
    return waits_us


@contextmanager
def _cases(on_postgres: bool) -> Iterator[tuple[list[Case], list[int]]]:
    """What to measure, and whose CPU counts."""
    with tempfile.TemporaryDirectory(prefix="hearth-bench-storage-") as folder:
        if not on_postgres:
            yield sqlite_cases(Path(folder) / "s.db"), [os.getpid()]
            return
        cluster = Cluster(Path(folder))
        cluster.start()
        try:
            yield postgres_cases(cluster.url), [os.getpid(), cluster.process.pid]
        finally:
            cluster.process.terminate()
            cluster.process.wait(10)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("tests.bench storage", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--out", default="storage.jsonl")
    parser.add_argument("--only", default="")
    parser.add_argument("--pg", action="store_true")
    return parser.parse_args(arguments)
