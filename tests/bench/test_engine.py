"""The load generator's own arithmetic, against a peer that this test plays itself."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests.bench.engine import Engine, Session, quantiles_ms
from tests.bench.matrix_server import MatrixSession
from tests.bench.servers.common import outgoing, server_frame
from tests.bench.sessions import (
    DeflateWsSession,
    HearthSession,
    SocketIoSession,
    WsSession,
    ws_frame,
)
from tests.bench.stream_sessions import IrcSession, XmppSession
from tests.bench.texts import MARK, MARKERS, make_text
from tests.bench.work import spread

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


@pytest.fixture
def engine() -> Iterator[Engine]:
    """Small cycles, so that markers come again soon."""
    engine = Engine(cycle=4)
    yield engine
    engine.close()


class Peer:
    """The other end of a session's connection."""

    def __init__(self, engine: Engine, session: Session) -> None:
        self.engine, self.session = engine, session
        with socket.create_server(("127.0.0.1", 0)) as listener:
            engine.open(session, "127.0.0.1", listener.getsockname()[1])
            self.line = listener.accept()[0]
        self.line.settimeout(2.0)
        engine.run_until(lambda: not session.connecting, 2.0)

    def hears(self) -> bytes:
        """What the session sent."""
        return self.line.recv(65536)

    def says(self, *parts: bytes) -> None:
        """Each in a segment of its own, read before the next."""
        for part in parts:
            self.line.sendall(part)
            assert self.engine.run_until(lambda: self.engine.poll(0.05) > 0, 2.0)

    def close(self) -> None:
        self.line.close()


def message(marker: int) -> bytes:
    """A server's frame with a marked text."""
    return server_frame(json.dumps({"type": "message", "text": make_text(marker)}).encode())


def test_a_text_has_its_size_and_carries_its_marker():
    text = make_text(42, 1_000)
    assert len(text) == 1_000
    at = text.encode().find(MARK)
    assert int(text[at + 2 : at + 10]) == 42
    assert len(make_text(7)) == 120


def test_each_marker_means_the_newest_message_that_carries_it(engine):
    for _ in range(6):
        engine.new_seq(1)
    assert [engine.seq_of(marker) for marker in (0, 1, 2, 3)] == [4, 5, 2, 3]


def test_texts_of_a_unique_run_never_come_again_and_are_still_told_apart():
    engine = Engine(unique=True)
    for _ in range(1_000):
        engine.new_seq(1)
    markers = [(engine.first_marker + seq) % MARKERS for seq in range(1_000)]
    assert len(set(markers)) == 1_000
    assert [engine.seq_of(marker) for marker in markers] == list(range(1_000))
    engine.close()


def test_deliveries_are_counted_until_all_have_it_and_more_are_doubles(engine):
    done: list[int] = []
    engine.on_done = done.append
    engine.new_seq(2)
    engine.hit(0)
    assert (engine.completed, engine.missing(), done) == (0, 1, [])
    engine.hit(0)
    assert (engine.completed, engine.missing(), done) == (1, 0, [0])
    engine.hit(0)
    assert (engine.doubled, engine.missing()) == (1, 0)
    assert len(engine.delivery_us) == 3


def test_what_was_due_before_the_figures_were_reset_is_not_missed_twice(engine):
    engine.new_seq(3)
    engine.reset_figures()
    engine.new_seq(2)
    engine.hit(1)
    assert engine.missing() == 1


def test_a_marker_is_not_used_again_while_its_message_is_on_its_way(engine):
    said: list[int] = []

    class Mute(Session):
        def say(self, text: str, seq: int) -> None:
            said.append(int(text[2:10]))

    for _ in range(4):
        engine.post_when_free(Mute(engine, 0), 1)
    polled: list[float] = []

    def poll(timeout_s: float) -> int:
        polled.append(timeout_s)
        engine.hit(0)  # it arrives while we wait
        return 1

    engine.poll = poll
    engine.post_when_free(Mute(engine, 0), 1)
    assert said == [0, 1, 2, 3, 0]
    assert len(polled) == 1


def test_quantiles_are_in_milliseconds():
    found = quantiles_ms(range(1_000, 101_000, 1_000))
    assert found == {"n": 100, "p50": 51.0, "p90": 91.0, "p99": 100.0, "p99.9": 100.0, "max": 100.0}
    assert quantiles_ms([]) == {"n": 0}


def test_senders_are_spread_over_the_room():
    members = [Session.__new__(Session) for _ in range(100)]
    assert spread(members, 10) == members[::10]
    assert spread(members[:3], 10) == members[:3]


def test_websocket_frames_count_however_they_are_cut(engine):
    session = WsSession(engine, 0)
    peer = Peer(engine, session)
    assert peer.hears().startswith(b"GET /ws HTTP/1.1\r\n")
    for _ in range(3):
        engine.new_seq(1)
    stream = message(0) + message(1) + message(2)
    peer.says(UPGRADED[:20], UPGRADED[20:] + stream[:1], stream[1:100], stream[100:])
    assert session.joined
    assert engine.completed == 3
    peer.close()


