"""Bringing a listener from where it stands to now, in pages, at the pace its line can carry."""

import asyncio
from collections.abc import Awaitable
from typing import Protocol
from uuid import UUID

from server.access import Actor
from server.errors import ServerError
from server.live.connection import Listener
from server.live.encoding import encode
from server.live.hub import Hub
from server.protocol.base import Wire


class PageAfter(Protocol):
    """Reads the next changes of a room after a `seq`, as an actor may see them."""

    def __call__(self, actor: Actor, room: UUID, seq: int) -> Awaitable[list[tuple[int, Wire]]]:
        """Oldest first; empty when there is nothing more."""
        ...


class CatchUp:
    """One task per listener that is behind; owned here and ended with the listener."""

    def __init__(self) -> None:
        self._page_after: PageAfter | None = None
        self._tasks: dict[Listener, asyncio.Task[None]] = {}
        self.hub = Hub(self.begin)

    def reads_with(self, page_after: PageAfter) -> None:
        """Where pages come from. Set once, when the database is open: it announces here, and is read here."""
        self._page_after = page_after

    def begin(self, listener: Listener) -> None:
        """Catch up in the background, unless that is under way."""
        if listener not in self._tasks and not listener.ended:
            task = asyncio.create_task(self._run(listener), name="catch-up")
            self._tasks[listener] = task
            task.add_done_callback(lambda _: self._tasks.pop(listener, None))

    async def close(self) -> None:
        """End what is under way."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _run(self, listener: Listener) -> None:
        try:
            while not listener.ended and not self.hub.reached(listener):
                await self._page(listener)
        except ServerError:
            self.hub.leave(listener)

    async def _page(self, listener: Listener) -> None:
        assert self._page_after is not None  # noqa: S101 - set before the first socket opens
        await listener.connection.outbox.drained()
        page = await self._page_after(listener.connection.actor, listener.room, listener.seq)
        for seq, frame in page:
            if listener.may_receive(frame.type):  # type: ignore[attr-defined]
                listener.connection.outbox.offer(encode(frame))
            listener.seq = seq
        if page:
            self.hub.saw_head(listener.room, listener.seq)
        elif not self.hub.reached(listener):
            await asyncio.sleep(0.05)
