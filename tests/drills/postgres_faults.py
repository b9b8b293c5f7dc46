"""PostgreSQL restarted ten times as after a crash, and frozen for a minute: 0 acknowledged lost, resumed under 5 s.

Beside it somebody holds the place to its limits, to sessions that ended, and to its first answers.
"""

import asyncio
import time
from functools import partial
from typing import Any

from tests.drills._chorus import Chorus, chorus, count_not_stored, gaps_in_seq, is_whole
from tests.drills._prober import FIRST_S, Prober, kept_its_word, probing
from tests.drills._servers import Circumstances
from tests.drills._services import PostgresHere, community
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.server.live_server import hasty

_MOST_S = 5.0
_PAUSE_S = 0.02
_STEADY_S = 1.5
_FORGETS = Circumstances(changed={"DRILL_COMMIT": "off"})


def run() -> dict[str, Any]:
    """RESTARTS (10), FROZEN_S (60; 0: not), WRITERS (16), READERS (4), MESSAGES (8000, at least).

    ok: nothing acknowledged was lost, and within 5 s after PostgreSQL answers again the next message is
    acknowledged; nobody says more than they may meanwhile, an ended session stays ended, and what is said again has
    its first answer; and commits that do not wait for the disk are caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    restarts, frozen_s = size("RESTARTS", 10), size("FROZEN_S", 60)
    figures = await _sing(restarts, frozen_s, size("MESSAGES", 8_000))
    control = await _sing(3, 0, 0, _FORGETS)
    caught = not _holds(control)
    return figures | {
        "control_lost": control["lost"],
        "control_not_stored": control["not_stored"],
        "control_gaps_in_seq": control["gaps_in_seq"],
        "control_out_of_order": control["out_of_order"],
        "control_caught": caught,
        "ok": _holds(figures)
        and kept_its_word(figures, {"restarted"})
        and figures["resumed_max_s"] <= _MOST_S
        and caught,
    }


async def _sing(
    restarts: int, frozen_s: int, messages: int, circumstances: Circumstances | None = None
) -> dict[str, Any]:
    async with (
        community(2, circumstances=circumstances) as (workers, postgres, redis),
        chorus(workers, size("WRITERS", 16), size("READERS", 4), hasty) as (singers, crowd),
        probing(workers, restarts + 1, database_url=postgres.url, redis_url=redis.url) as prober,
    ):
        harming = asyncio.create_task(_harm(postgres, singers, prober, restarts, frozen_s))
        await singers.speak(
            lambda _: not harming.done() or len(singers.acknowledged_at_s) < messages, _PAUSE_S
        )
        resumed = await harming
        await singers.settle()
        figures: dict[str, Any] = singers.figures()
        figures["gaps_in_seq"] = await workers.first.on_database(partial(gaps_in_seq, crowd=crowd))
        figures["not_stored"] = await workers.first.on_database(
            partial(count_not_stored, ledger=singers.ledger)
        )
    return (
        figures
        | {
            "restarts": restarts,
            "frozen_s": frozen_s,
            "resumed_max_s": max(resumed),
            "resumed_s": resumed,
        }
        | prober.figures()
    )


async def _harm(
    postgres: PostgresHere, singers: Chorus, prober: Prober, restarts: int, frozen_s: int
) -> list[float]:
    """Returns how long after each fault the next message was acknowledged, in seconds."""
    await asyncio.sleep(FIRST_S)
    resumed = []
    with prober.during("restarted"):
        for _ in range(restarts):
            await asyncio.sleep(_STEADY_S)
            await postgres.restart()
            resumed.append(await _next_after(singers, time.perf_counter()))
    if frozen_s:
        await asyncio.sleep(_STEADY_S)
        with prober.during("frozen"):
            await postgres.freeze(frozen_s)
            resumed.append(await _next_after(singers, time.perf_counter()))
    await asyncio.sleep(_STEADY_S)
    return resumed


async def _next_after(singers: Chorus, moment_s: float) -> float:
    await has_become(lambda: singers.resumed_after_s(moment_s) is not None, 30.0)
    return singers.resumed_after_s(moment_s) or 30.0


def _holds(figures: dict[str, Any]) -> bool:
    return is_whole(figures) and figures["not_stored"] == 0
