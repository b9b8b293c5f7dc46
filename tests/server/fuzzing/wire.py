"""HTTP as no client speaks it, byte by byte: who is let in must not change, and nothing may hang or fall over."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.server.fuzzing.operations import Fuzzed

_PATIENCE_S = 5.0
_READ_BYTES = 65_536
_SERVER_ERROR, _REFUSED = 500, 400


@dataclass(frozen=True, slots=True)
class Trap:
    """What goes out. may_enter: whether an answer under 400 is right. may_wait: whether silence is."""

    what: str
    wire: bytes
    may_enter: bool = False
    may_wait: bool = False


def traps(port: int, token: str) -> Iterator[Trap]:
    """Each as a stranger, or with a member's token in a place where it opens nothing."""
    host = f"127.0.0.1:{port}"
    yield from _hosts(token)
    yield from _paths(host)
    yield from _headers(host, token)
    yield from _bodies(host)
    yield from _broken(host)


def spring(port: int, token: str, into: Fuzzed) -> list[float]:
    """Send each; seconds that each answer took."""
    took = []
    for trap in traps(port, token):
        into.counts["wire_traps"] += 1
        begin = time.perf_counter()
        status = _status(port, trap.wire)
        if not trap.may_wait:
            took.append(time.perf_counter() - begin)
        into.statuses[status] += 1
        if status == -1 and not trap.may_wait:
            into.fault("hangs", trap.what, "no answer")
        elif status >= _SERVER_ERROR:
            into.fault("five_hundreds", trap.what, str(status))
        elif 0 < status < _REFUSED and not trap.may_enter:
            into.fault("let_in", trap.what, str(status))
    return took


def _hosts(token: str) -> Iterator[Trap]:
    """Whatever the Host is, a stranger stays one, and no answer repeats it."""
    for number, host in enumerate(
        (
            "evil.example", "localhost@evil.example", "127.0.0.1:1@evil.example", "", "a" * 5_000, "[::1", "x\ty",
            "localhost/../..", "localhost?x", "localhost#x", "evil.example\\", "localhost:99999", "xn--\xff",
        )
    ):  # fmt: skip
        yield Trap(f"host {number}", _get("/api/sessions", host))
        yield Trap(f"host {number} with a page", _get("/api/place", host), may_enter=True)
    yield Trap("two hosts", _get("/api/sessions", "a", "Host: b"))
    yield Trap("no host", b"GET /api/sessions HTTP/1.1\r\n\r\n")
    yield Trap(
        "a token in the query", _get(f"/api/sessions?token={token}&access_token={token}", "a")
    )


def _paths(host: str) -> Iterator[Trap]:
    """Paths that name another place, or one and the same in two ways."""
    for path in (
        "http://evil.example/api/sessions", "//evil.example/api/sessions", "@evil.example/api/sessions",
        "/api/./sessions", "/api//sessions", "/api/sessions;x=1", "/api/sessions%2e", "/API/SESSIONS", "/api/sessions/",
        "/api/health/../sessions", "/api/health/%2e%2e/sessions", "/api/sessions%00", "/api/sessions%0d%0a", "/api\\sessions",
        "/api/%73essions", "/api/steward/status", "/api/steward//status", "/api/steward/status/.",
    ):  # fmt: skip
        # The page that routes itself answers what is no path of the API.
        yield Trap(f"path {path[:40]}", _get(path, host), may_enter=not _is_of_api(path))
    for path in (
        "/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/_app/../../../pyproject.toml",
        "/" + "a" * 60_000, "/?" + "a=1&" * 15_000, "/%ff%fe", "/\xff", "/%00",
        "/plain/%00", "/" + "a" * 300, "/" + "a/" * 3_000,
    ):  # fmt: skip
        yield Trap(f"path {path[:40]}", _get(path, host), may_enter=True)


def _is_of_api(path: str) -> bool:
    return path.startswith("/api/")


def _headers(host: str, token: str) -> Iterator[Trap]:
    """Headers that would be believed by something in between."""
    for header in (
        "X-Forwarded-For: 127.0.0.1", "X-Forwarded-User: steward", "X-Original-URL: /api/place",
        "X-Rewrite-URL: /api/place", "X-HTTP-Method-Override: DELETE", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1",
        "X-Forwarded-Host: evil.example", "Authorization: Bearer", "Authorization: Bearer  ", "Authorization: Basic " + token,
        "Authorization: bearer\t" + token[:-1], "Authorization: Bearer " + token.upper(), "Authorization: Bearer null",
        "Authorization: Bearer " + "A" * 30_000, "Cookie: hearth=", "Cookie: hearth=" + token[:-1], "Cookie: HEARTH=" + token,
        "Cookie: " + "a=b; " * 5_000, "Range: bytes=" + "0-1," * 10_000,
        "Accept: " + "a/b," * 8_000, "Accept-Language: " + "x-y;q=0.1," * 5_000, "Content-Type: " + "a" * 30_000,
        "X: " + "y" * 70_000, "Expect: 100-continue", "Connection: close, X-Forwarded-For", "Upgrade: h2c",
        "Proxy-Authorization: Bearer x", "Sec-Fetch-Site: same-origin",
    ):  # fmt: skip
        yield Trap(f"header {header[:40]}", _get("/api/sessions", host, header))
    yield Trap(
        "a thousand headers", _get("/api/sessions", host, *(f"X{n}: 1" for n in range(1_000)))
    )
    ranges = "Range: bytes=" + ",".join(f"{n}-{n + 1}" for n in range(5_000))
    yield Trap("ranges of a file", _get("/favicon.svg", host, ranges), may_enter=True)
    yield Trap(
        "method override",
        _get("/api/place", host, "X-HTTP-Method-Override: DELETE"),
        may_enter=True,
    )


