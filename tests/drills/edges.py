"""What comes too large, too slowly, on too many lines, or from lines that went dead: let go of, and nobody waits."""

import asyncio
import os
import resource
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server.client import Client
from server.protocol import frames
from server.replay.ledger import percentile
from tests.bench.processes import resident_bytes
from tests.drills._crowd import Crowd, gather
from tests.drills._pressing import FarSide, Slow, Target, too_large
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.server.fuzzing.texts import read_any

_DESCRIPTORS = 16_384
_MOST_GROWN_MB = 2.0
_CLOSED_S, _LATE_S = 17.0, 25.0
_HEALTH_MS = 200.0
_DEAD_S, _PRESENCE_S = 45.0, 60.0
_EVERY_S = 0.1
_CALM_S = 5.0
_WARM_UP = 2


def run() -> dict[str, Any]:
    """PARTS (large slow flood half-open), ROUNDS (3), SLOW (500), FLOOD (5000), DEAD (100).

    ok, by part, and each with its control. large: refused as documented, memory within 2 MB (control: no bound on
    frames). slow: every line is closed after 15 s, /healthz within 200 ms (p99) meanwhile (control: nobody looks at the
    time). flood: of so many idle lines none is left, and who talks is heard, within twice what it took before
    (control: as for slow). half-open: no line is left after 45 s, presence is right after 60 s (control: neither a
    heartbeat nor a time limit of the system).
    """
    _may_open_many()
    wanted = os.environ.get("PARTS", " ".join(_PARTS)).split()
    figures = {name: asyncio.run(_part(name)) for name in wanted}
    return figures | {"ok": all(one["ok"] and one["control_caught"] for one in figures.values())}


async def _part(name: str) -> dict[str, Any]:
    press, without = _PARTS[name]
    found = await _against(press, {})
    control = await _against(press, {"DRILL_WITHOUT": without})
    print(f"{name}: {found}\n  without {without}: {control}", flush=True)
    return found | {"control": control, "control_caught": not control["ok"]}


@dataclass(frozen=True, slots=True)
class _Place:
    """A server, those who sit in its room, and where to press."""

    server: DrillServer
    crowd: Crowd
    target: Target
    far: FarSide


Press = Callable[[_Place], Awaitable[dict[str, Any]]]


async def _against(press: Press, changed: Mapping[str, str]) -> dict[str, Any]:
    far = FarSide()
    is_far = press is _half_open
    with tempfile.TemporaryDirectory(prefix="hearth-edges-") as folder:
        many = ("prlimit", f"--nofile={_DESCRIPTORS}:{_DESCRIPTORS}")
        more = {"host": far.here} if is_far else {}
        server = DrillServer(Path(folder), Circumstances(before=many, changed=changed), **more)
        if not is_far:
            return await _press(press, server, far)
        server.url = f"http://{far.here}:{server.port}"
        with far.up():
            return await _press(press, server, far)


async def _press(press: Press, server: DrillServer, far: FarSide) -> dict[str, Any]:
    try:
        await server.start()
        crowd = await gather(server, size("DEAD", 100) + 2)
        target = Target(server.port, crowd.tokens[0], str(crowd.room))
        return await press(_Place(server, crowd, target, far))
    finally:
        server.kill()


# --- the parts ---


async def _large(place: _Place) -> dict[str, Any]:
    for _ in range(_WARM_UP):
        await too_large(place.target)
    before, wrong = resident_bytes(place.server.pid) / 1e6, []
    for _ in range(size("ROUNDS", 3)):
        wrong += await too_large(place.target)
    grown = round(resident_bytes(place.server.pid) / 1e6 - before, 1)
    ok = not wrong and grown <= _MOST_GROWN_MB and place.server.is_alive
    return {"wrong": sorted(set(wrong)), "grown_mb": grown, "ok": ok}


async def _slow(place: _Place) -> dict[str, Any]:
    slow, count = Slow(place.target, every_s=3.0), size("SLOW", 500)
    health = array("d")
    asking = asyncio.create_task(_ask_health(place.server, health))
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


