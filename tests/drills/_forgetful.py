"""Clients for controls: they do not resume, and so miss what happened while their line was down."""

from typing import Any

from server.client import Client
from server.client.line import Line, open_line
from server.protocol import frames
from server.protocol.base import Wire
from server.replay.performance import Replay


class ForgetfulLine(Line):
    """Joins without `after`: from wherever a room stands now."""

    async def send(self, frame: Wire) -> None:
        if isinstance(frame, frames.Join):
            frame = frame.model_copy(update={"after": None})
        await super().send(frame)


class ForgetfulClient(Client):
    """Does not resume."""

    def __init__(self, url: str, token: str, **options: Any) -> None:
        super().__init__(url, token, opens=_open, **options)


class ForgetfulReplay(Replay):
    """A replay with such clients."""

    client = ForgetfulClient


async def _open(url: str, token: str, number: int) -> Line:
    line = await open_line(url, token, number)
    return ForgetfulLine(line._socket, number)
