"""Requests that never end: nothing asked, a head or a body byte by byte, a head without an end. And all others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from server.api.direct import DirectWebSocket
from server.api.patient import PatientHttp
from tests.server.live_server import free_port

_WAITS_S, _SOON_S, _FAR_S = 0.5, 0.05, 30.0
_WHOLE = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
_SOCKET = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Hasty(PatientHttp):
    request_s = _WAITS_S


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """A bare application behind our class that reads all of a request, and is slower to answer than a request
    may take. Its port."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await receive()
            return
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(2 * _WAITS_S)
        headers = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=port, http=Hasty, ws=DirectWebSocket, lifespan="off", log_config=None
        )
    )
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(_FAR_S):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.02)
        yield port
    finally:
        server.should_exit = True
        await task


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", b"a"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
        (_SOCKET[:-2] + b"X: ", b"a"),
    ],
    ids=["nothing", "empty lines", "a head", "a body", "a body in pieces", "a socket's head"],
)
async def test_what_does_not_come_to_its_end_in_time_is_let_go_of(
    first: bytes, then: bytes
) -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        feeding = asyncio.create_task(feed(writer, then))
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(_FAR_S):
            assert await until_closed(reader) == b""
        assert asyncio.get_running_loop().time() - began > _WAITS_S / 2
        feeding.cancel()
        writer.close()


async def test_whoever_asks_is_answered_however_long_it_takes_and_a_socket_stays_open() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_WHOLE + _WHOLE)
        for _ in range(2):
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_SOCKET)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 2 * _WAITS_S)
        writer.close()


async def test_a_head_without_an_end_is_refused_before_it_is_held() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        feeding = asyncio.create_task(feed(writer, b"a" * 30_000))
        assert (await until_closed(reader)).startswith(b"HTTP/1.1 400")
        feeding.cancel()
        writer.close()


async def test_a_large_body_that_comes_with_its_head_is_no_head() -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"
        writer.write(head + b"a" * 200_000)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()


async def feed(writer: asyncio.StreamWriter, piece: bytes) -> None:
    """A little, again and again."""
    while piece:
        await asyncio.sleep(_SOON_S)
        writer.write(piece)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """What came before the other end let go."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
