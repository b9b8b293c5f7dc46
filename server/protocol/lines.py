"""A line whose frames are fetched, over HTTP: the same frames as on the socket, numbered for this line."""

from typing import Annotated, Any

from pydantic import Field

from server.protocol.base import Wire

MOST_AT_ONCE = 64
"""Frames in one request; their bytes are bounded as those of any request."""


class LineOpened(Wire):
    """Nobody else can use it. wait_s: how long an answer may take when there is nothing to say."""

    line: str
    wait_s: int


class LineClosed(Wire):
    """Why a line ended: as the close of a WebSocket."""

    code: int
    reason: str


class LineHeard(Wire):
    """Frames of the server, as objects. last: the number of the last one; the first of a line is 1."""

    last: int
    frames: list[dict[str, Any]]
    close: LineClosed | None = None


class LineSaid(Wire):
    """Frames from the client, as objects. first: the number of the first one; the first of a line is 1."""

    first: Annotated[int, Field(ge=1, le=2**53)]
    frames: Annotated[list[Any], Field(min_length=1, max_length=MOST_AT_ONCE)]