def test_a_websocket_session_answers_pings_and_says_when_it_is_closed(engine):
    session = WsSession(engine, 0)
    peer = Peer(engine, session)
    peer.hears()
    peer.says(UPGRADED + b"\x89\x02hi")
    assert peer.hears() == ws_frame(b"hi", 10)
    peer.says(b"\x88\x02\x11\x31")
    assert session.closed
    assert engine.dropped == 1
    peer.close()


def test_compressed_frames_are_read(engine):
    import zlib

    session = DeflateWsSession(engine, 0)
    peer = Peer(engine, session)
    assert b"permessage-deflate" in peer.hears()
    engine.new_seq(1)
    squeeze = zlib.compressobj(wbits=-15)
    text = outgoing(json.dumps({"room": "r1", "text": make_text(0)}), "u").encode()
    body = (squeeze.compress(text) + squeeze.flush(zlib.Z_SYNC_FLUSH))[:-4]
    head = b"HTTP/1.1 101 OK\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    peer.says(head + b"\xc1" + server_frame(body)[1:])
    assert engine.completed == 1
    peer.close()


def test_a_member_of_hearth_joins_posts_under_fresh_ids_and_knows_its_acknowledgement(engine):
    session = HearthSession(engine, 0, token="t0", room="r0")
    peer = Peer(engine, session)
    asked = peer.hears()
    assert b"Authorization: Bearer t0\r\n" in asked
    assert b"Sec-WebSocket-Protocol: hearth.v1\r\n" in asked
    peer.says(UPGRADED + server_frame(b'{"type":"hello","epoch":"e"}'))
    assert peer.hears()[6:] == b'{"type":"join","room":"r0"}'
    assert not session.joined
    peer.says(server_frame(b'{"type":"joined","room":"r0","seq":1}'))
    assert session.joined
    engine.post(session, 1)
    seq = engine.post(session, 1)
    assert session.client_id(0) != session.client_id(1)
    posted = {"type": "posted", "room": "r0", "client_id": session.client_id(seq), "seq": 9}
    peer.says(server_frame(json.dumps(posted, separators=(",", ":")).encode()))
    assert len(engine.ack_us) == 1
    peer.says(server_frame(b'{"type":"refused","code":"too_fast"}'))
    assert "too_fast" in engine.errors[0]
    peer.close()


def test_a_member_of_socket_io_goes_through_its_handshakes(engine):
    session = SocketIoSession(engine, 0)
    peer = Peer(engine, session)
    peer.hears()
    peer.says(UPGRADED + server_frame(b"0{}"))
    assert peer.hears()[6:] == b"40"
    peer.says(server_frame(b"40{}"))
    assert peer.hears()[6:] == b'42["join","r1"]'
    peer.says(server_frame(b'42["joined","r1"]'))
    assert session.joined
    peer.close()


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_markers_in_a_stream_count_once_wherever_it_is_cut(cut):
    engine = Engine()
    session = IrcSession(engine, 0)
    session.joined = True
    for _ in range(2):
        engine.new_seq(1)
    stream = b"".join(b":u1 PRIVMSG #r1 :%s\r\n" % make_text(n, 30).encode() for n in (0, 1))
    session.feed(stream[:cut])
    session.feed(stream[cut:])
    assert engine.completed == 2
    assert engine.doubled == 0
    engine.close()


def test_a_member_of_irc_and_of_xmpp_come_in(engine):
    irc = Peer(engine, IrcSession(engine, 1))
    assert irc.hears() == b"NICK u1\r\nUSER u1 0 * :u\r\n"
    irc.says(b":s 001 u1 :hi\r\n")
    assert irc.hears() == b"JOIN #r1\r\n"
    irc.says(b":s 366 u1 #r1 :end\r\n")
    assert irc.session.joined
    xmpp = Peer(engine, XmppSession(engine, 1))
    for heard, answer in (
        (b"<stream:stream", b"<stream:features></stream:features>"),
        (b"<auth", b"<success/>"),
        (b"<stream:stream", b"<stream:features></stream:features>"),
        (b"<bind", b"<iq type='result' id='b1'/>"),
        (b"<presence", b"<presence><status code='110'/></presence>"),
    ):
        assert heard in xmpp.hears()
        xmpp.says(answer)
    assert xmpp.session.joined
    irc.close()
    xmpp.close()


def test_answers_of_http_are_told_apart_whole_cut_and_chunked(engine):
    heard: list[tuple[int, bytes]] = []

    class Listening(MatrixSession):
        def on_response(self, status: int, body: bytes) -> None:
            heard.append((status, body))

    session = Listening(engine, 0)
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"
    chunked = b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n"
    for part in (whole + whole[:10], whole[10:], chunked[:50], chunked[50:]):
        session.feed(part)
    assert heard == [(200, b"ab"), (200, b"ab"), (404, b"cde")]