def _bodies(host: str) -> Iterator[Trap]:
    """Lengths that disagree, bodies that do not end or that unpack to more."""
    form = "multipart/form-data; boundary=x"
    yield Trap(
        "length and chunks",
        _post(host, "Content-Length: 4", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    )
    yield Trap("two lengths", _post(host, "Content-Length: 2", "Content-Length: 3", body=b"{}}"))
    yield Trap("lengths in one", _post(host, "Content-Length: 2, 3", body=b"{}}"))
    yield Trap("negative length", _post(host, "Content-Length: -1", body=b"{}"))
    yield Trap("length 2**62", _post(host, f"Content-Length: {2**62}", body=b"{}"))
    yield Trap("length with a sign", _post(host, "Content-Length: +2", body=b"{}"))
    yield Trap("length in hex", _post(host, "Content-Length: 0x2", body=b"{}"))
    yield Trap(
        "chunks with a bad size",
        _post(host, "Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
    )
    yield Trap(
        "chunk of 2**62",
        _post(host, "Transfer-Encoding: chunked", body=b"4000000000000000\r\n{}"),
        may_wait=True,
    )
    yield Trap(
        "chunked twice", _post(host, "Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n")
    )
    yield Trap(
        "chunks of a large whole", _post(host, "Transfer-Encoding: chunked", body=_chunks(600_000))
    )
    yield Trap(
        "packed", _post(host, "Content-Encoding: gzip", "Content-Length: 2", body=b"\x1f\x8b")
    )
    yield Trap(
        "deflated bomb",
        _post(host, "Content-Encoding: deflate", "Content-Length: 200000", body=b"x" * 200_000),
    )
    yield Trap(
        "multipart preamble", _post(host, "Content-Length: 200000", body=b"-" * 200_000, kind=form)
    )
    headers = b"--x\r\n" + b"X: y\r\n" * 30_000 + b"\r\n--x--\r\n"
    yield Trap(
        "multipart headers", _post(host, f"Content-Length: {len(headers)}", body=headers, kind=form)
    )
    yield Trap("17 MB announced", _post(host, "Content-Length: 17000000", body=b"{}"))
    yield Trap(
        "UTF-16",
        _post(
            host,
            "Content-Length: 6",
            body="{}".encode("utf-16"),
            kind="application/json; charset=utf-16",
        ),
    )
    yield Trap("text for JSON", _post(host, "Content-Length: 2", body=b"{}", kind="text/plain"))
    yield Trap(
        "a request within",
        _post(host, "Content-Length: 5", body=b"{}" + _get("/api/sessions", host)),
        may_wait=True,
    )


def _broken(host: str) -> Iterator[Trap]:
    """Lines that are no HTTP/1.1."""
    for number, wire in enumerate(
        (
            b"GET /api/sessions\r\n\r\n", b"GET /api/sessions HTTP/9.9\r\nHost: a\r\n\r\n", b"\r\n\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 500, b"GET  /api/sessions HTTP/1.1\r\n\r\n",
            b"GET /api/sessions HTTP/1.1\r\nHost: a\r\n Folded: x\r\n\r\n", b"GET /api/sessions HTTP/1.1\r\nHost : a\r\n\r\n",
            b"GET /api/sessions HTTP/1.1\nHost: a\n\n", b"TRACE /api/sessions HTTP/1.1\r\nHost: a\r\n\r\n",
            b"CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", b"g\xc3\xa9t / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /api/sessions HTTP/1.1\r\n: x\r\nHost: a\r\n\r\n",
            b"GET /api/sessions HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        )
    ):  # fmt: skip
        yield Trap(f"broken {number}", wire, may_wait=wire.startswith((b"\r\n", b"\x16", b"\x00")))
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    for number, more in enumerate(
        ((), ("Sec-WebSocket-Key: x",), ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",))
    ):
        yield Trap(f"socket by hand {number}", _get("/ws", host, *upgrade, *more))


def _get(path: str, host: str, *headers: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1", "replace")


def _post(host: str, *headers: str, body: bytes, kind: str = "application/json") -> bytes:
    lines = (
        "POST /api/sessions HTTP/1.1",
        f"Host: {host}",
        f"Content-Type: {kind}",
        *headers,
        "",
        "",
    )
    return "\r\n".join(lines).encode("latin-1") + body


def _chunks(size: int) -> bytes:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    return chunk * (size // 0x4000) + b"0\r\n\r\n"


def _status(port: int, wire: bytes) -> int:
    """Of the answer; 0: the line was closed without one; -1: neither in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as line:
        try:
            line.sendall(wire)
            head = line.recv(_READ_BYTES)
        except TimeoutError:
            return -1
        except OSError:
            return 0
    words = head.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
