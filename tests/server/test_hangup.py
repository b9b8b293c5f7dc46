"""SIGHUP to one who serves alone: whoever watches it starts it again, so its members hear that it goes."""

import asyncio
import os
import signal
from functools import partial

from websockets.asyncio.client import connect

from server.protocol import frames
from tests.server.live_server import LiveServer
from tests.server.peopled import let_in


async def test_members_are_told_to_come_back_and_the_process_ends(
    live_server: LiveServer,
) -> None:
    _, token = await live_server.on_database(partial(let_in, name="marram"))
    async with connect(
        live_server.url.replace("http", "ws") + "/ws",
        subprotocols=[frames.SUBPROTOCOL],  # type: ignore[list-item]
        additional_headers={"Authorization": f"Bearer {token}"},
    ) as line:
        await line.recv()
        os.kill(live_server.pid, signal.SIGHUP)
        async with asyncio.timeout(30):
            await line.wait_closed()
    assert line.close_code == frames.Close.RESTART
    await live_server.stop()
