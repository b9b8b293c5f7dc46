"""What waits to be sent on one socket: bounded, in order, and never waited for by anybody else."""

import asyncio
from collections import deque

_MOST_FRAMES = 256
_MOST_BYTES = 512 * 1024
_EPHEMERAL_FRAMES = 64


class Outbox:
    """Frames for one socket. Full means too slow: the socket closes, and the client resumes."""

    def __init__(self) -> None:
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self.closing = False
        """Nothing more is taken in; what was taken before is still sent."""

    def offer(self, frame: str) -> None:
        """Queue a frame; when there is no room the socket has to close."""
        if self.closing:
            return
        if len(self._frames) >= _MOST_FRAMES or self._bytes + len(frame) > _MOST_BYTES:
            self.close()
            return
        self._frames.append(frame)
        self._bytes += len(frame)
        self._drained.clear()
        self._changed.set()

    def offer_first(self, frame: str) -> None:
        """Before everything that waits already."""
        self.offer(frame)
        self._frames.rotate(1)

    def offer_ephemeral(self, frame: str) -> None:
        """Queue what may be dropped: typing and presence give way first."""
        if len(self._frames) < _EPHEMERAL_FRAMES:
            self.offer(frame)

    @property
    def is_half_full(self) -> bool:
        """Whoever has a lot to say waits here for `drained`."""
        return len(self._frames) >= _MOST_FRAMES // 2 or self._bytes >= _MOST_BYTES // 2

    def close(self) -> None:
        """Take nothing more; nobody needs to wait for it any longer."""
        self.closing = True
        self._changed.set()
        self._drained.set()

    async def take(self) -> list[str]:
        """All that waits; empty only when closing."""
        while not self._frames and not self.closing:
            self._changed.clear()
            await self._changed.wait()
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def sent(self, frame: str) -> None:
        """One of the taken frames has gone."""
        self._bytes -= len(frame)
        if self._bytes == 0:
            self._drained.set()

    async def drained(self) -> None:
        """Wait until everything has gone; for catching up in pages."""
        await self._drained.wait()
