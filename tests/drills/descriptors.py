"""No file descriptors are left: the server lives, open sockets go on, and it accepts again 2 s after some are free.

200 descriptors, 400 who connect, and more who go on trying meanwhile.
"""

import asyncio
import os
import tempfile
import time
from array import array
from collections.abc import Awaitable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException

from server.client.line import Line, open_line
from server.protocol import frames
from server.replay.ledger import percentile
from server.replay.performance import Options, Replay, is_clean
from server.replay.staging import Stage
from tests.drills._crowd import gather
from tests.drills._invented import conversations
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import until
from tests.drills._witness import Witness

_LIMIT = 200
_MOST_MESSAGES = 20_000
_RATE = 10.0
_START_S = 300.0
_AT_ONCE = 50
_OPEN_S = 5.0
_TRY_EVERY_S = 0.1
_ACCEPTS_S = 2.0


class Callers:
    """Those who connect, hold their lines, and let go."""

    def __init__(self, server: DrillServer, token: str) -> None:
        self._server = server
        self._token = token
        self._lines: list[Line] = []
        self.refused = 0

    @property
    def connected(self) -> int:
        """How many hold a line that has said hello."""
        return len(self._lines)

    async def call(self, count: int) -> None:
        """So many, in groups."""
        for start in range(0, count, _AT_ONCE):
            group = min(_AT_ONCE, count - start)
            await asyncio.gather(*(self._call_once() for _ in range(group)))

    async def go_on(self, seconds: float) -> None:
        """Try again and again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await self._call_once()
            await asyncio.sleep(_TRY_EVERY_S)

    async def let_go(self) -> None:
        """All hang up."""
        lines, self._lines = self._lines, []
        await asyncio.gather(*(line.close() for line in lines))

    async def until_accepted(self) -> float:
        """Seconds until one more is let in."""
        began, before = time.perf_counter(), len(self._lines)
        while len(self._lines) == before:
            await self._call_once()
        return time.perf_counter() - began

    async def _call_once(self) -> None:
        try:
            async with asyncio.timeout(_OPEN_S):
                line = await open_line(self._server.url, self._token, 1)
                async for frame in line.frames():
                    if isinstance(frame, frames.Hello):
                        self._lines.append(line)
                        return
        except (OSError, TimeoutError, WebSocketException):
            pass
        self.refused += 1


class Squeeze:
    """One run: people talk, callers take every descriptor there is, and let go again."""

    def __init__(self, server: DrillServer, callers: Callers, witness: Witness) -> None:
        self._server = server
        self._callers = callers
        self._witness = witness
        self.figures: dict[str, Any] = {}

    async def run(self) -> None:
        """Calm, full, and calm again."""
        await until(lambda: self._witness.counts["acknowledged"] > 0, _START_S)
        calm = await self._heard_during(asyncio.sleep(size("HOLD_S", 10)))
        await self._callers.call(size("CALLS", 400))
        lines, connected, refused = self._lines(), self._callers.connected, self._callers.refused
        began = time.perf_counter()
        full = await self._heard_during(self._callers.go_on(size("HOLD_S", 10)))
        logged = (self._lines() - lines) / (time.perf_counter() - began)
        await self._callers.let_go()
        accepted_s = await self._callers.until_accepted()
        await self._callers.let_go()
        self.figures = {
            "connected": connected,
            "refused": refused,
            "log_lines_per_s": round(logged, 2),
            "heard_calm": len(calm),
            "heard_full": len(full),
            "p99_calm_ms": percentile(calm, 0.99),
            "p99_full_ms": percentile(full, 0.99),
            "accepted_again_s": round(accepted_s, 2),
        }

    async def _heard_during(self, something: Awaitable[None]) -> "array[float]":
        before = len(self._witness.delivery_ms)
        await something
        return self._witness.delivery_ms[before:]

    def _lines(self) -> int:
        return self._server.log.read_bytes().count(b"\n")


def run() -> dict[str, Any]:
    """LIMIT (200), CALLS (400), CLIENTS (12), HOLD_S (10), CLASSIFIER (embedded).

    ok: some were refused; those who were there heard everything on the line they had; the process is
    the same, says at most one line a second about it, and accepts within 2 s. In the control, without
    the limit, nobody is refused: so it was the limit.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    limit = size("LIMIT", _LIMIT)
    figures = await _drill(("prlimit", f"--nofile={limit}:{limit}"))
    control = await _drill(())
    caught = control["refused"] == 0
    return figures | {
        "control_connected": control["connected"],
        "control_refused": control["refused"],
        "control_caught": caught,
        "ok": _holds(figures) and caught,
    }


def _holds(figures: dict[str, Any]) -> bool:
    squeezed = figures["refused"] > 0 and figures["heard_full"] > 0
    kept = figures["clean_for_clients"] and not figures["disconnects"] and figures["same_process"]
    quiet = figures["log_lines_per_s"] <= 1
    return bool(squeezed and kept and quiet and figures["accepted_again_s"] <= _ACCEPTS_S)


async def _drill(before: Sequence[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-descriptors-") as folder:
        classifier = os.environ.get("CLASSIFIER", "embedded")
        server = DrillServer(Path(folder), Circumstances(before=before), classifier=classifier)
        await server.start()
        try:
            return await _against(server)
        finally:
            server.kill()


async def _against(server: DrillServer) -> dict[str, Any]:
    people = size("CLIENTS", 12)
    crowd = await gather(server, people + 1)
    replay = Replay(Options(server.url, rate=_RATE), Stage([crowd.room], None, None))
    replay.ledger = witness = Witness()
    squeeze = Squeeze(server, Callers(server, crowd.tokens[-1]), witness)
    squeezing = asyncio.create_task(squeeze.run())
    said = takewhile(lambda _: not squeezing.done(), conversations(_MOST_MESSAGES))
    figures = await replay.run(said, crowd.tokens[:people])
    await squeezing
    return squeeze.figures | {
        "posted": figures["posted"],
        "acknowledged": figures["acknowledged"],
        "lost": figures["lost"],
        "tried_again": figures["tried_again"],
        "disconnects": witness.counts["lines"] - people,
        "clean_for_clients": is_clean(figures),
        "same_process": server.is_alive,
    }
