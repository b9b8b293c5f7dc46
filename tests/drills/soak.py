"""Two hours of talk while people come and go: memory, descriptors and threads stay where they were.

Ten messages a second; of every ten members three lose their line each minute, without a word.
"""

import asyncio
import os
import random
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

from server.client import Client
from server.client.line import Line, open_line
from server.replay.performance import Options, Replay, is_clean
from tests.bench.processes import descendants, resident_bytes
from tests.drills._invented import conversations
from tests.drills._servers import Circumstances, DrillServer, take_stage
from tests.drills._sizes import size
from tests.drills._waiting import until
from tests.drills._witness import Witness

_RATE: Final = 10.0
_LOST_PER_S: Final = 0.3 / 60
_LOOKS: Final = 240
_MOST_MB_PER_H: Final = 1.0
_MOST_WAL_MB: Final = 64.0
_MORE_FDS: Final = 2
"""A line whose end is not known yet beside the one that came in its place."""
_MB: Final = 1_000_000
_CONTROL_PART: Final = 8
_START_S: Final = 300.0
_SHOWN: Final = (
    "posted", "acknowledged", "delivered", "expected", "lost", "doubled", "out_of_order", "altered", "resets",
    "delivery_p50_ms", "delivery_p99_ms",
)  # fmt: skip


class RestlessClient(Client):
    """Loses its line now and then, as a phone does: nobody says good-bye."""

    def __init__(self, url: str, token: str, **options: Any) -> None:
        super().__init__(url, token, opens=self._open_for_a_while, **options)
        self._cuts: set[asyncio.TimerHandle] = set()

    async def close(self) -> None:
        for cut in self._cuts:
            cut.cancel()
        await super().close()

    async def _open_for_a_while(self, url: str, token: str, number: int) -> Line:
        line = await open_line(url, token, number)
        abort = line._socket.transport.abort  # type: ignore[attr-defined]
        wait_s = random.expovariate(_LOST_PER_S)
        self._cuts = {asyncio.get_running_loop().call_later(wait_s, abort)}
        return line


class RestlessReplay(Replay):
    """A replay with such clients."""

    client = RestlessClient


@dataclass(frozen=True, slots=True)
class Look:
    """At the serving process: memory in MB, also of all its processes; and its files."""

    at_s: float
    rss_mb: float
    all_mb: float
    fds: int
    threads: int
    wal_mb: float
    database_mb: float


def run() -> dict[str, Any]:
    """MINUTES (120), CLIENTS (24), CLASSIFIER (embedded).

    ok: nothing lost, doubled or out of order; over the second half memory grows by at most 1 MB an hour, no more
    descriptors or threads than over the quarter before, and the write-ahead log is bounded. The control keeps
    what it read, for an eighth of the time, and is caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    minutes = size("MINUTES", 120)
    figures = await _drill({}, minutes * 60.0)
    control = await _drill({"DRILL_WITHOUT": "forgetting"}, minutes * 60.0 / _CONTROL_PART)
    caught = control["mb_per_h"] > max(_MOST_MB_PER_H, 3 * figures["mb_per_h"])
    return figures | {
        "control_mb_per_h": control["mb_per_h"],
        "control_caught": caught,
        "ok": _holds(figures) and caught,
    }


def _holds(figures: dict[str, Any]) -> bool:
    bounded = figures["mb_per_h"] <= _MOST_MB_PER_H and figures["wal_most_mb"] <= _MOST_WAL_MB
    kept = figures["more_fds"] <= _MORE_FDS and figures["more_threads"] <= 0
    return bool(figures["clean_for_clients"] and figures["lines"] and bounded and kept)


async def _drill(changed: dict[str, str], seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-soak-") as folder:
        classifier = os.environ.get("CLASSIFIER", "embedded")
        server = DrillServer(Path(folder), Circumstances(changed=changed), classifier=classifier)
        await server.start()
        try:
            return await _against(server, seconds)
        finally:
            server.kill()


async def _against(server: DrillServer, seconds: float) -> dict[str, Any]:
    tokens, stage = await take_stage(server, size("CLIENTS", 24))
    replay = RestlessReplay(Options(server.url, rate=_RATE), stage)
    replay.ledger = witness = Witness()
    looks: list[Look] = []
    looking = asyncio.create_task(_look(server, witness, seconds, looks))
    said = takewhile(lambda _: not looking.done(), conversations(int(seconds * _RATE * 2)))
    figures = await replay.run(said, tokens)
    await looking
    return {name: figures[name] for name in _SHOWN} | {
        "minutes": round(looks[-1].at_s / 60, 1),
        "lines": witness.counts["lines"] - len(tokens),
        "clean_for_clients": is_clean(figures),
        **_grown(looks),
    }


async def _look(server: DrillServer, witness: Witness, seconds: float, looks: list[Look]) -> None:
    await until(lambda: witness.counts["acknowledged"] > 0, _START_S)
    for number in range(_LOOKS + 1):
        looks.append(await asyncio.to_thread(_take, server, number * seconds / _LOOKS))
        await asyncio.sleep(seconds / _LOOKS)


def _take(server: DrillServer, at_s: float) -> Look:
    process, database = Path(f"/proc/{server.pid}"), server.settings.sqlite_path
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    wal = database.with_name(f"{database.name}-wal")
    return Look(
        at_s=at_s,
        rss_mb=resident_bytes(server.pid) / _MB,
        all_mb=sum(map(resident_bytes, descendants([server.pid]))) / _MB,
        fds=len(list((process / "fd").iterdir())),
        threads=int(status["Threads"]),
        wal_mb=wal.stat().st_size / _MB if wal.exists() else 0.0,
        database_mb=database.stat().st_size / _MB,
    )


def _grown(looks: Sequence[Look]) -> dict[str, Any]:
    """The second half, beside the quarter before it: by then whatever is filled once has been filled."""
    half, quarter = len(looks) // 2, len(looks) // 4
    late, before = looks[half:], looks[quarter:half]
    hours = [look.at_s / 3600 for look in late]
    return {
        "mb_per_h": round(
            statistics.linear_regression(hours, [one.rss_mb for one in late]).slope, 2
        ),
        "all_mb_per_h": round(
            statistics.linear_regression(hours, [one.all_mb for one in late]).slope, 2
        ),
        "rss_mb": [round(looks[at].rss_mb, 1) for at in (0, quarter, half, -1)],
        "more_fds": max(one.fds for one in late) - max(one.fds for one in before),
        "more_threads": max(one.threads for one in late) - max(one.threads for one in before),
        "wal_most_mb": round(max(one.wal_mb for one in looks), 1),
        "database_mb": round(looks[-1].database_mb, 1),
    }