async def _flood(place: _Place) -> dict[str, Any]:
    slow, count = Slow(place.target, every_s=60.0), size("FLOOD", 5_000)
    async with _talking(place) as talk:
        await asyncio.sleep(_CALM_S)
        calm, talk.took_ms = talk.took_ms, array("d")
        await slow.press(count, _LATE_S)
        busy, talk.took_ms = talk.took_ms, array("d")
    await asyncio.sleep(1)
    left = _left_open(place.server)
    calm_p99, busy_p99 = percentile(calm, 0.99) or 0.0, percentile(busy, 0.99) or 0.0
    return {
        "lines": count,
        "closed": len(slow.closed_s),
        "refused": slow.refused,
        "left_open": left,
        "said": len(calm) + len(busy),
        "failed": talk.failed,
        "calm_p99_ms": calm_p99,
        "busy_p99_ms": busy_p99,
        "ok": len(slow.closed_s) == count and not talk.failed and 0 < busy_p99 <= 2 * max(calm_p99, _HEALTH_MS),
    }  # fmt: skip


async def _half_open(place: _Place) -> dict[str, Any]:
    count, here = size("DEAD", 100), [0]
    tokens = place.crowd.tokens[2:]

    def hear(frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Presence):
            here[0] = frame.here

    async def sit() -> None:
        """All of them, until the drill ends."""
        clients = [Client(place.server.url, token) for token in tokens]
        for client in clients:
            await client.__aenter__()
            await client.join(place.crowd.room)
        await asyncio.Event().wait()

    async with Client(place.server.url, place.crowd.tokens[1], tap=hear) as near:
        await near.join(place.crowd.room)
        place.far.live(sit)
        came = await has_become(lambda: here[0] == count + 1, 120.0)
        place.far.cut()
        began = time.monotonic()
        gone = await has_become(lambda: not place.far.open_lines(place.server.port), _DEAD_S)
        gone_s = round(time.monotonic() - began, 1)
        right = await has_become(lambda: here[0] == 1, began + _PRESENCE_S - time.monotonic())
        left = place.far.open_lines(place.server.port)
    return {
        "lines": count,
        "all_came": came,
        "gone_after_s": gone_s if gone else None,
        "left_open": left,
        "presence_right": right,
        "ok": came and gone and right,
    }


_PARTS: dict[str, tuple[Press, str]] = {
    "large": (_large, "frame_bound"),
    "slow": (_slow, "patience"),
    "flood": (_flood, "patience"),
    "half-open": (_half_open, "heartbeat,user_timeout"),
}


# --- those who are not pressed ---


@dataclass(slots=True)
class _Talk:
    """took_ms: until each was acknowledged. failed: those that were not."""

    took_ms: "array[float]" = field(default_factory=lambda: array("d"))
    failed: int = 0


@asynccontextmanager
async def _talking(place: _Place) -> AsyncIterator[_Talk]:
    """Ten a second, until the block ends."""
    talk = _Talk()

    async def speak(client: Client) -> None:
        while True:
            began = time.perf_counter()
            answer = await client.post(place.crowd.room, "The kettle is on.")
            talk.took_ms.append((time.perf_counter() - began) * 1_000)
            talk.failed += not isinstance(answer, frames.Posted)
            await asyncio.sleep(_EVERY_S)

    async with Client(place.server.url, place.crowd.tokens[1]) as client:
        await client.join(place.crowd.room)
        speaking = asyncio.create_task(speak(client))
        yield talk
        speaking.cancel()
        with suppress(asyncio.CancelledError):
            await speaking


async def _ask_health(server: DrillServer, took_ms: "array[float]") -> None:
    while True:
        began = time.perf_counter()
        await asyncio.to_thread(read_any, server, "/healthz")
        took_ms.append((time.perf_counter() - began) * 1_000)
        await asyncio.sleep(_EVERY_S)


def _left_open(server: DrillServer) -> int:
    """Descriptors."""
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def _may_open_many() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = max(most, _DESCRIPTORS) if os.geteuid() == 0 else most
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(many, _DESCRIPTORS), many))
