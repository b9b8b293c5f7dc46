"""Clients that lose answers: the line is cut before the first answer to a post is read."""

import asyncio
from typing import Any, cast
from uuid import UUID, uuid4

from websockets.asyncio.client import ClientConnection

from server.client import Answer, Client, Unreachable
from server.client.line import Ended, Line, open_line
from server.protocol import frames


class Deaf(Client):
    """Loses the first answer to each post in `deaf_to`, and comes back when it `may_return`."""

    def __init__(self, url: str, token: str, **options: Any) -> None:
        super().__init__(url, token, opens=open_line, **options)
        self.deaf_to: set[UUID] = set()
        self.lost: dict[UUID, frames.Posted] = {}
        self.may_return = asyncio.Event()
        self.may_return.set()

    async def _one_line(self) -> Ended:
        await self.may_return.wait()
        return await super()._one_line()

    async def _receive(self, line: Line, frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Posted) and frame.client_id in self.deaf_to:
            self.deaf_to.discard(frame.client_id)
            self.lost[frame.client_id] = frame
            cast(ClientConnection, line._socket).transport.abort()
            raise ConnectionResetError
        await super()._receive(line, frame)


class Renaming(Deaf):
    """The control: a line that breaks fails what was not answered, and the program says it anew."""

    async def _receive(self, line: Line, frame: frames.ServerFrame) -> None:
        try:
            await super()._receive(line, frame)
        except ConnectionResetError:
            self._outbox.fail(Unreachable("The line broke."))
            raise

    async def say(self, frame: frames.Post | frames.Edit, *, retries: int = 0) -> Answer:
        """As a program that knows of no client_id."""
        try:
            return await super().say(frame, retries=retries)
        except Unreachable:
            again = frame.model_copy(update={"client_id": uuid4()})
            return await super().say(again, retries=retries)
