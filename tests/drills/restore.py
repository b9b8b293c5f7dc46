"""A backup of a million messages beside a server that is talked on, put back on both databases: 0 differences."""

import asyncio
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.settings import Settings
from server.store import beside
from server.store.copies.backup import Totals, back_up, verify
from server.store.copies.restoring import restore
from server.store.copies.sealed_file import Damaged
from tests import installed
from tests.bench.processes import memory_bytes
from tests.drills._crowd import gather
from tests.drills._filled import Sums, all_sums, differing, fill
from tests.drills._sizes import size
from tests.drills._steady import Steady
from tests.server.live_server import LiveServer
from tests.services import Postgres, postgres_process

_PASSPHRASE = "seven quiet otters"
_BEGUN_ANEW = {"place", "audit"}
"""A restore changes the epoch, and writes down that it was done."""


def run() -> dict[str, Any]:
    """MESSAGES (1000000), RATE (20) posts a second meanwhile. start_s, start_memory_mb: of a cold start with all of it.

    ok: what is put back differs in no table from what was kept; every post that was acknowledged before
    the backup began is in it; and the controls are caught: a byte that is flipped in the file, and
    a row that is dropped from what was put back.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-restore-")))
        url = None
        if installed.find_postgres("postgres"):
            url = stack.enter_context(postgres_process())
        return asyncio.run(_run(folder, url))


async def _run(folder: Path, url: str | None) -> dict[str, Any]:
    messages, rate = size("MESSAGES", 1_000_000), size("RATE", 20)
    server, took = LiveServer(folder / "hearth"), _Took()
    await took.thread("fill_s", fill, server.settings, messages)
    kept = folder / "kept"
    try:
        await server.start()
        crowd = await gather(server, 1)
        steady = Steady(crowd.room)
        async with steady.talking(server, crowd.tokens[0], rate):
            await asyncio.sleep(2)
            before = dict(steady.answered)
            totals = await took.thread("backup_s", _keep, server.settings, kept)
        await server.stop()
    finally:
        server.kill()
    _, again = await took.thread("verify_s", verify, kept, _PASSPHRASE, _quiet)
    figures = {
        "messages": totals["message"].rows,
        "rows": sum(total.rows for total in totals.values()),
        "size_mb": round(kept.stat().st_size / 1e6, 1),
        "posted_meanwhile": len(steady.answered) - len(before),
        "longest_post_s": round(steady.longest_s, 2),
    }
    steady.answered = before
    places = {"sqlite": _elsewhere(server.settings, folder / "back", "")}
    if url:
        places["postgres"] = _elsewhere(
            server.settings, folder / "back2", await Postgres(url).create()
        )
    differences, lost = 0, 0
    for name, place in places.items():
        await took.thread(f"restore_{name}_s", _put_back, place, kept)
        sums = await all_sums(place)
        differences += len(set(differing(_sums(totals), sums)) - _BEGUN_ANEW)
        lost += await asyncio.to_thread(beside.read, place, steady.lost)
    figures |= await _start_cold(server, took)
    flipped = await asyncio.to_thread(_finds_flipped, kept)
    dropped = await _finds_dropped(places["sqlite"], totals)
    return figures | took.figures | {
        "databases": [*places],
        "same_when_verified": again == totals,
        "acked_before": len(before),
        "acked_lost": lost,
        "differences": differences,
        "control_caught": flipped and dropped,
        "ok": differences == lost == 0
        and again == totals
        and len(before) > 0
        and totals["message"].rows >= messages
        and "postgres" in places
        and flipped
        and dropped,
    }  # fmt: skip


async def _start_cold(server: LiveServer, took: "_Took") -> dict[str, float]:
    """With all that it holds, and nothing of it in memory: until it answers, and what it holds then."""
    await asyncio.to_thread(_forget_files)
    began = time.perf_counter()
    await server.start()
    took.figures["start_s"] = round(time.perf_counter() - began, 1)
    try:
        return {"start_memory_mb": memory_bytes([server.pid])[0] // 1_000_000}
    finally:
        await server.stop()


def _forget_files() -> None:
    """What the kernel keeps of them in memory; as root, else it stays."""
    os.sync()
    with suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("3")


class _Took:
    """How long each step took."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    async def thread(self, name: str, do: Callable[..., Any], *arguments: Any) -> Any:
        """In a thread, so that whoever talks goes on."""
        began = time.perf_counter()
        result = await asyncio.to_thread(do, *arguments)
        self.figures[name] = round(time.perf_counter() - began, 1)
        print(f"{name} {self.figures[name]}", flush=True)
        return result


def _keep(settings: Settings, path: Path) -> Totals:
    return asyncio.run(
        back_up(settings, path, _PASSPHRASE, version="drill", now=datetime.now(UTC), tell=_quiet)
    )


def _put_back(settings: Settings, path: Path) -> None:
    asyncio.run(
        restore(settings, path, _PASSPHRASE, replace=False, now=datetime.now(UTC), tell=_quiet)
    )


def _elsewhere(settings: Settings, folder: Path, url: str) -> Settings:
    """An empty place that has the keys."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "database_url": url,
            "key_file": settings.key_path,
            "keys_database": str(settings.keys_at),
        }
    )


def _sums(totals: Totals) -> Sums:
    return {table: (total.rows, total.sha256) for table, total in totals.items()}


def _finds_flipped(path: Path) -> bool:
    """A byte in the middle of the file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    try:
        verify(path, _PASSPHRASE, _quiet)
    except Damaged:
        return True
    return False


async def _finds_dropped(settings: Settings, totals: Totals) -> bool:
    """A row that is missing from what was put back."""

    def drop(work: Any) -> None:
        work.connection.exec_driver_sql(
            "DELETE FROM assessment WHERE id = (SELECT id FROM assessment LIMIT 1)"
        )

    await asyncio.to_thread(beside.do, settings, drop)
    return "assessment" in differing(_sums(totals), await all_sums(settings))


def _quiet(*_: object) -> None:
    return
