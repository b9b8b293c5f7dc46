"""Two workers on one PostgreSQL, 16 writers in one room: heard in the order of commits at both, 0 lost, 0 doubled."""

import asyncio
import statistics
import time
from functools import partial
from typing import Any

from tests.bench.processes import cpu_ns, descendants
from tests.drills._chorus import chorus, gaps_in_seq, is_whole
from tests.drills._servers import Circumstances
from tests.drills._services import Workers, community
from tests.drills._sizes import size
from tests.server.live_server import hasty

_SKIPS = Circumstances(changed={"DRILL_WITHOUT": "between"})
_CONTROL_MESSAGES = 64


def run() -> dict[str, Any]:
    """MESSAGES (8000), WRITERS (16), READERS (16), ROUNDS (1).

    ok: the room's numbers have no gap, and both workers' readers heard them in order, each message
    once; and workers that do not read what others wrote are caught. (One that reads only the newest
    is not: the hub sees the gap, and each listener catches up.) One worker does the same beside:
    processor time per delivery is said for both.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    messages = size("MESSAGES", 8_000)
    rounds = size("ROUNDS", 1)
    two = [await _sing(2, messages) for _ in range(rounds)]
    one = [await _sing(1, messages) for _ in range(rounds)]
    control = await _sing(2, _CONTROL_MESSAGES, _SKIPS)
    both = statistics.median(figures["us_per_delivery"] for figures in two)
    alone = statistics.median(figures["us_per_delivery"] for figures in one)
    caught = not is_whole(control)
    return two[-1] | {
        "one_us_per_delivery": alone,
        "one_deliveries_per_s": one[-1]["deliveries_per_s"],
        "one_p50_ms": one[-1]["p50_ms"],
        "cpu_beside_one": round(both / alone, 2),
        "control_lost": control["lost"],
        "control_out_of_order": control["out_of_order"],
        "control_caught": caught,
        "ok": all(is_whole(figures) for figures in [*two, *one]) and caught,
    }


async def _sing(
    count: int, messages: int, circumstances: Circumstances | None = None
) -> dict[str, Any]:
    writers, readers = size("WRITERS", 16), size("READERS", 16)
    async with (
        community(count, circumstances=circumstances) as (workers, _, _),
        chorus(workers, writers, readers, hasty) as (singers, crowd),
    ):
        before, began = _cpu_s(workers), time.perf_counter()
        each = -(-messages // writers)
        await singers.speak(lambda said: said < each)
        heard = await singers.settle()
        seconds, used_s = time.perf_counter() - began, _cpu_s(workers) - before
        figures: dict[str, Any] = singers.figures()
        figures["gaps_in_seq"] = await workers.first.on_database(partial(gaps_in_seq, crowd=crowd))
    return figures | {
        "workers": count,
        "heard_all": heard,
        "seconds": round(seconds, 1),
        "deliveries_per_s": round(figures["delivered"] / seconds),
        "us_per_delivery": round(used_s * 1e6 / max(1, figures["delivered"]), 1),
    }


def _cpu_s(workers: Workers) -> float:
    """Of the servers and what they started; PostgreSQL and Redis apart."""
    pids = descendants(server.pid for server in workers.servers)
    return sum(cpu_ns(pid) for pid in pids) / 1e9
