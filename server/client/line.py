"""One open socket, until it breaks: opening it, frames in, frames out, and why it ended."""

import logging
import math
from collections.abc import AsyncIterator
from typing import Any, Literal, NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.client.outbox import Answer
from server.protocol import frames
from server.protocol.base import Id, Seq, Wire

log = logging.getLogger(__name__)

_MOST_BYTES = 4 * 1024 * 1024
_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FORBIDDEN_STATUS = frozenset({401, 403})

__all__ = ["Answer", "Ended", "Line", "open_line", "read_frame"]


class Ended(NamedTuple):
    """Why a line ended. `over`: coming back with the same token is useless."""

    over: bool
    hint_s: float | None = None


class Socket(Protocol):
    """What carries a line: a WebSocket, or what stands in for it."""

    async def send(self, text: str, /) -> None:
        """Raises ConnectionClosed."""
        ...

    async def close(self) -> None:
        """From this side."""
        ...

    def __aiter__(self) -> AsyncIterator[str | bytes]:
        """Each frame, until the end. Raises ConnectionClosed."""
        ...

    @property
    def close_code(self) -> int | None:
        """Why it ended; None while it stands."""
        ...

    @property
    def close_reason(self) -> str | None:
        """The same, in words."""
        ...


class Line:
    """A socket that speaks frames. is_slow: none opened, so frames are fetched."""

    def __init__(self, socket: Socket, number: int, *, is_slow: bool = False) -> None:
        self._socket = socket
        self.number = number
        self.is_slow = is_slow

    async def send(self, frame: Wire) -> None:
        """Hand a frame to the network; a line that has broken swallows it, and the next one resumes."""
        try:
            await self._socket.send(frame.model_dump_json(exclude_none=_drops_none(frame)))
        except ConnectionClosed:
            return

    async def frames(self) -> AsyncIterator[frames.ServerFrame]:
        """Every frame this client knows, until the line ends."""
        try:
            async for text in self._socket:
                frame = read_frame(text)
                if frame is not None:
                    yield frame
        except ConnectionClosed:
            return

    async def close(self) -> None:
        """End it from this side."""
        await self._socket.close()

    def ended(self) -> Ended:
        """Why it ended."""
        over = self._socket.close_code in {frames.Close.SESSION, frames.Close.FORBIDDEN}
        return Ended(over, _hint_s(self._socket.close_code, self._socket.close_reason))


async def open_line(url: str, token: str, number: int) -> Line:
    """Open a socket. Raises OSError, TimeoutError or websockets' own errors when nobody opens."""
    socket = await connect(
        socket_url(url),
        subprotocols=[frames.SUBPROTOCOL],  # type: ignore[list-item]
        additional_headers={"Authorization": f"Bearer {token}"},
        compression=None,
        max_size=_MOST_BYTES,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=_CLOSE_TIMEOUT_S,
        proxy=None if urlsplit(url).hostname in _LOOPBACK else True,
    )
    return Line(socket, number)


def is_refusal(error: Exception) -> bool:
    """Whether an error while opening means: not with this token."""
    return isinstance(error, InvalidStatus) and error.response.status_code in _FORBIDDEN_STATUS


def socket_url(url: str) -> str:
    """ws://.../ws of http://...; wss of https."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme.replace("http", "ws", 1), parts.netloc, "/ws", "", ""))


def read_frame(text: str | bytes) -> frames.ServerFrame | None:
    """A frame; None for what this client cannot read. Newer fields are ignored.

    A change in a room that cannot be read, as one of a newer kind, is a bare `changed`: something
    happened at this `seq`, and there is no gap.
    """
    try:
        return frames.server_frame.validate_json(text, extra="ignore")
    except ValidationError as error:
        kind = error.errors(include_url=False, include_context=False, include_input=False)[0][
            "type"
        ]
    if not kind.startswith("union_tag"):
        log.warning("a frame could not be read: %s", kind)
    return _bare(text)


class _Place(Wire):
    type: Literal["message", "changed", "reaction"]
    room: Id
    seq: Seq


def _bare(text: str | bytes) -> frames.Changed | None:
    try:
        place = _Place.model_validate_json(text, extra="ignore")
    except ValidationError:
        return None
    return frames.Changed(room=place.room, seq=place.seq)


def _drops_none(frame: Wire) -> bool:
    """In `react`, and there alone, null says something: take it back."""
    return not isinstance(frame, frames.React)


def _hint_s(code: int | None, reason: Any) -> float | None:
    """At a restart (4503) the reason may say how many seconds to stay away."""
    try:
        hint_s = float(reason) if code == frames.Close.RESTART else math.nan
    except (TypeError, ValueError):
        return None
    return hint_s if math.isfinite(hint_s) else None
