"""kill -9 in the middle of a replay, fifty times, with clients that resume: 0 lost, 0 doubled."""

import asyncio
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.replay.command import sign_up_all
from server.replay.conversations import Conversation, read_file
from server.replay.performance import Options, Replay, is_clean
from server.replay.staging import new_tag, stage_here
from tests.drills._forgetful import ForgetfulReplay
from tests.drills._invented import conversations
from tests.drills._sizes import size
from tests.server.live_server import LiveServer

_MESSAGES = 3_000
_CONTROL_MESSAGES = 240
_SHOWN = (
    "posted", "acknowledged", "delivered", "expected", "lost", "doubled", "out_of_order", "altered",
    "phantom", "nudged", "held", "refused", "cases", "unassessed", "tried_again", "p50_ms", "p99_ms",
    "seconds", "messages_per_s",
)  # fmt: skip


@dataclass(slots=True)
class Kills:
    """What the killing saw. ready: until /readyz answered; recovered: until the next message."""

    ready_s: list[float] = field(default_factory=list)
    recovered_s: list[float] = field(default_factory=list)


def run() -> dict[str, Any]:
    """KILLS (50), CLIENTS (40), MESSAGES (3000), REPLAY_FILE (instead of invented words), SEED.

    ok: nothing lost, doubled or out of order, and the control, which does not resume, is caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    kills, clients = size("KILLS", 50), size("CLIENTS", 40)
    figures, seen = await _drill(Replay, _said(), kills, clients)
    control, _ = await _drill(ForgetfulReplay, conversations(_CONTROL_MESSAGES), 2, clients)
    caught = not is_clean(control)
    return {name: figures[name] for name in _SHOWN} | {
        "kills": len(seen.ready_s),
        "ready_p50_s": _median(seen.ready_s),
        "recovery_p50_s": _median(seen.recovered_s),
        "recovery_max_s": round(max(seen.recovered_s, default=0.0), 2),
        "control_lost": control["lost"],
        "control_caught": caught,
        "ok": is_clean(figures) and caught and len(seen.ready_s) == kills,
    }


async def _drill(
    kind: type[Replay], said: list[Conversation], kills: int, clients: int
) -> tuple[dict[str, Any], Kills]:
    """One replay with so many kills in it."""
    with tempfile.TemporaryDirectory(prefix="hearth-kill9-") as folder:
        server = LiveServer(Path(folder), classifier=os.environ.get("CLASSIFIER", "embedded"))
        try:
            await server.start()
            return await _replay(kind, server, said, kills, clients)
        finally:
            server.kill()


async def _replay(
    kind: type[Replay], server: LiveServer, said: list[Conversation], kills: int, clients: int
) -> tuple[dict[str, Any], Kills]:
    tokens = await sign_up_all(server.url, new_tag(), clients)
    stage = await asyncio.to_thread(stage_here, server.settings, 3)
    replay = kind(Options(server.url, first_wait_s=0.1, most_wait_s=1.0), stage)
    running = asyncio.create_task(replay.run(said, tokens))
    seen = Kills()
    for moment in _moments(kills, sum(1 + len(c.replies) for c in said)):
        await _until(replay, moment, running)
        if running.done():
            break
        await _kill_once(server, replay, seen, running)
    return await running, seen


async def _kill_once(
    server: LiveServer, replay: Replay, seen: Kills, running: "asyncio.Task[Any]"
) -> None:
    began, before = time.perf_counter(), replay.ledger.counts["acknowledged"]
    await server.restart()
    seen.ready_s.append(time.perf_counter() - began)
    await _until(replay, before + 1, running)
    seen.recovered_s.append(time.perf_counter() - began)
    print(f"killed at {before}: talking again after {seen.recovered_s[-1]:.2f} s", flush=True)


async def _until(replay: Replay, acknowledged: int, running: "asyncio.Task[Any]") -> None:
    """Until so many are acknowledged, and a moment that nobody can foresee."""
    counts = replay.ledger.counts
    while counts["acknowledged"] < acknowledged and not running.done():  # noqa: ASYNC110 - a condition
        await asyncio.sleep(0.005)
    await asyncio.sleep(random.uniform(0, 0.05))


def _moments(kills: int, messages: int) -> list[int]:
    """When to kill, in acknowledged messages: random, one in each of `kills` stretches."""
    drawn = random.Random(size("SEED", int(time.time())))
    stretch = messages * 0.9 / kills
    return [max(1, int(stretch * (n + drawn.random()))) for n in range(kills)]


def _said() -> list[Conversation]:
    path = os.environ.get("REPLAY_FILE")
    return read_file(Path(path)) if path else conversations(size("MESSAGES", _MESSAGES))


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 2) if values else 0.0
