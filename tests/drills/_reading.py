"""Somebody who reads while nothing can be written."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlmodel import col, update

from server.client import Client, ClientError, Http
from server.ids import digest
from server.replay.command import sign_up_all
from server.replay.staging import Stage, new_tag
from server.store.tables import Session
from server.store.work import Work
from tests.server.live_server import LiveServer

_EVERY_S = 0.2
_JOIN_S = 5.0
_AWAY = timedelta(hours=1)


class Reader:
    """Two members: one was here just now, one comes back after an hour. Over HTTP, and over a new socket."""

    def __init__(self, server: LiveServer, room: UUID, tokens: list[str]) -> None:
        self._server = server
        self._room = room
        self._tokens = tokens
        self.counts: Counter[str] = Counter()

    @classmethod
    async def sign_up(cls, server: LiveServer, stage: Stage) -> "Reader":
        """Two new members, seated in a room."""
        tokens = await sign_up_all(server.url, new_tag(), 2)
        for token in tokens:
            await Http(server.url, token).take_seat(stage.rooms[0])
        return cls(server, stage.rooms[0], tokens)

    @property
    def failed(self) -> int:
        """Readings that did not work."""
        return (
            self.counts["present_failed"]
            + self.counts["returning_failed"]
            + self.counts["join_failed"]
        )

    async def go_away(self) -> None:
        """The second was last seen an hour ago."""
        await self._server.on_database(partial(_age, token=self._tokens[1]))

    async def read(self) -> None:
        """Until cancelled."""
        present, returning = (Http(self._server.url, token) for token in self._tokens)
        path = f"/api/rooms/{self._room}/messages"
        while True:
            await self._count("returning", returning.call("GET", path))
            await self._count("present", present.call("GET", path))
            await self._count("join", self._join())
            await asyncio.sleep(_EVERY_S)

    async def _join(self) -> None:
        async with asyncio.timeout(_JOIN_S), Client(self._server.url, self._tokens[0]) as client:
            await client.join(self._room, after=0)

    async def _count(self, name: str, reading: Awaitable[Any]) -> None:
        try:
            await reading
            self.counts[name] += 1
        except (ClientError, TimeoutError) as error:
            if not self.counts[f"{name}_failed"]:
                print(f"reading failed ({name}): {error!r}", flush=True)
            self.counts[f"{name}_failed"] += 1


def _age(work: Work, token: str) -> None:
    mine = col(Session.token_digest) == digest(token)
    work.session.exec(update(Session).where(mine).values(last_seen_at=work.now - _AWAY))
