"""Forty people on bad lines for minutes, through a fault proxy: 0 lost, 0 doubled, 0 out of order.

Lines are late by 300 ms +-200 at 64 kbit/s, sliced into single bytes, silent for seconds, dead
without a word, and reset in mid-frame. When they heal, everybody has everything within 10 s.
"""

import asyncio
import os
import random
import tempfile
import time
from itertools import takewhile
from pathlib import Path
from typing import Any

from server.replay.performance import Options, Replay, is_clean
from tests.drills._forgetful import ForgetfulReplay
from tests.drills._invented import conversations
from tests.drills._proxy import BadProxy, Fault
from tests.drills._servers import DrillServer, take_stage
from tests.drills._sizes import size
from tests.drills._waiting import until
from tests.drills._witness import Witness

_MOST_MESSAGES = 50_000
_RATE = 4.0
_CONTROL_SECONDS = 40
_START_S = 300.0
_CONSISTENT_S = 10.0
_FIRST_WAIT_S = 0.25
_MOST_WAIT_S = 4.0
"""Of the clients: whoever waits half a minute between attempts cannot be back in ten seconds."""

_KINDS = ("slow", "cut", "silent", "dead", "sliced")
_WEIGHTS = (10, 6, 3, 3, 3)
_DEAD_S = 30.0
"""Longer than a heartbeat: some are noticed before the reset comes."""
_LATE_S = (0.1, 0.5)
_BYTES_PER_S = 64_000 / 8
_SHOWN = (
    "posted", "acknowledged", "delivered", "expected", "lost", "doubled", "out_of_order", "altered", "phantom",
    "resets", "tried_again", "p50_ms", "p99_ms", "delivery_p50_ms", "delivery_p99_ms",
)  # fmt: skip


class Weather:
    """Draws the next fault of a line."""

    def __init__(self, seed: int) -> None:
        self._drawn = random.Random(seed)

    def draw(self) -> Fault:
        """Two in five are only slow; the others are cut, silent, dead, or sliced too."""
        drawn = self._drawn
        kind, lasts_s = drawn.choices(_KINDS, _WEIGHTS)[0], drawn.uniform(3, 12)
        if kind == "silent":
            return Fault(kind, lasts_s, silent=True)
        if kind == "dead":
            return Fault(kind, drawn.uniform(3, _DEAD_S), silent=True, dies=True)
        if kind == "sliced":
            return Fault(kind, lasts_s, _LATE_S, _BYTES_PER_S, slice_bytes=1)
        cut_after = drawn.randrange(100, 5_000) if kind == "cut" else None
        return Fault(kind, lasts_s, _LATE_S, _BYTES_PER_S, slice_bytes=97, cut_after=cut_after)

    def late(self, least_s: float, most_s: float) -> float:
        """How late the next piece is."""
        return self._drawn.uniform(least_s, most_s)


def run() -> dict[str, Any]:
    """SECONDS (180), CLIENTS (40), CLASSIFIER (embedded), SEED.

    ok: nothing lost, doubled or out of order, consistent within 10 s after the lines heal, each kind of
    fault was there; and the control, whose clients do not resume, is caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    figures = await _drill(Replay, size("SECONDS", 180))
    control = await _drill(ForgetfulReplay, _CONTROL_SECONDS)
    caught = not is_clean(control)
    suffered = all(figures["faults"][kind] for kind in _KINDS)
    ok = is_clean(figures) and suffered and figures["consistent_s"] <= _CONSISTENT_S and caught
    return {name: figures[name] for name in (*_SHOWN, "lines", "faults", "consistent_s")} | {
        "control_lost": control["lost"],
        "control_caught": caught,
        "ok": ok,
    }


async def _drill(kind: type[Replay], seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-bad-line-") as folder:
        server = DrillServer(Path(folder), classifier=os.environ.get("CLASSIFIER", "embedded"))
        await server.start()
        try:
            weather = Weather(size("SEED", int(time.time())))
            async with BadProxy(server.port, weather.draw, weather.late) as proxy:
                return await _replay(kind, server, proxy, seconds)
        finally:
            server.kill()


async def _replay(
    kind: type[Replay], server: DrillServer, proxy: BadProxy, seconds: int
) -> dict[str, Any]:
    tokens, stage = await take_stage(server, size("CLIENTS", 40))
    waits = {"first_wait_s": _FIRST_WAIT_S, "most_wait_s": _MOST_WAIT_S}
    replay = kind(Options(proxy.url, rate=_RATE, **waits), stage)
    replay.ledger = witness = Witness()
    storm = asyncio.create_task(_storm(proxy, witness, seconds))
    said = takewhile(
        lambda _: not (storm.done() or proxy.counts["healed"]), conversations(_MOST_MESSAGES)
    )
    figures = await replay.run(said, tokens)
    faults = {name: proxy.counts[name] for name in _KINDS}
    return figures | {
        "lines": witness.counts["lines"],
        "faults": faults,
        "consistent_s": round(await storm, 2),
    }


async def _storm(proxy: BadProxy, witness: Witness, seconds: int) -> float:
    """Bad weather for so long; seconds from its end until nothing is missing anywhere."""
    await until(lambda: witness.counts["acknowledged"] > 0, _START_S)
    proxy.begin()
    await asyncio.sleep(seconds)
    proxy.heal()
    proxy.counts["healed"] += 1
    healed = time.perf_counter()
    try:
        await until(witness.is_quiet, every_s=0.02)
    except TimeoutError:
        print("never consistent again", flush=True)
    return time.perf_counter() - healed
