"""Raw lines that hostile frames go over, and how each of them ends."""

import asyncio
import contextlib
import json
import struct
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import orjson

from server.protocol import frames
from tests.server.fuzzing.hostile import CLOSE, MARK, PING, PONG, TEXT, Maker, Sent, text_frame

_ANSWER_S = 20.0
_BATCH = 8
_CUT = -1
"""In the place of a code: the line broke without one."""


@dataclass(slots=True)
class Outcome:
    """What came of it. wrong: the first hundred faults in words."""

    counts: Counter[str] = field(default_factory=Counter)
    ended: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def fault(self, kind: str, what: str) -> None:
        """Count it."""
        self.counts[kind] += 1
        if len(self.wrong) < 100:
            self.wrong.append(f"{kind}: {what}")


class Ended(Exception):
    """The other end closed. code: _CUT when it gave none."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(str(code))


class RawLine:
    """A socket that was opened properly, and then takes any bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int, token: str) -> "RawLine":
        """Through the handshake. Raises Ended when it was refused."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
        writer.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {frames.SUBPROTOCOL}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _ANSWER_S)
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise Ended(_CUT)
        return cls(reader, writer)

    async def write(self, wire: bytes) -> None:
        """Raises Ended when the line is gone."""
        try:
            self._writer.write(wire)
            await self._writer.drain()
        except OSError:
            raise Ended(_CUT) from None

    async def read(self) -> tuple[int, bytes]:
        """The next frame. Raises Ended at a farewell or the line's end, TimeoutError."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                first, size = await self._reader.readexactly(2)
                if size == 126:
                    [size] = struct.unpack("!H", await self._reader.readexactly(2))
                elif size == 127:
                    [size] = struct.unpack("!Q", await self._reader.readexactly(8))
                payload = await self._reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError):
            raise Ended(_CUT) from None
        if first & 0x0F == CLOSE:
            raise Ended(struct.unpack("!H", payload[:2])[0] if len(payload) > 1 else 1005)
        return first & 0x0F, payload

    async def close(self) -> None:
        """Break off."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def attack(port: int, token: str, maker: Maker, count: int, outcome: Outcome) -> None:
    """So many hostile frames, over as many lines as it takes: a few that it outlives, then one that ends it."""
    sent = 0
    while sent < count:
        line = await RawLine.open(port, token)
        with contextlib.suppress(Ended, TimeoutError):  # each is a fault that was counted
            for _ in range(2):
                await _outlive(line, [maker.outlived() for _ in range(_BATCH)], outcome)
            await _end(line, maker.ending(), outcome)
        await line.close()
        sent += 2 * _BATCH + 1


async def _outlive(line: RawLine, batch: list[Sent], outcome: Outcome) -> None:
    """All at once; then a frame of our own tells that all were answered."""
    ours = str(uuid4())
    kinds = ", ".join(sorted({one.what for one in batch}))
    outcome.counts["frames"] += len(batch)
    try:
        for one in batch:
            await line.write(one.wire)
        await line.write(
            text_frame(json.dumps({"type": "discard", "client_id": ours, "ours": True}))
        )
        while not _is_ours(await line.read(), ours, kinds, outcome):
            pass
    except Ended as ended:
        outcome.ended[ended.code] += 1
        outcome.fault("closed_wrongly", f"{ended.code} after {kinds}")
        raise
    except TimeoutError:
        outcome.fault("unanswered", kinds)
        raise


def _is_ours(came: tuple[int, bytes], ours: str, kinds: str, outcome: Outcome) -> bool:
    opcode, payload = came
    outcome.counts["pings" if opcode == PING else "pongs" if opcode == PONG else "answers"] += 1
    if opcode != TEXT:
        return False
    answer = orjson.loads(payload)
    if answer["type"] != "refused":
        return False
    outcome.counts["refused"] += 1
    if answer["code"] == "unavailable":
        outcome.fault("five_hundreds", kinds)
    if MARK.encode() in payload:
        outcome.fault("echoed", kinds)
    return bool(answer.get("client_id") == ours)


async def _end(line: RawLine, last: Sent, outcome: Outcome) -> None:
    outcome.counts["frames"] += 1
    try:
        await line.write(last.wire)
        if last.gives_up:
            return
        while True:
            await line.read()
    except Ended as ended:
        outcome.ended[ended.code] += 1
        if ended.code not in last.ends:
            outcome.fault("wrong_code", f"{ended.code} after {last.what}")
    except TimeoutError:
        outcome.fault("not_closed", last.what)
