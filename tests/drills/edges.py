"""What comes too large or too slowly is let go of, and nobody waits for it."""

import asyncio
import os
import resource
import tempfile
import time
from array import array
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from server.replay.ledger import percentile
from tests.drills._crowd import gather
from tests.drills._pressing import Slow, Target, too_large
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.server.fuzzing.texts import read_any

_MOST_GROWN_MB = 2.0
_CLOSED_S, _LATE_S = 17.0, 25.0
_HEALTH_MS = 200.0
_EVERY_S = 0.1
_WARM_UP = 2

Press = Callable[[DrillServer, Target], Awaitable[dict[str, Any]]]


def run() -> dict[str, Any]:
    """PARTS (large slow), ROUNDS (3), SLOW (500).

    ok, by part, and each with its control. large: refused as documented, memory within 2 MB (control: no bound on
    frames). slow: every line is closed after 15 s, /healthz within 200 ms (p99) meanwhile (control: nobody looks at the
    time).
    """
    wanted = os.environ.get("PARTS", " ".join(_PARTS)).split()
    figures = {name: asyncio.run(_part(name)) for name in wanted}
    return figures | {"ok": all(one["ok"] and one["control_caught"] for one in figures.values())}


async def _part(name: str) -> dict[str, Any]:
    press, without = _PARTS[name]
    found = await _against(press, {})
    control = await _against(press, {"DRILL_WITHOUT": without})
    print(f"{name}: {found}\n  without {without}: {control}", flush=True)
    return found | {"control": control, "control_caught": not control["ok"]}


async def _against(press: Press, changed: Mapping[str, str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-edges-") as folder:
        server = DrillServer(Path(folder), Circumstances(changed=changed))
        try:
            await server.start()
            crowd = await gather(server, 1)
            return await press(server, Target(server.port, crowd.tokens[0], str(crowd.room)))
        finally:
            server.kill()


async def _large(server: DrillServer, target: Target) -> dict[str, Any]:
    for _ in range(_WARM_UP):
        await too_large(target)
    before, wrong = _memory_mb(server), []
    for _ in range(size("ROUNDS", 3)):
        wrong += await too_large(target)
    grown = round(_memory_mb(server) - before, 1)
    ok = not wrong and grown <= _MOST_GROWN_MB and server.is_alive
    return {"wrong": sorted(set(wrong)), "grown_mb": grown, "ok": ok}


async def _slow(server: DrillServer, target: Target) -> dict[str, Any]:
    slow, count = Slow(target, every_s=3.0), size("SLOW", 500)
    health = array("d")
    asking = asyncio.create_task(_ask_health(server, health))
    await slow.press(count, _LATE_S)
    asking.cancel()
    p99 = percentile(health, 0.99) or 0.0
    longest = max(slow.closed_s, default=0.0)
    return {
        "lines": count,
        "closed": len(slow.closed_s),
        "longest_s": round(longest, 1),
        "health_p99_ms": p99,
        "ok": len(slow.closed_s) == count and longest <= _CLOSED_S and 0 < p99 <= _HEALTH_MS,
    }


_PARTS: dict[str, tuple[Press, str]] = {
    "large": (_large, "frame_bound"),
    "slow": (_slow, "patience"),
}


async def _ask_health(server: DrillServer, took_ms: "array[float]") -> None:
    while True:
        began = time.perf_counter()
        await asyncio.to_thread(read_any, server, "/healthz")
        took_ms.append((time.perf_counter() - began) * 1_000)
        await asyncio.sleep(_EVERY_S)


def _memory_mb(server: DrillServer) -> float:
    pages = int(Path(f"/proc/{server.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
