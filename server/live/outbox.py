"""What goes out on one socket: in order, bounded, and never waited for by anybody else.

A line that takes what it is given gets it at once. One that does not is given nothing more than it may
hold here; whoever has more for it comes back when it has `drained`.
"""

import asyncio
from typing import Protocol

_MOST_FRAMES = 256
_MOST_BYTES = 512 * 1024
_EPHEMERAL_FRAMES = 64


class Line(Protocol):
    """A transport that takes WebSocket frames as bytes. flowing: whether it takes more now."""

    flowing: bool

    def write(self, data: bytes, /) -> None:
        """Whole frames; never waits."""
        ...


class Outbox:
    """Frames for one socket, as bytes with their headers. Full means too slow: the socket closes."""

    __slots__ = ("_bytes", "_changed", "_drained", "_frames", "closing", "line")

    def __init__(self) -> None:
        self.line: Line | None = None
        """Set when frames may be written as they come; else somebody takes them from here."""
        self._frames: list[bytes] = []
        self._bytes = 0
        self._changed: asyncio.Event | None = None
        self._drained: asyncio.Event | None = None
        self.closing = False
        """Nothing more is taken in; what was taken before is still sent."""

    def write_now(self, data: bytes) -> bool:
        """Give whole frames to a line that takes them now; False when they would have to wait."""
        line = self.line
        if line is None or not line.flowing or self._frames or self.closing:
            return False
        line.write(data)
        return True

    def offer(self, frame: bytes) -> None:
        """Send a frame, or keep it; when there is no room the socket has to close."""
        if self.closing or self.write_now(frame):
            return
        if len(self._frames) >= _MOST_FRAMES or self._bytes + len(frame) > _MOST_BYTES:
            self.close()
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._changed:
            self._changed.set()

    def offer_first(self, frame: bytes) -> None:
        """Before everything that waits already; only before the line is there."""
        if not self.closing:
            self._frames.insert(0, frame)
            self._bytes += len(frame)
            if self._changed:
                self._changed.set()

    def offer_ephemeral(self, frame: bytes) -> None:
        """What may be dropped: typing and presence give way first."""
        if len(self._frames) < _EPHEMERAL_FRAMES and not self.is_slow:
            self.offer(frame)

    @property
    def is_slow(self) -> bool:
        """Whether the line does not take more at this moment."""
        return self.line is not None and not self.line.flowing

    @property
    def is_half_full(self) -> bool:
        """Whoever has a lot to say waits here for `drained`."""
        return (
            self.is_slow
            or len(self._frames) >= _MOST_FRAMES // 2
            or self._bytes >= _MOST_BYTES // 2
        )

    def flow(self) -> None:
        """The line takes more: what waited goes out, and whoever waited goes on."""
        while self._frames and self.line is not None and self.line.flowing:
            data = b"".join(self._frames)
            self._frames.clear()
            self._bytes = 0
            self.line.write(data)
        self._wake()

    def write_rest(self) -> None:
        """The last that is said, whether the line takes it now or not; it is bounded."""
        if self._frames and self.line is not None:
            self.line.write(b"".join(self._frames))
            self._frames.clear()

    def close(self) -> None:
        """Take nothing more; nobody needs to wait for it any longer."""
        self.closing = True
        if self._changed:
            self._changed.set()
        self._wake()

    async def take(self) -> list[bytes]:
        """All that waits; empty only when closing."""
        self._changed = self._changed or asyncio.Event()
        while not self._frames and not self.closing:
            self._changed.clear()
            await self._changed.wait()
        frames, self._frames = self._frames, []
        return frames

    def sent(self, frame: bytes) -> None:
        """One of the taken frames has gone."""
        self._bytes -= len(frame)
        self._wake()

    async def drained(self) -> None:
        """Wait until everything has gone; for catching up in pages."""
        while not self._is_drained():
            self._drained = self._drained or asyncio.Event()
            self._drained.clear()
            await self._drained.wait()

    def _is_drained(self) -> bool:
        return self.closing or (self._bytes == 0 and not self.is_slow)

    def _wake(self) -> None:
        if self._drained and self._is_drained():
            self._drained.set()
