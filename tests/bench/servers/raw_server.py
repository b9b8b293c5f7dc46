"""The floor for Python: a hand-written asyncio.Protocol, no library, the frame built once per message.

--direct writes with os.write() to the descriptor instead of transport.write().
--coalesce gathers what arrived in one turn of the loop and writes it to each member at once.
"""

import argparse
import asyncio
import base64
import hashlib
import os
from collections.abc import Callable
from functools import partial

from tests.bench.servers.common import outgoing, server_frame

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--loop", default="uvloop", choices=["uvloop", "asyncio"])
arguments.add_argument("--direct", action="store_true")
arguments.add_argument("--coalesce", action="store_true")
asked = arguments.parse_args()
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = b"sec-websocket-key:"
room: dict["Member", Callable[[bytes], object]] = {}
pending: list[bytes] = []


def fan_out(data: bytes) -> None:
    for write in room.values():
        write(data)


def flush() -> None:
    data = b"".join(pending)
    pending.clear()
    fan_out(data)


class Member(asyncio.Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport, self.rest, self.upgraded = transport, b"", False

    def connection_lost(self, exc: Exception | None) -> None:
        room.pop(self, None)

    def data_received(self, data: bytes) -> None:
        data, self.rest = self.rest + data, b""
        if not self.upgraded:
            if b"\r\n\r\n" not in data:
                self.rest = data
                return
            head, _, data = data.partition(b"\r\n\r\n")
            self.upgrade(head)
        self.read_frames(data)

    def upgrade(self, head: bytes) -> None:
        lines = [line for line in head.split(b"\r\n") if line.lower().startswith(KEY)]
        key = lines[0].partition(b":")[2].strip()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())  # noqa: S324 - RFC 6455
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self.upgraded = True
        fd = self.transport.get_extra_info("socket").fileno()
        room[self] = partial(os.write, fd) if asked.direct else self.transport.write

    def read_frames(self, data: bytes) -> None:
        p, n = 0, len(data)
        while n - p >= 6:
            ln, q = data[p + 1] & 127, p + 2
            if ln == 126:
                ln, q = data[p + 2] << 8 | data[p + 3], p + 4
            e = q + 4 + ln
            if e > n:
                break
            mask = data[q : q + 4] * (ln // 4 + 1)
            key = int.from_bytes(mask[:ln], "little")
            body = (int.from_bytes(data[q + 4 : e], "little") ^ key).to_bytes(ln, "little")
            p = e
            if data[0] & 15 == 8:
                self.transport.close()
                return
            said(server_frame(outgoing(body, "u").encode()))
        self.rest = data[p:]


def said(frame: bytes) -> None:
    if not asked.coalesce:
        fan_out(frame)
        return
    if not pending:
        asyncio.get_running_loop().call_soon(flush)
    pending.append(frame)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Member, "127.0.0.1", asked.port, backlog=2048)
    await server.serve_forever()


if asked.loop == "uvloop":
    import uvloop

    uvloop.run(main())
else:
    asyncio.run(main())
