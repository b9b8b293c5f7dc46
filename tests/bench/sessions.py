"""Members' clients over WebSocket: what each does, and no more."""

from __future__ import annotations

import base64
import os
import zlib
from typing import Any

from tests.bench.engine import Engine, Session
from tests.bench.texts import MARK


def ws_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A client's frame. The mask is zero, so masking is free here but not for the server."""
    n = len(payload)
    if n < 126:
        return bytes((0x80 | opcode, 0x80 | n)) + b"\0\0\0\0" + payload
    if n < 65536:
        return bytes((0x80 | opcode, 0xFE, n >> 8, n & 255)) + b"\0\0\0\0" + payload
    raise ValueError("too long for this client")


class WsSession(Session):
    """WebSocket (RFC 6455), with or without permessage-deflate."""

    path = "/ws"
    subprotocol = ""
    headers = ""
    deflate = False
    in_room_at_once = True
    """Joined as soon as the handshake is through."""

    def __init__(self, engine: Engine, index: int) -> None:
        super().__init__(engine, index)
        self.upgraded = False
        self.inflater: Any = None
        self.no_takeover = False

    def start(self) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        if self.subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {self.subprotocol}")
        if self.deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        self.write(("\r\n".join(lines) + "\r\n" + self.headers + "\r\n").encode())

    def feed(self, data: bytes) -> None:  # noqa: C901 - the hot loop: one function, no calls
        if self.rest:
            data = self.rest + data
            self.rest = b""
        if not self.upgraded:
            data = self._read_upgrade(data)
            if not data:
                return
        n = len(data)
        p = 0
        while n - p >= 2:
            b0 = data[p]
            ln = data[p + 1]
            q = p + 2
            if ln >= 126:
                if ln == 126:
                    if n - p < 4:
                        break
                    ln = data[p + 2] << 8 | data[p + 3]
                    q = p + 4
                else:
                    if n - p < 10:
                        break
                    ln = int.from_bytes(data[p + 2 : p + 10], "big")
                    q = p + 10
            e = q + ln
            if e > n:
                break
            if b0 == 0x81 or b0 == 0x82:
                i = data.find(MARK, q, e)
                if i >= 0:
                    self.engine.hit(int(data[i + 2 : i + 10]))
                else:
                    self.on_text(data[q:e])
            elif not self._on_rare_frame(b0, data[q:e]):
                return
            p = e
        if p < n:
            self.rest = data[p:]

    def on_open(self) -> None:
        """The handshake is through."""
        if self.in_room_at_once:
            self.set_joined()

    def on_text(self, payload: bytes) -> None:
        """A frame without a marker."""

    def send_text(self, text: str) -> None:
        """One frame."""
        self.write(ws_frame(text.encode()))

    def say(self, text: str, seq: int) -> None:
        self.send_text(f'{{"type":"message","room":"r1","text":"{text}"}}')

    def _read_upgrade(self, data: bytes) -> bytes:
        """What follows the handshake, or nothing yet."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self.rest = data
            return b""
        head = data[:end]
        if b" 101 " not in head[:20]:
            self.engine.drop(self, "no upgrade: " + head[:80].decode("latin-1"))
            return b""
        if b"permessage-deflate" in head.lower():
            self.inflater = zlib.decompressobj(-15)
            self.no_takeover = b"server_no_context_takeover" in head.lower()
        self.upgraded = True
        self.on_open()
        return data[end + 4 :]

    def _on_rare_frame(self, first_byte: int, payload: bytes) -> bool:
        """Compressed, ping or close; False when the connection is over."""
        if first_byte & 0x40:
            text = self._inflate(payload)
            at = text.find(MARK)
            if at >= 0:
                self.engine.hit(int(text[at + 2 : at + 10]))
            else:
                self.on_text(text)
        elif first_byte == 0x89:
            self.write(ws_frame(payload, 10))
        elif first_byte == 0x88:
            self.engine.drop(self, "close frame " + repr(payload[:40]))
            return False
        return True

    def _inflate(self, payload: bytes) -> bytes:
        if self.no_takeover:
            return zlib.decompress(payload + b"\0\0\xff\xff\x03\0", -15)
        inflated: bytes = self.inflater.decompress(payload + b"\0\0\xff\xff")
        return inflated


class DeflateWsSession(WsSession):
    """As WsSession, offering compression."""

    deflate = True


class SocketIoSession(WsSession):
    """Socket.IO 4 over its WebSocket transport (Engine.IO 4)."""

    path = "/socket.io/?EIO=4&transport=websocket"
    in_room_at_once = False
    room = "r1"

    def on_text(self, payload: bytes) -> None:
        if payload[:1] == b"0":
            self.send_text("40")
        elif payload[:2] == b"40":
            self.send_text(f'42["join","{self.room}"]')
        elif payload[:1] == b"2":
            self.send_text("3")
        elif payload.startswith(b'42["joined"'):
            self.set_joined()

    def say(self, text: str, seq: int) -> None:
        self.send_text(f'42["message",{{"room":"{self.room}","text":"{text}"}}]')


class HearthSession(WsSession):
    """Hearth's own protocol, docs/protocol.md: join, post, and be told `posted`."""

    subprotocol = "hearth.v1"
    in_room_at_once = False
    listens = True
    """Or else it only speaks."""
    _COMPLAINTS = (b'"type":"refused"', b'"type":"nudge"', b'"type":"held"', b'"type":"reset"')

    def __init__(self, engine: Engine, index: int, *, token: str, room: str) -> None:
        super().__init__(engine, index)
        self.headers = f"Authorization: Bearer {token}\r\n"
        self.room = room
        self.client_ids = os.urandom(10).hex()
        """Begins each of this session's: no message is taken for an earlier run's."""

    def on_text(self, payload: bytes) -> None:
        kind = payload[:32]
        if b'"type":"posted"' in kind:
            at = payload.find(b'"client_id":"') + 13
            self.engine.ack(int(payload[at + 28 : at + 36], 16))
        elif b'"type":"hello"' in kind and not self.listens:
            self.set_joined()
        elif b'"type":"hello"' in kind:
            self.send_text(f'{{"type":"join","room":"{self.room}"}}')
        elif b'"type":"joined"' in kind:
            self.set_joined()
        elif any(complaint in kind for complaint in self._COMPLAINTS):
            self.engine.note(payload[:200].decode())

    def say(self, text: str, seq: int) -> None:
        self.send_text(
            f'{{"type":"post","room":"{self.room}","client_id":"{self.client_id(seq)}","text":"{text}"}}'
        )

    def client_id(self, seq: int) -> str:
        """A UUID that ends in the seq."""
        c = f"{self.client_ids}{seq:012x}"
        return f"{c[:8]}-{c[8:12]}-{c[12:16]}-{c[16:20]}-{c[20:]}"
