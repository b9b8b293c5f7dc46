"""Twenty rolling restarts of two workers under load: no post fails, and nobody is without a line for long."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from server.client import BackOff
from tests.drills._chorus import Chorus, gaps_in_seq, is_whole
from tests.drills._crowd import gather
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import SERVES_WITHIN_S, two_workers
from tests.drills._sizes import size
from tests.drills._waiting import until

_MOST_GAP_S = 1.0
_PAUSE_S = 0.2
_STEADY_S = 1.0
_OLD_FIRST = Circumstances(changed={"DRILL_WITHOUT": "first"})


def run() -> dict[str, Any]:
    """RESTARTS (20), WRITERS (8), READERS (24).

    ok: no post failed, nothing was lost or doubled, and 95 % of the times without a line were under 1 s;
    and workers that go before others have come are caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    restarts = size("RESTARTS", 20)
    figures = await _sing(restarts)
    control = await _sing(1, _OLD_FIRST)
    caught = not _holds(control)
    return figures | {
        "control_gap_p95_s": control["gap_p95_s"],
        "control_failed": control["failed"],
        "control_caught": caught,
        "ok": _holds(figures) and figures["restarts"] == restarts and caught,
    }


async def _sing(restarts: int, circumstances: Circumstances | None = None) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        server, _ = await two_workers(stack, circumstances)
        crowd = await gather(server, size("WRITERS", 8) + size("READERS", 24))
        singers = Chorus(lambda _: server.url, crowd, size("WRITERS", 8), BackOff)
        await singers.come_in(stack)
        rolling = asyncio.create_task(_roll(server, restarts))
        await singers.speak(lambda _: not rolling.done(), _PAUSE_S)
        done = await rolling
        await singers.settle()
        figures: dict[str, Any] = singers.figures()
        figures["gaps_in_seq"] = await server.on_database(partial(gaps_in_seq, crowd=crowd))
    gaps = sorted(singers.gaps_s)
    return figures | {
        "restarts": done,
        "lines_moved": len(gaps),
        "gap_p50_s": _share(gaps, 0.5),
        "gap_p95_s": _share(gaps, 0.95),
        "gap_max_s": _share(gaps, 1.0),
    }


async def _roll(server: DrillServer, restarts: int) -> int:
    """Returns how often both workers were replaced by others."""
    done = 0
    for _ in range(restarts):
        await asyncio.sleep(_STEADY_S)
        before = set(workers_of(server))
        os.kill(server.pid, signal.SIGHUP)
        await until(lambda old=before: _are_new(server, old), SERVES_WITHIN_S, 0.1)  # type: ignore[misc]
        done += 1
    await asyncio.sleep(_STEADY_S)
    return done


def _are_new(server: DrillServer, before: set[int]) -> bool:
    now = set(workers_of(server))
    return len(now) == len(before) and not now & before


def workers_of(server: DrillServer) -> list[int]:
    """The processes that serve."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(child) for child in children.split()]


def _share(sorted_s: list[float], share: float) -> float | None:
    return (
        round(sorted_s[min(len(sorted_s) - 1, int(share * len(sorted_s)))], 2) if sorted_s else None
    )


def _holds(figures: dict[str, Any]) -> bool:
    p95 = figures["gap_p95_s"]
    return is_whole(figures) and p95 is not None and p95 < _MOST_GAP_S
