"""Members' clients for protocols without frames: IRC and XMPP."""

from __future__ import annotations

import base64
import re

from tests.bench.engine import Engine, Session
from tests.bench.texts import MARK

_MARKER_BYTES = 10
_PING = re.compile(rb"(?:^|\n)PING ([^\r\n]*)")


class StreamSession(Session):
    """Looks for markers in the stream of bytes."""

    def feed(self, data: bytes) -> None:
        if self.rest:
            data = self.rest + data
            self.rest = b""
        at = data.find(MARK)
        if at < 0 or not self.joined:
            if data.endswith(b"~"):
                self.rest = data[-1:]
                data = data[:-1]
            self.on_other(data)
            return
        hit = self.engine.hit
        n = len(data)
        while at >= 0:
            if at + _MARKER_BYTES > n:
                self.rest = data[at:]
                return
            hit(int(data[at + 2 : at + _MARKER_BYTES]))
            at = data.find(MARK, at + _MARKER_BYTES)
        if data.endswith(b"~"):
            self.rest = b"~"
        self.after_hits(data)

    def after_hits(self, data: bytes) -> None:
        """What stood among the messages."""

    def on_other(self, data: bytes) -> None:
        """Bytes without a marker."""


class IrcSession(StreamSession):
    """Registers, joins a channel, talks."""

    channel = "#r1"

    def __init__(self, engine: Engine, index: int) -> None:
        super().__init__(engine, index)
        self.lines = b""

    def start(self) -> None:
        self.write(b"NICK u%d\r\nUSER u%d 0 * :u\r\n" % (self.index, self.index))

    def on_other(self, data: bytes) -> None:
        if self.joined:
            self.after_hits(data)
            return
        self.lines += data
        *lines, self.lines = self.lines.split(b"\n")
        for line in lines:
            self._on_line(line.strip())

    def _on_line(self, line: bytes) -> None:
        words = line.split(b" ", 2)
        code = words[1] if len(words) > 1 and words[0][:1] == b":" else b""
        if line.startswith(b"PING"):
            self.write(b"PONG" + line[4:] + b"\r\n")
        elif code == b"001":
            self.write(b"JOIN " + self.channel.encode() + b"\r\n")
        elif code == b"366":
            self.set_joined()
        elif line.startswith(b"ERROR") or code == b"433":
            self.engine.drop(self, line.decode("latin-1"))

    def after_hits(self, data: bytes) -> None:
        if b"PING " in data and (ping := _PING.search(data)):
            self.write(b"PONG " + ping.group(1).strip() + b"\r\n")

    def say(self, text: str, seq: int) -> None:
        self.write(f"PRIVMSG {self.channel} :{text}\r\n".encode())


class XmppSession(StreamSession):
    """XMPP over TCP: SASL PLAIN, resource binding, then a MUC room."""

    domain = "localhost"
    room = "r1@conference.localhost"

    def __init__(self, engine: Engine, index: int) -> None:
        super().__init__(engine, index)
        self.heard = b""
        self.step = "open"
        self.user = f"u{index}"

    def start(self) -> None:
        self._open_stream()

    def on_other(self, data: bytes) -> None:
        if self.joined:
            self._answer_ping(data)
            return
        self.heard += data
        getattr(self, f"_on_{self.step}")(self.heard)

    def say(self, text: str, seq: int) -> None:
        said = f"<message type='groupchat' to='{self.room}'><body>{text}</body></message>"
        self.write(said.encode())

    def _open_stream(self) -> None:
        self._next(
            self.step,
            f"<?xml version='1.0'?><stream:stream to='{self.domain}' version='1.0' "
            "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>",
        )

    def _next(self, step: str, said: str) -> None:
        self.step, self.heard = step, b""
        self.write(said.encode())

    def _on_open(self, heard: bytes) -> None:
        if b"</stream:features>" in heard:
            token = base64.b64encode(f"\0{self.user}\0pw".encode()).decode()
            sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
            self._next("auth", f"<auth xmlns='{sasl}' mechanism='PLAIN'>{token}</auth>")

    def _on_auth(self, heard: bytes) -> None:
        if b"<success" in heard:
            self.step = "bind"
            self._open_stream()
        elif b"<failure" in heard:
            self.engine.drop(self, heard.decode("latin-1")[:200])

    def _on_bind(self, heard: bytes) -> None:
        if b"</stream:features>" in heard:
            self._next(
                "bound",
                "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                "<resource>b</resource></bind></iq>",
            )

    def _on_bound(self, heard: bytes) -> None:
        if b"id='b1'" in heard or b'id="b1"' in heard:
            self._next(
                "join",
                f"<presence to='{self.room}/{self.user}'><x xmlns='http://jabber.org/protocol/muc'>"
                "<history maxstanzas='0'/></x></presence>",
            )

    def _on_join(self, heard: bytes) -> None:
        if b"type='error'" in heard or b'type="error"' in heard:
            self.engine.drop(self, heard.decode("latin-1")[-300:])
        elif b"code='110'" in heard or b'code="110"' in heard:
            self.heard = b""
            if self.index == 0:
                self._accept_settings()
            self.set_joined()
        elif len(heard) > 4096:
            self.heard = heard[-512:]

    def _accept_settings(self) -> None:
        """The first one in creates the room."""
        self.write(
            f"<iq type='set' id='c1' to='{self.room}'><query "
            "xmlns='http://jabber.org/protocol/muc#owner'>"
            "<x xmlns='jabber:x:data' type='submit'/></query></iq>".encode()
        )

    def _answer_ping(self, data: bytes) -> None:
        if b"urn:xmpp:ping" in data:
            ping = re.search(rb"<iq[^>]*\bid=['\"]([^'\"]+)['\"]", data)
            if ping:
                self.write(b"<iq type='result' id='" + ping.group(1) + b"'/>")
