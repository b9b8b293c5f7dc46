"""A WebSocket client that costs next to nothing, for thousands of deliveries a second; and one that stops reading.

It looks for a number in each text (`~M00000012`) and at nothing else: whether frames are right is for
other drills to show.
"""

import asyncio
import os
import re
import socket
import struct
import time
from array import array
from base64 import b64encode
from typing import Any, Self
from urllib.parse import urlsplit

from server.protocol import frames

_MARK = re.compile(rb"~M(\d{8})")
_WORDS = "it rains and the kettle is on "
_SMALL_BYTES = 4 * 1024
_TEXT, _CLOSE, _PING, _PONG = 0x81, 0x88, 0x89, 0x8A


def marked(number: int, length: int) -> str:
    """A text of this length that carries its number."""
    mark = f"~M{number:08} "
    return (mark + _WORDS * length)[:length]


class Tally:
    """When each numbered text was sent. first: their first number, so that those of before are told apart."""

    def __init__(self, first: int, count: int) -> None:
        self.first = first
        self.sent_s = array("d", bytes(8 * count))

    def sending(self, number: int) -> None:
        """Now."""
        self.sent_s[number - self.first] = time.perf_counter()


class Reader(asyncio.Protocol):
    """One line. heard: how often each text came; took_ms: delivery times, in the order of hearing."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._waiting = b""
        self._shaken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_open = False
        self.heard = bytearray(len(tally.sent_s))
        self.took_ms = array("d")

    @classmethod
    async def open(cls, url: str, token: str, tally: Tally, *, small: bool = False) -> Self:
        """Shake hands. small: with as little room to receive as the system allows."""
        parts = urlsplit(url)
        where = (parts.hostname or "", parts.port or 80)
        line = socket.socket()
        if small:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BYTES)
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, where)
        _, reader = await loop.create_connection(lambda: cls(tally), sock=line)
        reader.transport.write(_handshake(parts.netloc, token))
        await reader._shaken
        return reader

    def connection_made(self, transport: Any) -> None:
        """A line."""
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """No line."""
        self.is_open = False
        if not self._shaken.done():
            self._shaken.set_exception(exc or ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        """Whatever came; frames may be cut anywhere."""
        data = self._waiting + data
        if not self.is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._waiting = head
                return
            self.is_open = b" 101 " in head.split(b"\r\n", 1)[0]
            if self.is_open:
                self._shaken.set_result(None)
            else:
                self._shaken.set_exception(ConnectionError(head.decode(errors="replace")[:80]))
        self._waiting = data[self._read(data) :]

    def send(self, text: str) -> None:
        """One text frame; the mask is there, as it must, and changes nothing."""
        self.transport.write(_masked(_TEXT, text.encode()))

    @property
    def port(self) -> int:
        """On this side: how the server's system knows this line."""
        name: tuple[str, int] = self.transport.get_extra_info("sockname")
        return name[1]

    def stop_reading(self) -> None:
        """For good."""
        self.transport.pause_reading()

    def close(self) -> None:
        """Without a farewell."""
        self.transport.abort()

    def _read(self, data: bytes) -> int:
        """Every whole frame. Returns where the first one begins that is not whole."""
        now, at = time.perf_counter(), 0
        while len(data) - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                if len(data) < start + 2:
                    break
                (length,), start = struct.unpack_from("!H", data, start), start + 2
            elif length == 127:
                if len(data) < start + 8:
                    break
                (length,), start = struct.unpack_from("!Q", data, start), start + 8
            if len(data) < start + length:
                break
            self._frame(data[at], data[start : start + length], now)
            at = start + length
        return at

    def _frame(self, kind: int, payload: bytes, now: float) -> None:
        if kind == _PING:
            self.transport.write(_masked(_PONG, payload))
        elif kind == _CLOSE:
            self.is_open = False
        elif mark := _MARK.search(payload):
            self._hear(int(mark[1]) - self._tally.first, now)

    def _hear(self, place: int, now: float) -> None:
        if 0 <= place < len(self.heard):
            self.heard[place] = min(255, self.heard[place] + 1)
            self.took_ms.append((now - self._tally.sent_s[place]) * 1000)


def _handshake(netloc: str, token: str) -> bytes:
    key = b64encode(os.urandom(16)).decode()
    return (
        f"GET /ws HTTP/1.1\r\nHost: {netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
        f"Sec-WebSocket-Protocol: {frames.SUBPROTOCOL}\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()


def _masked(kind: int, payload: bytes) -> bytes:
    length = len(payload)
    short, medium = bytes((kind, 0x80 | length & 0x7F)), struct.pack("!BBH", kind, 0xFE, length)
    return (short if length < 126 else medium) + bytes(4) + payload
