"""picows: WebSocket framing in Cython, close to the least that Python can do."""

import argparse
import asyncio
from collections.abc import Callable
from typing import Any

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_create_server,
)

from tests.bench.servers.common import outgoing, server_frame

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--loop", default="uvloop", choices=["uvloop", "asyncio"])
arguments.add_argument("--preencoded", action="store_true", help="one frame for all transports")
asked = arguments.parse_args()
room: dict[Any, Callable[..., None]] = {}


class Listener(WSListener):  # type: ignore[misc]
    def on_ws_connected(self, transport: WSTransport) -> None:
        room[self] = transport.underlying_transport.write if asked.preencoded else transport.send

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        room.pop(self, None)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            fan_out(outgoing(frame.get_payload_as_bytes(), "u").encode())


def fan_out(text: bytes) -> None:
    if asked.preencoded:
        frame = server_frame(text)
        for write in room.values():
            write(frame)
    else:
        kind = WSMsgType.TEXT
        for send in room.values():
            send(kind, text)


async def main() -> None:
    server = await ws_create_server(
        lambda _: Listener(), "127.0.0.1", asked.port, backlog=2048, enable_auto_ping=False
    )
    await server.serve_forever()


if asked.loop == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
