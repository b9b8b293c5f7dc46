"""What our WebSocket class leans on in uvicorn's: a new uvicorn that breaks one of these is noticed here."""

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.api.direct import EXTENSION, DirectWebSocket
from server.client import Client, Http
from server.live.encoding import encode, payload_of
from server.protocol import bodies, frames
from tests.server import in_process
from tests.server.live_server import free_port
from tests.server.readings import calm

Talk = Callable[[DirectWebSocket, Any, Any], Awaitable[None]]
"""What an application does with an open line, its `receive` and its `send`."""


class Hasty(DirectWebSocket):
    stalled_s = 0.3


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[str]:
    """A bare application behind our class; talk: what it does with an open line."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            await talk(scope["extensions"][EXTENSION], receive, send)

    config = uvicorn.Config(
        app, port=free_port(), ws=Hasty, ws_per_message_deflate=False, lifespan="off",
        log_config=None,
    )  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(30):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.02)
        yield f"ws://127.0.0.1:{config.port}"
    finally:
        server.should_exit = True
        await task


async def test_frames_written_directly_and_through_asgi_arrive_whole_and_in_order() -> None:
    said = [_frame(n) for n in (1, 200, 70_000)]

    async def talk(line: DirectWebSocket, receive: Any, send: Any) -> None:
        assert not line.flowing, "not before the application opens it"
        line.open_up(lambda: None)
        assert line.flowing
        await send({"type": "websocket.send", "text": "before"})
        line.write(b"".join(said))
        await send({"type": "websocket.send", "text": "after"})
        await receive()

    async with serving(talk) as url, connect(url) as client:
        heard = [await client.recv() for _ in range(5)]
    assert heard == ["before", *map(payload_of, said), "after"]


async def test_a_line_that_stops_reading_is_not_written_to_and_flows_again() -> None:
    full, flowed = asyncio.Event(), asyncio.Event()

    async def talk(line: DirectWebSocket, receive: Any, send: Any) -> None:
        line.stalled_s = 30.0  # type: ignore[misc]
        line.open_up(flowed.set)
        while line.flowing:
            line.write(_TEXT)
            await asyncio.sleep(0)
        full.set()
        await receive()

    async with serving(talk) as url, _reading_nothing(url) as client, asyncio.timeout(20):
        await full.wait()
        while not flowed.is_set():
            await client.recv()


async def test_a_line_that_takes_nothing_for_long_is_given_up() -> None:
    ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def talk(line: DirectWebSocket, receive: Any, send: Any) -> None:
        line.open_up(lambda: None)
        while line.flowing:
            line.write(_TEXT)
            await asyncio.sleep(0)
        ended.set_result(await receive())
        assert not line.flowing

    async with serving(talk) as url, _reading_nothing(url):
        async with asyncio.timeout(20):
            assert (await ended)["type"] == "websocket.disconnect"


@pytest.mark.parametrize("who", ["we", "they"])
async def test_once_a_line_begins_to_end_nothing_is_written_any_more(who: str) -> None:
    flowing: list[bool] = []

    async def talk(line: DirectWebSocket, receive: Any, send: Any) -> None:
        line.open_up(lambda: None)
        flowing.append(line.flowing)
        if who == "we":
            await send({"type": "websocket.close", "code": 4503})
        else:
            await receive()
        flowing.append(line.flowing)

    async with serving(talk) as url, connect(url) as client:
        if who == "they":
            await client.close()
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert flowing == [True, False]


class Kept:
    """An inbox that keeps what came, and whom it came for."""

    def __init__(self) -> None:
        self.line: DirectWebSocket | None = None
        self.events: list[dict[str, Any]] = []

    def put_nowait(self, event: Any) -> None:
        self.events.append(event)

    @property
    def texts(self) -> list[str | None]:
        return [event.get("text") for event in self.events]

    async def has(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.events) < count:  # noqa: ASYNC110 - a condition
                await asyncio.sleep(0.01)


async def test_a_line_that_was_handed_over_lives_on_when_the_application_has_returned() -> None:
    kept = Kept()

    async def talk(line: DirectWebSocket, receive: Any, send: Any) -> None:
        kept.line = line
        while line.queue.empty():  # noqa: ASYNC110 - what comes before it is handed over comes first
            await asyncio.sleep(0.01)
        line.open_up(lambda: None)
        line.hand_over(kept)

    async with serving(talk) as url, connect(url) as client:
        await client.send("first")
        await kept.has(1)
        assert kept.line
        kept.line.read_on()
        await client.send("second")
        await kept.has(2)
        await client.send("third")
        await asyncio.sleep(0.1)
        assert kept.texts == ["first", "second"], "nothing more before it is asked for"
        kept.line.read_on()
        await kept.has(3)
        kept.line.write(_frame(1))
        assert await client.recv() == payload_of(_frame(1))
        kept.line.read_on()
        await client.close(1000)
        await kept.has(4)
    assert kept.texts[:3] == ["first", "second", "third"]
    assert {event["type"] for event in kept.events[3:]} == {"websocket.disconnect"}


async def test_a_line_that_was_handed_over_closes_with_its_code_and_its_reason() -> None:
    kept = Kept()

    async def talk(line: DirectWebSocket, receive: Any, send: Any) -> None:
        line.open_up(lambda: None)
        line.hand_over(kept)
        line.run(line.send({"type": "websocket.close", "code": 4503, "reason": "1.5"}))

    async with serving(talk) as url, connect(url) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4503, "1.5")
    assert kept.events[0]["type"] == "websocket.disconnect"


def _frame(length: int) -> bytes:
    lines: Any = frames.Hello.model_construct
    return encode(lines(type="hello", epoch="x" * length))


_TEXT = _frame(20_000)


@asynccontextmanager
async def _reading_nothing(url: str) -> AsyncIterator[ClientConnection]:
    """A client whose end of the line fills up soon: small buffers, and nobody takes from them."""
    host, port = url.removeprefix("ws://").split(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    line.connect((host, int(port)))
    async with connect(url, sock=line, max_queue=1) as client:
        yield client


async def test_a_line_that_was_lost_is_gone_without_the_garbage_collector(tmp_path: Path) -> None:
    """Old lines are set aside from it: one that refers to itself would stay for ever."""
    async with in_process.serving(tmp_path, lambda _: calm().assessment, DirectWebSocket) as url:
        entered = await Http(url).sign_up("Willow")
        assert entered.token
        http = Http(url, entered.token)
        room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
        await http.take_seat(room)
        gc.collect()
        gc.disable()
        try:
            async with Client(url, entered.token) as client:
                await client.join(room)
                await client.post(room, "The kettle is on.")
                lines = [one for one in gc.get_objects() if type(one) is DirectWebSocket]
                assert [line.handed_over for line in lines] == [True]
                kept = [weakref.ref(kept) for line in lines for kept in (line, line.conn)]
                del lines
            async with asyncio.timeout(10):
                while any(one() for one in kept):  # noqa: ASYNC110 - a condition
                    await asyncio.sleep(0.05)
        finally:
            gc.enable()
