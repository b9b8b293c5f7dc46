"""A proxy as some schools and hospitals have it: no WebSocket gets through, and an answer only whole."""

import asyncio
import contextlib
from collections import Counter
from types import TracebackType
from typing import Self

import httpx2

from tests.server.live_server import free_port

_OWN = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})
_REFUSED = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class NarrowProxy:
    """Use as a context manager, around a server that may start later.

    lets_upgrade: whether WebSockets get through by now. cut: so many answers of lines still break off in
    the middle, after the server has sent them; cut_each: and one in so many, 0: none. ports: of servers
    behind it, taken in turn by each request.
    """

    def __init__(self, *ports: int) -> None:
        self.port = free_port()
        self.ports = list(ports)
        self.lets_upgrade = False
        self.cut = self.cut_each = 0
        self.counts: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers = 0
        self._client = httpx2.AsyncClient(
            timeout=40, trust_env=False, limits=httpx2.Limits(max_connections=None)
        )

    @property
    def url(self) -> str:
        """Where clients come in."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, httpx2.HTTPError):
                while await self._exchange(reader, writer):
                    pass
        except asyncio.CancelledError:
            return  # the proxy goes; asyncio would report a task of a stream that was cancelled
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False: hang up."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [
            (name, value.strip())
            for name, _, value in (one.partition(":") for one in lines)
            if name
        ]
        known = {name.lower(): value for name, value in headers}
        if "upgrade" in known:
            return await self._upgrade(head, reader, writer)
        body = await reader.readexactly(int(known.get("content-length", "0")))
        method, path, _ = first.split(" ")
        return await self._pass_on(method, path, headers, body, writer)

    async def _upgrade(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.counts["upgrades"] += 1
        if not self.lets_upgrade:
            writer.write(_REFUSED)
            await writer.drain()
            return False
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.ports[0])
        inner_writer.write(head)
        pumps = [
            asyncio.create_task(_pump(reader, inner_writer)),
            asyncio.create_task(_pump(inner_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            inner_writer.close()
            for pump in pumps:
                pump.cancel()
        return False

    async def _pass_on(
        self,
        method: str,
        path: str,
        headers: list[tuple[str, str]],
        body: bytes,
        writer: asyncio.StreamWriter,
    ) -> bool:
        self.ports.append(self.ports.pop(0))
        url = f"http://127.0.0.1:{self.ports[-1]}{path}"
        sent = [(name, value) for name, value in headers if name.lower() not in _OWN]
        async with self._client.stream(method, url, headers=sent, content=body) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
        if path.startswith("/api/lines"):
            self.counts[f"{method} {answer.status_code}"] += 1
        lines = [f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}"]
        lines += [
            f"{name}: {value}" for name, value in answer.headers.multi_items() if name not in _OWN
        ]
        whole = "\r\n".join([*lines, f"Content-Length: {len(raw)}", "", ""]).encode("latin-1") + raw
        if path.startswith("/api/lines/") and self._cuts():
            self.counts["cut"] += 1
            writer.write(whole[: len(whole) - len(raw) // 2 - 1])
            await writer.drain()
            return False
        writer.write(whole)
        await writer.drain()
        return True

    def _cuts(self) -> bool:
        """Whether this answer breaks off."""
        self._answers += 1
        if self.cut:
            self.cut -= 1
            return True
        return bool(self.cut_each) and self._answers % self.cut_each == 0


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
