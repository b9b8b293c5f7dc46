"""Two dozen people without a WebSocket, two workers, no stickiness, answers that break off: 0 lost, 0 doubled."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from tests.drills._chorus import Chorus, gaps_in_seq, is_whole
from tests.drills._crowd import gather
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import community
from tests.drills._sizes import size
from tests.server.live_server import hasty
from tests.server.narrow_proxy import NarrowProxy

_FORGETS = Circumstances(changed={"DRILL_WITHOUT": "confirming"})
_CONTROL_MESSAGES = 48
_CONTROL_ANSWER_S = 5.0
_ANSWER_S = 60.0
_CUT_EACH = 12
"""By count, not by the clock: where little gets through, so many a second would be nearly all of it."""


def run() -> dict[str, Any]:
    """MESSAGES (480), WRITERS (8), READERS (16).

    Through a proxy that lets no WebSocket through, and cuts one answer in twelve in the middle. Three
    arrangements: `turns`, where each request goes to the other of two servers; `shared`, where two workers
    take connections from one socket as `hearth serve --workers 2` has it; and `one` server, to compare.
    ok: nothing lost, doubled or out of order in any; and workers that forget what they told, whether it
    came or not, are caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    messages = size("MESSAGES", 480)
    one = await _in_turns(messages, count=1)
    turns = await _in_turns(messages)
    shared = await _shared(messages)
    control = await _in_turns(_CONTROL_MESSAGES, _FORGETS, _CONTROL_ANSWER_S)
    caught = not is_whole(control)
    return {
        "one": one,
        "turns": turns,
        "shared": shared,
        "control_failed": control["failed"],
        "control_lost": control["lost"],
        "control_caught": caught,
        "ok": all(map(is_whole, (one, turns, shared))) and caught,
    }


async def _in_turns(
    messages: int,
    circumstances: Circumstances | None = None,
    answer_s: float = _ANSWER_S,
    count: int = 2,
) -> dict[str, Any]:
    async with community(count, circumstances=circumstances) as (workers, _, _):
        ports = [server.port for server in workers.servers]
        return await _sing(workers.first, ports, messages, answer_s)


async def _shared(messages: int) -> dict[str, Any]:
    async with community(0) as (_, postgres, redis):
        with tempfile.TemporaryDirectory(prefix="hearth-slower-") as folder:
            server = DrillServer(
                Path(folder), options=("--workers", "2"), database_url=postgres.url,
                redis_url=redis.url,
            )  # fmt: skip
            await server.start()
            try:
                return await _sing(server, [server.port], messages, _ANSWER_S)
            finally:
                await server.stop()


async def _sing(
    server: DrillServer, ports: list[int], messages: int, answer_s: float
) -> dict[str, Any]:
    writers, readers = size("WRITERS", 8), size("READERS", 16)
    crowd = await gather(server, writers + readers)
    async with NarrowProxy(*ports) as proxy, AsyncExitStack() as stack:
        singers = Chorus(lambda _: proxy.url, crowd, writers, hasty, answer_s)
        await singers.come_in(stack)
        proxy.cut_each = _CUT_EACH
        began = time.perf_counter()
        each = -(-messages // writers)
        await singers.speak(lambda said: said < each)
        proxy.cut_each = 0
        heard = await singers.settle()
        seconds = time.perf_counter() - began
        slow = sum(client.is_slow for client in singers.clients)
        lines = sum(client.lines for client in singers.clients)
        figures: dict[str, Any] = singers.figures()
    figures["gaps_in_seq"] = await server.on_database(partial(gaps_in_seq, crowd=crowd))
    return figures | {
        "heard_all": heard,
        "people": len(crowd.tokens),
        "slow": slow,
        "lines": lines,
        "cut": proxy.counts["cut"],
        "answers": proxy.counts["GET 200"],
        "asked_elsewhere": sum(proxy.counts[f"{verb} 404"] for verb in ("GET", "POST")),
        "seconds": round(seconds, 1),
    }
