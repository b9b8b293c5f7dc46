"""What presses on the edges of a server: too much at once, too little for too long, and lines that went dead."""

import asyncio
import base64
import ctypes
import gzip
import json
import os
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from server.protocol import frames
from server.protocol.base import FRAME_LIMIT_BYTES

_PATIENCE_S = 30.0
_PIECE = bytes(64 * 1024)
_HUGE_BYTES = 17 * 1024 * 1024
_TEXT, _CLOSE, _FIN, _RSV1, _MASK = 0x1, 0x8, 0x80, 0x40, 0x80
_SHORT, _MIDDLE = 126, 127
_CLONE_NEWNET = 0x40000000
_ESTABLISHED = "01"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to press. room: one that the token's member sits in."""

    port: int
    token: str
    room: str
    host: str = "127.0.0.1"

    def head(self, method: str, path: str, *more: str) -> bytes:
        """Of a request of that member."""
        lines = [f"{method} {path} HTTP/1.1", "Host: a", f"Authorization: Bearer {self.token}"]
        return "\r\n".join([*lines, *more, "", ""]).encode()

    @property
    def handshake(self) -> bytes:
        """Offers compression, as browsers do."""
        return self.head(
            "GET", "/ws", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            f"Sec-WebSocket-Protocol: {frames.SUBPROTOCOL}",
            "Sec-WebSocket-Extensions: permessage-deflate",
        )  # fmt: skip


# --- too large ---


async def too_large(target: Target) -> list[str]:
    """What was not refused as docs/protocol.md says."""
    wrong = []
    for what, expected, press in (*_FRAMES, *_REQUESTS):
        try:
            async with asyncio.timeout(_PATIENCE_S):
                came = await press(target)
        except TimeoutError:
            came = "nothing"
        if came not in expected:
            wrong.append(f"{what}: {came}")
    return wrong


def _of_frames(make: Callable[[Target], Iterator[bytes]]) -> Callable[[Target], Awaitable[str]]:
    async def press(target: Target) -> str:
        reader, writer = await asyncio.open_connection(target.host, target.port)
        writer.write(target.handshake)
        head = await reader.readuntil(b"\r\n\r\n")
        if b"deflate" in head.lower():
            return "compressed"
        sending = asyncio.create_task(_send(writer, make(target)))
        try:
            return await _end_of(reader)
        finally:
            sending.cancel()
            writer.transport.abort()

    return press


def _of_request(make: Callable[[Target], Iterator[bytes]]) -> Callable[[Target], Awaitable[str]]:
    async def press(target: Target) -> str:
        reader, writer = await asyncio.open_connection(target.host, target.port)
        sending = asyncio.create_task(_send(writer, make(target)))
        try:
            return (await reader.readline())[9:12].decode() or "closed"
        except OSError:
            return "closed"
        finally:
            sending.cancel()
            writer.transport.abort()

    return press


