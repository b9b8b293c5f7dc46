"""uvicorn's HTTP, which waits for each request only so long, and holds only so much of one that has no end.

What this leans on is held by tests/server/test_patient.py.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_HEAD_BYTES = 64 * 1024


class PatientHttp(HttpToolsProtocol):
    """A line on which nothing is asked, or not to its end in time, is closed; a socket that opened is no request."""

    request_s: ClassVar = 15.0
    """For the whole of it: 256 kB at 140 kbit/s. Far above what anybody writes on the slowest line."""
    _late: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there, and has not asked for anything."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request. What is all of one head, and nothing else, is counted: it may have no end."""
        self._wait()
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of that request is too long.")

    def on_message_begin(self) -> None:
        """The next one, perhaps in the same bytes."""
        self._wait()
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """What is asked is known."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._wait_no_more()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """From here on it is a socket's line."""
        self._wait_no_more()
        super().handle_websocket_upgrade()

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self.request_s, self._let_go)

    def _wait_no_more(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None

    def _let_go(self) -> None:
        self.transport.close()
