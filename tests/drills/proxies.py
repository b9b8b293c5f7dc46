"""Behind nginx and haproxy: silent lines stay half an hour, and a reloaded or restarted proxy costs nothing."""

import asyncio
import contextlib
import tempfile
from array import array
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import connect

from server.client import Client
from server.client.line import socket_url
from server.protocol import frames
from server.replay.ledger import percentile
from tests.drills._chorus import Chorus, gaps_in_seq, is_whole
from tests.drills._crowd import Crowd, gather
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.server.balancer import Balancer, as_deployed, is_here, passing_on
from tests.server.live_server import free_port, hasty

_WRITERS, _READERS = 4, 8
_PAUSE_S = 0.2
_BETWEEN_S = 2.0
_CONTROL_S = 75
"""Longer than nginx waits for a word from either side."""
_SAYS_NOTHING = Circumstances(changed={"DRILL_WITHOUT": "heartbeat"})
_FRONTS: Final[dict[str, tuple[str, Callable[[int, int], str]]]] = {
    "nginx": ("nginx", partial(as_deployed, "nginx")),
    "haproxy": ("haproxy", partial(as_deployed, "haproxy")),
    "nginx_untold": ("nginx", passing_on),
}


def run() -> dict[str, Any]:
    """QUIET_S (1800), QUIET (12), TIMES (3): how often each proxy is restarted, and nginx reloaded, under talk.

    nginx and haproxy as deploy/ has them; and `nginx_untold`, which was only told where to pass things on: it
    speaks HTTP/1.0 to the server, holds answers back and lets no WebSocket through. Silent lines are as a
    browser's: they answer a ping and send none.
    ok: no silent line was let go, all of the untold one's go over HTTP, nothing that was said was lost,
    doubled or out of order; and a server that never says a word of its own loses its silent lines.
    """
    if missing := [name for name in ("nginx", "haproxy") if not is_here(name)]:
        raise SystemExit(f"Missing: {', '.join(missing)} (Debian packages of these names).")
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    quiet_s = size("QUIET_S", 1_800)
    control, *found = await asyncio.gather(
        _let_go("nginx", _CONTROL_S, _SAYS_NOTHING), *(_behind(name, quiet_s) for name in _FRONTS)
    )
    figures = dict(zip(_FRONTS, found, strict=True))
    slow = figures["nginx_untold"]
    return figures | {
        "quiet_s": quiet_s,
        "control_let_go": control,
        "control_caught": control > 0,
        "ok": all(is_whole(each) and not each["let_go"] for each in found)
        and slow["slow"] == slow["people"]
        and control > 0,
    }


async def _behind(name: str, quiet_s: float) -> dict[str, Any]:
    async with _front(name) as (server, balancer):
        crowd = await gather(server, size("QUIET", 12))
        let_go = await _stay_silent(balancer.url, crowd, quiet_s, name == "nginx_untold")
        print(f"{name}: {let_go} silent lines let go", flush=True)
        return {"let_go": let_go} | await _talk(server, balancer, name != "haproxy")


async def _let_go(name: str, quiet_s: float, circumstances: Circumstances) -> int:
    async with _front(name, circumstances) as (server, balancer):
        crowd = await gather(server, size("QUIET", 12))
        return await _stay_silent(balancer.url, crowd, quiet_s, over_http=False)


@contextlib.asynccontextmanager
async def _front(
    name: str, circumstances: Circumstances | None = None
) -> AsyncIterator[tuple[DrillServer, Balancer]]:
    program, config = _FRONTS[name]
    with tempfile.TemporaryDirectory(prefix="hearth-proxies-") as folder:
        server = DrillServer(Path(folder, "hearth"), circumstances, trusted_proxies="127.0.0.1")
        port = free_port()
        balancer = Balancer(program, Path(folder), config(port, server.port), port)
        try:
            await server.start()
            await balancer.start()
            yield server, balancer
        finally:
            await balancer.stop()
            server.kill()


async def _stay_silent(url: str, crowd: Crowd, quiet_s: float, over_http: bool) -> int:
    """How many lines were let go in that time, while nobody said anything."""
    async with AsyncExitStack() as stack:
        if over_http:
            clients = [
                await stack.enter_async_context(Client(url, token, back_off=hasty()))
                for token in crowd.tokens
            ]
            lines = [client.lines for client in clients]
            await asyncio.sleep(quiet_s)
            return sum(client.lines - before for client, before in zip(clients, lines, strict=True))
        sockets = [
            await stack.enter_async_context(_as_a_browser(url, token)) for token in crowd.tokens
        ]
        silent = [asyncio.create_task(socket.wait_closed()) for socket in sockets]
        over, _ = await asyncio.wait(silent, timeout=quiet_s)
        return len(over)


def _as_a_browser(url: str, token: str) -> connect:
    return connect(
        socket_url(url),
        subprotocols=[frames.SUBPROTOCOL],  # type: ignore[list-item]
        additional_headers={"Authorization": f"Bearer {token}"},
        ping_interval=None,
        proxy=None,
    )


async def _talk(server: DrillServer, balancer: Balancer, reloads: bool) -> dict[str, Any]:
    crowd = await gather(server, _WRITERS + _READERS)
    async with AsyncExitStack() as stack:
        singers = Chorus(lambda _: balancer.url, crowd, _WRITERS, hasty)
        await singers.come_in(stack)
        disturbing = asyncio.create_task(_disturb(balancer, reloads))
        await singers.speak(lambda _: not disturbing.done(), _PAUSE_S)
        await disturbing
        heard = await singers.settle()
        slow = sum(client.is_slow for client in singers.clients)
        figures: dict[str, Any] = singers.figures()
    figures["gaps_in_seq"] = await server.on_database(partial(gaps_in_seq, crowd=crowd))
    gaps = array("d", singers.gaps_s)
    return figures | {
        "heard_all": heard,
        "people": len(crowd.tokens),
        "slow": slow,
        "came_back": len(gaps),
        "gap_p95_s": percentile(gaps, 0.95),
    }


async def _disturb(balancer: Balancer, reloads: bool) -> None:
    for _ in range(size("TIMES", 3)):
        await asyncio.sleep(_BETWEEN_S)
        if reloads:
            balancer.reload()
            await asyncio.sleep(_BETWEEN_S)
        await balancer.restart()
    await asyncio.sleep(_BETWEEN_S)
