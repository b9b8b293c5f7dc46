"""The `websockets` library by itself: asyncio server, websockets.asyncio.server.broadcast()."""

import argparse
import asyncio

from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.bench.servers.common import outgoing

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--uvloop", action="store_true")
arguments.add_argument("--deflate", action="store_true")
arguments.add_argument("--textbook", action="store_true", help="await send() one after another")
asked = arguments.parse_args()
room: set[ServerConnection] = set()


async def handler(ws: ServerConnection) -> None:
    room.add(ws)
    user = f"u{id(ws) & 0xFFFF}"
    try:
        async for raw in ws:
            text = outgoing(raw, user)
            if asked.textbook:
                for member in list(room):
                    await member.send(text)
            else:
                broadcast(room, text)
    finally:
        room.discard(ws)


async def main() -> None:
    compression = "deflate" if asked.deflate else None
    async with serve(
        handler, "127.0.0.1", asked.port, compression=compression, ping_interval=None, backlog=2048
    ) as server:
        await server.serve_forever()


if asked.uvloop:
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
