"""By what a line is carried: a WebSocket, and where none opens, questions over HTTP."""

import socket

from websockets.exceptions import WebSocketException

from server.client.clock import Clock
from server.client.line import Line, is_refusal, open_line
from server.client.polled import PolledSocket, open_polled

_SHUT_TWICE = 2
_LOOK_AGAIN_S = 240.0
_WAY_IS_OPEN = 1000
_NO_NETWORK = (ConnectionRefusedError, socket.gaierror)
"""Nobody was there at all, which says nothing of WebSockets."""


class Carriers:
    """Opens one line after the other for one client.

    Two WebSockets in a row that did not open, though somebody was there: the line is carried over HTTP, as
    some proxies let no WebSocket through. Every few minutes it is seen whether one opens by now.
    """

    def __init__(self, clock: Clock, look_again_s: float = _LOOK_AGAIN_S) -> None:
        self._clock = clock
        self._look_again_s = look_again_s
        self._shut = 0
        self._is_slow = False

    async def open(self, url: str, token: str, number: int) -> Line:
        """Raises OSError, TimeoutError or websockets' own errors when nobody opens."""
        if not self._is_slow:
            try:
                return await self._open_fast(url, token, number)
            except (OSError, WebSocketException) as error:
                # A refusal may be the proxy's: the place says over HTTP whether it is its own.
                if self._shut < _SHUT_TWICE and not is_refusal(error):
                    raise
        return await self._open_slow(url, token, number)

    async def _open_fast(self, url: str, token: str, number: int) -> Line:
        try:
            line = await open_line(url, token, number)
        except _NO_NETWORK:
            self._shut = 0
            raise
        except (OSError, WebSocketException):
            self._shut += 1
            raise
        self._shut = 0
        return line

    async def _open_slow(self, url: str, token: str, number: int) -> Line:
        self._is_slow = False
        polled = await open_polled(url, token, self._clock)
        if polled.close_code is None:
            self._is_slow = True
            polled.begin(self._look(url, token, polled))
        return Line(polled, number, is_slow=True)

    async def _look(self, url: str, token: str, polled: PolledSocket) -> None:
        """Until a WebSocket opens: then the slow line ends, and the next one is fast."""
        while True:
            await self._clock.sleep(self._look_again_s)
            try:
                line = await open_line(url, token, 0)
            except (OSError, WebSocketException):
                continue
            await line.close()
            self._is_slow, self._shut = False, 0
            await polled.end(_WAY_IS_OPEN)
            return
