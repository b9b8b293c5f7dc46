"""uvicorn's WebSocket, which also lends the application a way to write a ready-made frame itself, and to
take frames as they come.

One frame is encoded once for a whole room and handed to each member's transport as it is; the way through
ASGI would build it anew for each, and keep a task waiting for each. Everything else stays uvicorn's. What
this leans on is held by tests/server/test_direct.py; where the extension is missing, frames go through ASGI `send`.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Protocol

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

log = logging.getLogger(__name__)

EXTENSION = "hearth.direct"

STALLED_S = 15.0
"""A line that takes nothing for so long is given up: its member comes back and resumes."""


class Inbox(Protocol):
    """Where ASGI events go instead of uvicorn's queue."""

    def put_nowait(self, event: Any) -> None:
        """A frame that came, or the end of the line."""
        ...


class DirectWebSocket(WebSocketsSansIOProtocol):
    """Found by the application at `scope["extensions"][EXTENSION]`.

    flowing: whether the transport takes more now without holding much of it in memory; False before the
    handshake and once the line begins to end. flowed: called when it takes more again.
    """

    stalled_s: ClassVar = STALLED_S
    flowing = False
    flowed: Callable[[], None] | None = None
    handed_over = False
    _stalled: asyncio.TimerHandle | None = None

    write: Callable[[bytes], None]
    """Whole text frames, header and all; only while `flowing`. The transport's own: no step between."""

    def open_up(self, flowed: Callable[[], None]) -> None:
        """Begin to write directly, once the handshake is through; what it was made of is let go."""
        self.flowed, self.write = flowed, self.transport.write
        self.flowing = not self.close_sent and not self.transport.is_closing()
        if not self.writable.is_set():
            self.pause_writing()

    def hand_over(self, inbox: Inbox) -> None:
        """The application returns, and the line stays: what comes goes to the inbox, what has come first.

        What the line was opened with is let go.
        """
        self.handed_over = True
        self.request.headers.clear()  # the parser holds the request for as long as the line is open
        del self.request, self.response
        scope: Any = self.scope
        scope.clear()
        before, self.queue = self.queue, inbox  # type: ignore[assignment]
        while not before.empty():
            inbox.put_nowait(before.get_nowait())

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """In a task that uvicorn waits for when it ends."""
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.on_task_complete)

    def read_on(self) -> None:
        """All that came is answered: uvicorn stops reading after each frame."""
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def cut_unless_closed(self) -> None:
        """After a farewell that the other end did not take."""
        if not self.close_sent:
            self.transport.abort()

    async def run_asgi(self) -> None:
        """As uvicorn, with this object among the extensions; a line that was handed over stays."""
        extensions: Any = self.scope["extensions"]
        extensions[EXTENSION] = self
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception as error:
            log.error("a line failed: %s", type(error).__name__)
        if not self.handed_over:
            self.send_500_response()  # unless it was answered
            if self.close_timer is None:
                self.transport.close()

    def pause_writing(self) -> None:
        """The transport holds as much as it should."""
        super().pause_writing()
        self.flowing = False
        if self._stalled is None:
            self._stalled = self.loop.call_later(self.stalled_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It has sent most of it."""
        super().resume_writing()
        self._not_stalled()
        if self.flowed and not self.close_sent and not self.transport.is_closing():
            self.flowing = True
            self.flowed()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        self._end()
        self._not_stalled()
        super().connection_lost(exc)
        if self.handed_over:
            # What refers to itself would wait for the garbage collector, which does not look at old lines.
            self.conn.parser.close()
            del self.queue

    def shutdown(self) -> None:
        """The server goes."""
        self._end()
        super().shutdown()

    def handle_close(self, event: Frame) -> None:
        """The other end closes."""
        self._end()
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """The other end speaks no WebSocket."""
        self._end()
        super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """The other end is silent."""
        self._end()
        super().keepalive_timeout()

    async def send(self, message: Any) -> None:
        """As uvicorn; after a close nothing is written any more."""
        if message["type"] == "websocket.close":
            self._end()
        await super().send(message)

    def _end(self) -> None:
        self.flowing, self.flowed = False, None

    def _not_stalled(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None
