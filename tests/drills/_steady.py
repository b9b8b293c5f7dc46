"""Somebody who talks at a steady pace, whatever becomes of the server, and remembers what was answered."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from uuid import UUID

from sqlmodel import col, select

from server.client import Client
from server.protocol import frames
from server.store import messages
from server.store.tables import Message
from server.store.work import Work
from tests.server.live_server import LiveServer, hasty


class Steady:
    """answered: the words of each `seq` that was acknowledged. longest_s: the longest that one had to wait."""

    def __init__(self, room: UUID) -> None:
        self.room = room
        self.answered: dict[int, str] = {}
        self.longest_s = 0.0

    @contextlib.asynccontextmanager
    async def talking(self, server: LiveServer, token: str, rate: float) -> AsyncIterator[None]:
        """So many a second, one after the other, until the block ends."""
        stop = asyncio.Event()
        async with Client(server.url, token, back_off=hasty()) as client:
            await client.join(self.room)
            talk = asyncio.create_task(self._talk(client, rate, stop))
            try:
                yield
            finally:
                stop.set()
                await talk

    def lost(self, work: Work) -> int:
        """What was acknowledged, and is not there under its number."""
        query = select(Message).where(Message.room_id == self.room, col(Message.seq).is_not(None))
        there = {one.seq: messages.open_text(work, one) for one in work.session.exec(query)}
        return sum(there.get(seq) != text for seq, text in self.answered.items())

    async def _talk(self, client: Client, rate: float, stop: asyncio.Event) -> None:
        number = 0
        while not stop.is_set():
            began = time.perf_counter()
            text = f"Still here, for the {number}th time."
            answer = await client.post(self.room, text)
            assert isinstance(answer, frames.Posted), answer
            self.answered[answer.seq] = text
            took_s = time.perf_counter() - began
            self.longest_s = max(self.longest_s, took_s)
            number += 1
            await asyncio.sleep(max(0.0, 1 / rate - took_s))
