"""A hundred thousand hostile frames: the server holds, its memory too, and a line beside hears everything."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from server.access import Role
from server.client import Client
from server.protocol import frames
from tests.bench.processes import resident_bytes
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.server.fuzzing.hostile import Maker
from tests.server.fuzzing.lines import Outcome, attack
from tests.server.live_server import LiveServer
from tests.server.malforming.sockets import malformed_frames
from tests.server.malforming.world import World, build, valid_frames

_LINES = 4
_WARM_UP = 20_000
"""Until what is made once, at first use, has been made."""
_CONTROL = 500
_MOST_GROWN_MB = 10.0
_FAULTS = ("closed_wrongly", "unanswered", "five_hundreds", "echoed", "wrong_code", "not_closed")


def run() -> dict[str, Any]:
    """FRAMES (100000), SEED (7).

    ok: each line held, or ended with the code that docs/protocol.md names for it; no traceback; memory within 10 MB
    and descriptors as before; whoever sat beside heard each of the posts made meanwhile. Controls, each
    caught: frames are taken unchecked; what is read is kept.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-frames-") as folder:
        figures = await _against(LiveServer(Path(folder) / "sound"), size("FRAMES", 100_000))
        unchecked = await _without(Path(folder) / "unchecked", "frame_check")
        keeping = await _without(Path(folder) / "keeping", "forgetting")
    controls = {
        "control_unchecked_five_hundreds": unchecked["five_hundreds"],
        "control_keeping_grown_mb": keeping["grown_mb"],
    }
    caught = unchecked["five_hundreds"] > 0 and keeping["grown_mb"] > _MOST_GROWN_MB
    return figures | controls | {"control_caught": caught, "ok": _is_clean(figures) and caught}


async def _without(folder: Path, part: str) -> dict[str, Any]:
    changed = Circumstances(changed={"DRILL_WITHOUT": part})
    return await _against(DrillServer(folder, changed), _CONTROL, is_told=False)


async def _against(server: LiveServer, count: int, *, is_told: bool = True) -> dict[str, Any]:
    """is_told: whether what is wrong is printed."""
    try:
        await server.start()
        world = await build(server)
        seed = size("SEED", 7)
        await _attack(server, world, min(_WARM_UP, count), seed)
        before_kb, before_fds = await _settled(server)
        async with _beside(server, world) as heard:
            outcome = await _attack(server, world, count, seed + 1)
        after_kb, after_fds = await _settled(server)
    finally:
        server.kill()
    if is_told:
        print(*outcome.wrong, sep="\n")
    counts = outcome.counts
    return {
        **{name: counts[name] for name in ("frames", "refused", "answers", "pongs", *_FAULTS)},
        "ended": {str(code): n for code, n in sorted(outcome.ended.items())},
        "grown_mb": round((after_kb - before_kb) / 1_024, 1),
        "memory_mb": round(after_kb / 1_024, 1),
        "descriptors_more": after_fds - before_fds,
        "tracebacks": server.log.read_text(errors="replace").count("Traceback"),
        **heard,
    }


async def _attack(server: LiveServer, world: World, count: int, seed: int) -> Outcome:
    """From a few lines at once."""
    outcome = Outcome()
    texts = [made.text for made in malformed_frames(world)]
    valid = [*valid_frames(world).values()]
    share = -(-count // _LINES)
    await asyncio.gather(
        *(
            attack(
                server.port, world.tokens[Role.PEER], Maker(seed * 100 + n, texts, valid, [world.other]),
                share, outcome,
            )
            for n in range(_LINES)
        )
    )  # fmt: skip
    return outcome


@asynccontextmanager
async def _beside(server: LiveServer, world: World) -> AsyncIterator[dict[str, int]]:
    """Two healthy members in the same room: one speaks all the while, one listens."""
    heard: dict[str, int] = {"said_beside": 0, "unheard_beside": 0, "refused_beside": 0}
    texts: set[str] = set()
    came: set[str] = set()

    def hear(frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Message):
            came.add(frame.text)

    tokens = world.tokens
    async with (
        Client(server.url, tokens[Role.MODERATOR]) as one,
        Client(server.url, tokens[Role.CLINICIAN], tap=hear) as two,
    ):
        await one.join(world.room)
        await two.join(world.room)

        async def speak() -> None:
            while True:
                text = f"The kettle is on, {len(texts)}."
                answer = await one.post(world.room, text)
                if isinstance(answer, frames.Posted):
                    texts.add(text)
                else:
                    heard["refused_beside"] += 1
                await asyncio.sleep(0.2)

        speaking = asyncio.create_task(speak(), name="speaking")
        try:
            yield heard
        finally:
            speaking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await speaking
        await has_become(lambda: texts <= came, 10.0)
    heard["said_beside"], heard["unheard_beside"] = len(texts), len(texts - came)


async def _settled(server: LiveServer) -> tuple[int, int]:
    """Resident memory in kB, and open descriptors, once what was in the air has come down."""
    await asyncio.sleep(3)
    process = Path("/proc") / str(server.pid)
    return resident_bytes(server.pid) // 1024, len(list((process / "fd").iterdir()))


def _is_clean(figures: dict[str, Any]) -> bool:
    faults = (*_FAULTS, "tracebacks", "unheard_beside", "refused_beside")
    return (
        figures["frames"] > 0
        and figures["said_beside"] > 0
        and figures["grown_mb"] <= _MOST_GROWN_MB
        and figures["descriptors_more"] <= 0
        and not any(figures[fault] for fault in faults)
    )
