"""Malformed frames and requests, for every field of each: refused clearly, no 500, the line stays open."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from server.client import Http
from tests.server.live_server import LiveServer
from tests.server.malforming.requests import malformed_requests, send_requests
from tests.server.malforming.sockets import malformed_frames, send_frames
from tests.server.malforming.world import build

_FAULTS = ("five_hundreds", "closed_sockets", "echoed", "unclear", "unanswered", "wrongly_accepted")


def run() -> dict[str, Any]:
    """Figures; ok when every fault is 0 and a plain post still works afterwards."""
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-malformed-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            return await _against(server)
        finally:
            server.kill()


async def _against(server: LiveServer) -> dict[str, Any]:
    world = await build(server)
    framed = await send_frames(server, world, malformed_frames(world))
    world = await build(server)
    openapi = await Http(server.url).call("GET", "/api/openapi.json")
    asked = list(malformed_requests(openapi, world))
    answered = await asyncio.to_thread(send_requests, server, world, asked)
    counts = framed.counts + answered.counts
    for line in framed.wrong + answered.wrong:
        print(line)
    figures = {name: counts[name] for name in ("frames", "requests", "refused", "accepted_valid")}
    faults = {name: counts[name] for name in _FAULTS}
    tracebacks = server.log.read_text(errors="replace").count("Traceback")
    still_works = bool(framed.counts["still_works"]) and await _is_alive(server)
    ok = still_works and not any(faults.values()) and not tracebacks
    return figures | faults | {"tracebacks": tracebacks, "still_works": still_works, "ok": ok}


async def _is_alive(server: LiveServer) -> bool:
    """A new visitor comes in and speaks: after all requests, as after all frames."""
    world = await build(server)
    outcome = await send_frames(server, world, [])
    return bool(outcome.counts["still_works"])