async def _send(writer: asyncio.StreamWriter, pieces: Iterator[bytes]) -> None:
    """As much as is taken."""
    with suppress(OSError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()


async def _end_of(reader: asyncio.StreamReader) -> str:
    """The code with which the line was closed, or that of a refusal on a line that stays open."""
    try:
        while True:
            first, length = await reader.readexactly(2)
            if length == _SHORT:
                length = int.from_bytes(await reader.readexactly(2))
            payload = await reader.readexactly(length)
            if first & 0xF == _CLOSE:
                return str(int.from_bytes(payload[:2]))
            if b'"refused"' in payload:
                return "refused"
    except (asyncio.IncompleteReadError, OSError):
        return "closed"


def _frame(payload: bytes, first: int = _FIN | _TEXT, length: int | None = None) -> bytes:
    """Masked with nothing, which is allowed. length: what it claims to be."""
    length = len(payload) if length is None else length
    if length < _SHORT:
        said = bytes([_MASK | length])
    elif length < 1 << 16:
        said = bytes([_MASK | _SHORT]) + length.to_bytes(2)
    else:
        said = bytes([_MASK | _MIDDLE]) + length.to_bytes(8)
    return bytes([first]) + said + bytes(4) + payload


def _post(target: Target, text: str) -> bytes:
    said = {"type": "post", "room": target.room, "client_id": str(uuid4()), "text": text}
    return json.dumps(said).encode()


def _fragments(_: Target) -> Iterator[bytes]:
    yield _frame(b" " * 100, _TEXT)
    for _number in range(10_000):
        yield _frame(b" " * 100, 0)


def _huge(_: Target) -> Iterator[bytes]:
    yield _frame(b"", length=_HUGE_BYTES)
    yield from _pieces()


def _pieces() -> Iterator[bytes]:
    for _ in range(_HUGE_BYTES // len(_PIECE)):
        yield _PIECE


def _body(*headers: str, chunked: bool = False) -> Callable[[Target], Iterator[bytes]]:
    def make(target: Target) -> Iterator[bytes]:
        yield target.head("PATCH", "/api/me", "Content-Type: application/json", *headers)
        for piece in _pieces():
            yield b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece

    return make


def _bomb(target: Target) -> Iterator[bytes]:
    packed = gzip.compress(bytes(_HUGE_BYTES))
    kinds = ("Content-Type: application/json", "Content-Encoding: gzip")
    yield target.head("PATCH", "/api/me", *kinds, f"Content-Length: {len(packed)}") + packed


def _long_head(target: Target) -> Iterator[bytes]:
    yield target.head("GET", "/api/me")[:-2]
    for number in range(100_000):
        yield f"X-{number}: a\r\n".encode()


_TOO_LARGE = ("413", "closed")
_FRAMES: tuple[tuple[str, tuple[str, ...], Callable[[Target], Awaitable[str]]], ...] = (
    ("a frame over 32 KiB", ("refused",), _of_frames(lambda it: iter([_frame(_post(it, "a" * FRAME_LIMIT_BYTES))]))),
    ("4,001 code points", ("refused",), _of_frames(lambda it: iter([_frame(_post(it, "a" * 4_001))]))),
    ("a frame of 17 MB", ("1009",), _of_frames(_huge)),
    ("a frame of 2^62 bytes", ("1009",), _of_frames(lambda _: iter([_frame(b"a", length=1 << 62)]))),
    ("10,000 fragments", ("1009", "closed"), _of_frames(_fragments)),
    ("a compressed frame", ("1002",), _of_frames(lambda _: iter([_frame(b"a", _FIN | _RSV1 | _TEXT)]))),
)  # fmt: skip
_REQUESTS: tuple[tuple[str, tuple[str, ...], Callable[[Target], Awaitable[str]]], ...] = (
    ("a body of 17 MB", _TOO_LARGE, _of_request(_body(f"Content-Length: {_HUGE_BYTES}"))),
    ("a body of 2^62 bytes", _TOO_LARGE, _of_request(_body(f"Content-Length: {1 << 62}"))),
    ("a body in pieces", _TOO_LARGE, _of_request(_body("Transfer-Encoding: chunked", chunked=True))),
    ("a packed body", ("400", "415", "422"), _of_request(_bomb)),
    ("100,000 headers", ("400", "closed"), _of_request(_long_head)),
)  # fmt: skip


# --- too slow, and too many ---


@dataclass(slots=True)
class Slow:
    """Lines that ask for nothing, or for something byte by byte. closed_s: after how long each was closed."""

    target: Target
    every_s: float
    closed_s: list[float] = field(default_factory=list)
    refused: int = 0

    async def press(self, count: int, most_s: float) -> None:
        """So many, for so long."""
        tasks = [asyncio.create_task(self._one(number)) for number in range(count)]
        await asyncio.wait(tasks, timeout=most_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, number: int) -> None:
        first, piece = self._way(number)
        try:
            reader, writer = await asyncio.open_connection(self.target.host, self.target.port)
        except OSError:
            self.refused += 1
            return
        began = time.monotonic()
        feeding = asyncio.create_task(self._feed(writer, first, piece))
        try:
            with suppress(OSError):
                while await reader.read(4_096):
                    pass
            self.closed_s.append(time.monotonic() - began)
        finally:
            feeding.cancel()
            writer.transport.abort()

    def _way(self, number: int) -> tuple[bytes, bytes]:
        head = self.target.head(
            "PATCH", "/api/me", "Content-Type: application/json", "Content-Length: 900"
        )
        ways = (
            (b"", b""),
            (head[:40], b"a"),
            (head, b" "),
            (self.target.handshake[:-2] + b"X-A: ", b"a"),
        )
        return ways[number % len(ways)]

    async def _feed(self, writer: asyncio.StreamWriter, first: bytes, piece: bytes) -> None:
        with suppress(OSError):
            writer.write(first)
            while piece:
                await asyncio.sleep(self.every_s)
                writer.write(piece)


# --- half open ---


class FarSide:
    """A network beside this one, and lines that were opened from there."""

    here, there = "10.213.77.1", "10.213.77.2"

    def __init__(self) -> None:
        self._name = f"hearth{os.getpid()}"
        self._near, self._far = f"hn{os.getpid()}", f"hf{os.getpid()}"

    @contextmanager
    def up(self) -> Iterator[None]:
        """A cable between the two. Raises SystemExit where none may be made."""
        if os.geteuid() != 0:
            raise SystemExit("This part makes a network of its own: run it as root, on Linux.")
        _run("ip", "netns", "add", self._name)
        try:
            _run(
                "ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far,
                "netns", self._name,
            )  # fmt: skip
            _run("ip", "addr", "add", f"{self.here}/24", "dev", self._near)
            _run("ip", "link", "set", self._near, "up")
            _run("ip", "-n", self._name, "addr", "add", f"{self.there}/24", "dev", self._far)
            _run("ip", "-n", self._name, "link", "set", self._far, "up")
            yield
        finally:
            with suppress(subprocess.CalledProcessError):  # with its network it would go only later
                _run("ip", "link", "del", self._near)
            _run("ip", "netns", "del", self._name)

    def cut(self) -> None:
        """Nothing comes through any more, and nobody is told."""
        _run("ip", "-n", self._name, "link", "set", self._far, "down")

    def live(self, life: Callable[[], Awaitable[None]]) -> threading.Thread:
        """Something that goes on over there, in a thread of its own."""

        async def go() -> None:
            await life()

        def enter() -> None:
            with Path(f"/run/netns/{self._name}").open() as there:
                assert ctypes.CDLL(None).setns(there.fileno(), _CLONE_NEWNET) == 0
            asyncio.run(go())

        thread = threading.Thread(target=enter, daemon=True)
        thread.start()
        return thread

    def open_lines(self, port: int) -> int:
        """How many from there the system here still takes for open."""
        there = "".join(f"{int(part):02X}" for part in reversed(self.there.split(".")))
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(
            row[1].endswith(f":{port:04X}") and row[2].startswith(there) and row[3] == _ESTABLISHED
            for row in rows
        )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
