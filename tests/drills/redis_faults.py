"""Redis killed, frozen, emptied and its listeners cut, ten times each: every message within 3 s, 0 lost.

Beside it somebody holds the place to its limits, to sessions that ended, and to its first answers.
"""

import asyncio
import signal
from functools import partial
from typing import Any

from tests.drills._chorus import chorus, gaps_in_seq, is_whole
from tests.drills._prober import FIRST_S, Prober, kept_its_word, probing
from tests.drills._servers import Circumstances
from tests.drills._services import RedisHere, community
from tests.drills._sizes import size
from tests.server.live_server import hasty

_MOST_MS = 3_000.0
_DOWN_S = 4.0
_FROZEN_S = 4.0
_PAUSE_S = 0.1
_FAULTS = {"killed", "frozen", "emptied", "cut"}
_NEVER_LOOKS = Circumstances(changed={"DRILL_WITHOUT": "looking"})


def run() -> dict[str, Any]:
    """TIMES (10, of each fault), WRITERS (16), READERS (8), MESSAGES (8000, at least).

    ok: nothing lost, doubled or out of order, and the slowest message of all was heard within 3 s; during each kind
    of fault nobody says more than they may, an ended session stays ended, and what is said again has its first
    answer; and workers that trust Redis alone, without looking at the database themselves, are caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    times = size("TIMES", 10)
    figures = await _sing(times, size("MESSAGES", 8_000))
    control = await _sing(1, 0, _NEVER_LOOKS)
    caught = not _holds(control)
    return figures | {
        "control_slowest_ms": control["slowest_ms"],
        "control_lost": control["lost"],
        "control_caught": caught,
        "ok": _holds(figures)
        and kept_its_word(figures, _FAULTS)
        and figures["faults"] == len(_FAULTS) * times
        and caught,
    }


async def _sing(
    times: int, messages: int, circumstances: Circumstances | None = None
) -> dict[str, Any]:
    async with (
        community(2, circumstances=circumstances) as (workers, postgres, redis),
        chorus(workers, size("WRITERS", 16), size("READERS", 8), hasty, writers_together=True) as (
            singers,
            crowd,
        ),
        probing(
            workers, len(_FAULTS) * times, database_url=postgres.url, redis_url=redis.url
        ) as prober,
    ):
        harming = asyncio.create_task(_harm(redis, prober, times))
        await singers.speak(
            lambda _: not harming.done() or len(singers.acknowledged_at_s) < messages, _PAUSE_S
        )
        faults = await harming
        await singers.settle()
        figures: dict[str, Any] = singers.figures()
        figures["gaps_in_seq"] = await workers.first.on_database(partial(gaps_in_seq, crowd=crowd))
    return figures | {"faults": faults} | prober.figures()


async def _harm(redis: RedisHere, prober: Prober, times: int) -> int:
    """Returns how many faults there were."""
    await asyncio.sleep(FIRST_S)
    faults = 0
    for _ in range(times):
        with prober.during("killed"):
            redis.end(signal.SIGKILL)
            await asyncio.sleep(_DOWN_S)
            await redis.start()
            await asyncio.sleep(0.5)
        with prober.during("frozen"):
            redis.send(signal.SIGSTOP)
            await asyncio.sleep(_FROZEN_S)
            redis.send(signal.SIGCONT)
            await asyncio.sleep(0.5)
        with prober.during("emptied"):
            await redis.call("FLUSHALL")
            await asyncio.sleep(1.0)
        with prober.during("cut"):
            await redis.call("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(1.0)
        faults += len(_FAULTS)
    return faults


def _holds(figures: dict[str, Any]) -> bool:
    slowest = figures["slowest_ms"]
    return is_whole(figures) and slowest is not None and slowest <= _MOST_MS
