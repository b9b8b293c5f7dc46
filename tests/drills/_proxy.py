"""A TCP proxy whose lines are bad: slow, late, sliced, silent for a while, reset in mid-frame."""

import asyncio
import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_READ_BYTES = 4096
_FAIR_S = 0.1
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time: closing is a reset."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What one line suffers for `lasts_s`, both ways. None, or 0, of something: not that.

    late_s: how long each piece is held back, at least and at most. bytes_per_s: no more than that.
    slice_bytes: written in pieces of so many. cut_after: so many bytes, then both ends see a reset.
    silent: nothing passes while it lasts; what was sent comes afterwards, or (dies) a reset does.
    """

    name: str
    lasts_s: float
    late_s: tuple[float, float] = (0.0, 0.0)
    bytes_per_s: float | None = None
    slice_bytes: int = _READ_BYTES
    cut_after: int | None = None
    silent: bool = False
    dies: bool = False


Draw = Callable[[], Fault]
Late = Callable[[float, float], float]


class BadProxy:
    """Use as a context manager. Fair until `begin`, and again after `heal`.

    draw: the next fault of a line. late: a number between two, for what comes late.
    """

    def __init__(self, port: int, draw: Draw, late: Late) -> None:
        self._port = port
        self.draw = draw
        self.late = late
        self.fair = asyncio.Event()
        self.fair.set()
        self.counts: Counter[str] = Counter()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where clients come in."""
        assert self._server
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def begin(self) -> None:
        """Every line is bad from now on."""
        self.fair.clear()

    def heal(self) -> None:
        """Every line is good, at once: also those that were silent."""
        self.fair.set()

    async def pause(self, seconds: float) -> None:
        """So long, or until it is fair again."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.fair.wait(), seconds)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts["lines"] += 1
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            _reset(writer)
            return
        await BadLine(self, (writer, inner_writer)).carry(reader, inner_reader)


class BadLine:
    """One line through the proxy, from end to end."""

    def __init__(
        self, proxy: BadProxy, writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    ) -> None:
        self._proxy = proxy
        self._outer, self._inner = writers
        self._fault: Fault | None = None
        self._passed = 0

    async def carry(self, outer: asyncio.StreamReader, inner: asyncio.StreamReader) -> None:
        """Until either end hangs up, or a fault cuts the line."""
        tasks = [
            asyncio.create_task(self._pump(outer, self._inner)),
            asyncio.create_task(self._pump(inner, self._outer)),
            asyncio.create_task(self._change()),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        cut = any(
            isinstance(it, _CutError) for it in await asyncio.gather(*tasks, return_exceptions=True)
        )
        for writer in (self._outer, self._inner):
            _reset(writer) if cut else writer.close()

    async def _change(self) -> None:
        """One fault after the other, without end."""
        while True:
            self._fault = None if self._proxy.fair.is_set() else self._proxy.draw()
            self._passed = 0
            if self._fault is None:
                await asyncio.sleep(_FAIR_S)
                continue
            self._proxy.counts[self._fault.name] += 1
            await self._proxy.pause(self._fault.lasts_s)
            if self._fault.dies:
                raise _CutError

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_READ_BYTES):
            if self._fault:
                await self._proxy.pause(self._proxy.late(*self._fault.late_s))
            while self._fault and self._fault.silent:  # noqa: ASYNC110 - a condition
                await asyncio.sleep(0.05)
            await self._pass_on(data, sink)

    async def _pass_on(self, data: bytes, sink: asyncio.StreamWriter) -> None:
        while data:
            fault = self._fault
            size = fault.slice_bytes if fault else len(data)
            sink.write(data[:size])
            await sink.drain()
            data, sent = data[size:], min(size, len(data))
            if fault:
                await self._suffer(fault, sent)

    async def _suffer(self, fault: Fault, sent: int) -> None:
        self._passed += sent
        if fault.cut_after is not None and self._passed >= fault.cut_after:
            raise _CutError
        await (
            self._proxy.pause(sent / fault.bytes_per_s) if fault.bytes_per_s else asyncio.sleep(0)
        )


class _CutError(Exception):
    """This line is reset now."""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Both ends see a reset, whatever is on its way."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
