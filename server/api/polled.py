"""A line without a socket: what would go out on one is kept until whoever fetches it says that it came.

It stands where a transport does, so who may have what, in which order, and what becomes of somebody who
is too slow is settled in the same places as for a socket.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

from server.access import Actor
from server.errors import NoSuchLine, TooFast
from server.live.connection import Connection
from server.live.encoding import payloads_of

WAIT_S = 25
"""Proxies give an answer up after 30 s, if they are impatient."""
_GONE_S = 60.0
_ABANDONED_S = 5.0
_PACE_S = 0.2
"""Between two answers, so that a busy room does not take all requests that a member has."""
_FULL_BYTES = 64 * 1024
"""As much as asyncio's transports hold before they want no more."""
_LINES_PER_MEMBER = 4
_AGAIN_S = 10.0


class Heard(NamedTuple):
    """JSON of frames, and the number of the last."""

    frames: list[bytes]
    last: int


class PolledLine:
    """One member's line, for as long as somebody asks for its frames.

    gone: called once nothing more may come. forget: called once nobody asks any more.
    flowing: whether it takes more now. said: how many frames came from the member; speaking: held while
    they are answered, one at a time.
    """

    def __init__(
        self,
        connection: Connection,
        gone: Callable[[], None],
        forget: Callable[[], None],
        gone_s: float = _GONE_S,
    ) -> None:
        self.connection = connection
        self.speaking = asyncio.Lock()
        self.said = 0
        self.flowing = False
        self._gone = gone
        self._forget = forget
        self._gone_s = gone_s
        self._kept: deque[bytes] = deque()
        self._bytes = 0
        self._last = 0
        self._turn = 0
        self._more = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._answered_s = self._asked_s = self._loop.time() - _PACE_S
        self._idle: asyncio.TimerHandle | None = None

    def open_up(self) -> None:
        """Begin to take frames; those that wait already come first."""
        outbox = self.connection.outbox
        outbox.line, self.flowing = self, True
        outbox.flow()
        self._expect()
        if outbox.closing:
            self._end()
        else:
            self.connection.ending = self._end

    def write(self, data: bytes) -> None:
        """Whole frames with their headers; kept as JSON."""
        for payload in payloads_of(data):
            self._kept.append(payload)
            self._bytes += len(payload)
            self._last += 1
        self.flowing = self.flowing and self._bytes < _FULL_BYTES
        self._more.set()

    async def hear(self, after: int, wait_s: float) -> Heard:
        """What came after frame number `after`, which confirms all up to it; waits when there is nothing.

        What is not confirmed is told again. Whoever waits already is sent away without anything.
        Raises NoSuchLine where there was no such frame.
        """
        self._confirm(after)
        self._turn += 1
        turn = self._turn
        self._more.set()
        self._expect_nobody()
        try:
            async with asyncio.timeout(wait_s):
                await self._something(turn)
        except TimeoutError:
            pass
        finally:
            if turn == self._turn:
                self._expect()
        if turn != self._turn:
            return Heard([], after)
        self._answered_s = self._loop.time()
        return Heard(list(self._kept), self._last)

    @property
    def is_over(self) -> bool:
        """Nothing comes after what is kept."""
        return self.connection.outbox.closing

    @property
    def is_abandoned(self) -> bool:
        """Nobody has asked for some seconds: a page that was closed, or opened anew."""
        return self._idle is not None and self._loop.time() - self._asked_s > _ABANDONED_S

    def let_go(self) -> None:
        """End it from the member's side."""
        self._expect_nobody()
        self.connection.close(None)
        self._forget()

    async def _something(self, turn: int) -> None:
        while turn == self._turn and not (self._kept or self.is_over):
            self._more.clear()
            await self._more.wait()
        if not self.is_over:
            await asyncio.sleep(self._answered_s + _PACE_S - self._loop.time())

    def _confirm(self, after: int) -> None:
        if after > self._last:
            raise NoSuchLine
        while self._kept and self._last - len(self._kept) < after:
            self._bytes -= len(self._kept.popleft())
        if not self.flowing and not self.is_over and self._bytes < _FULL_BYTES // 2:
            self.flowing = True
            self.connection.outbox.flow()

    def _expect(self) -> None:
        """Somebody has to ask before long."""
        self._asked_s = self._loop.time()
        self._idle = self._loop.call_later(self._gone_s, self.let_go)

    def _expect_nobody(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None

    def _end(self) -> None:
        """From this side: what was said before is still fetched, with the reason."""
        self.connection.outbox.write_rest()
        self.flowing = False
        self._more.set()
        self._loop.call_soon(self._gone)  # whoever ends it may be going through all lines


class PolledLines:
    """All of this process, by names that nobody guesses. gone_s: how long each waits for a question."""

    def __init__(self, gone_s: float = _GONE_S) -> None:
        self._gone_s = gone_s
        self._lines: dict[str, PolledLine] = {}

    def add(self, connection: Connection, gone: Callable[[], None], name: str = "") -> str:
        """Its name. gone: called once nothing more may come on it."""
        name = name or secrets.token_urlsafe(18)
        self._lines[name] = PolledLine(connection, gone, partial(self.forget, name), self._gone_s)
        return name

    def find(self, name: str, actor: Actor) -> PolledLine | None:
        """A line of exactly this session; None also for those of others."""
        line = self._lines.get(name)
        return line if line and line.connection.actor.session == actor.session else None

    def forget(self, name: str) -> None:
        """It answers no more."""
        self._lines.pop(name, None)

    def make_room(self, member: UUID) -> None:
        """Let one go that was left behind, where somebody has as many as they may. Raises TooFast."""
        mine = [line for line in self._lines.values() if line.connection.actor.id == member]
        if len(mine) < _LINES_PER_MEMBER:
            return
        left = next((line for line in mine if line.is_over or line.is_abandoned), None)
        if left is None:
            raise TooFast(retry_after_s=_AGAIN_S)
        left.let_go()
