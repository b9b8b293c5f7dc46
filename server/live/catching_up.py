"""Bringing a listener from where it stands to now, in pages, at the pace its line can carry."""

import asyncio
import logging
from collections.abc import Iterator

from server.counting import COUNTS
from server.errors import ServerError, Unavailable
from server.live.connection import Listener
from server.live.hub import Hub
from server.live.pages import Missed, Pages, Store
from server.protocol import frames

log = logging.getLogger(__name__)

_AGAIN_S = 1.0
_SOON_S = 0.05
_PORTION = 20


class CatchUp:
    """One task per listener that is behind; owned here and ended with the listener."""

    def __init__(self) -> None:
        self._pages: Pages | None = None
        self._tasks: dict[Listener, asyncio.Task[None]] = {}
        self.hub = Hub(self.begin)

    def reads_with(self, store: Store) -> None:
        """Where pages come from. Set once, when the database is open: it announces here, and is read here."""
        self._pages = Pages(store)

    def begin(self, listener: Listener) -> None:
        """Catch up in the background, unless that is under way."""
        running = self._tasks.get(listener)
        if listener.ended or (running and not running.done()):
            return
        COUNTS.catch_ups += 1
        task = asyncio.create_task(self._run(listener), name="catch-up")
        self._tasks[listener] = task
        task.add_done_callback(lambda done: self._forget(listener, done))

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, listener: Listener, done: "asyncio.Task[None]") -> None:
        if self._tasks.get(listener) is done:
            del self._tasks[listener]

    async def _run(self, listener: Listener) -> None:
        """Until it has all there is. Whoever cannot be brought up to date is told, never left in silence."""
        while not listener.ended and not self.hub.reached(listener):
            try:
                await self._page(listener)
            except Unavailable:
                await asyncio.sleep(_AGAIN_S)
            except ServerError:
                self.hub.end_listener(listener, "left")
            except Exception as error:
                log.error("catch-up failed: %s", type(error).__name__)
                self.hub.end(listener.connection, frames.Close.RESTART)

    async def _page(self, listener: Listener) -> None:
        assert self._pages is not None  # noqa: S101 - set before the first socket opens
        connection = listener.connection
        await connection.outbox.drained()
        taken_away = self.hub.taken_away(listener.room)
        page = await self._pages.after(connection.actor, listener.room, listener.seq, taken_away)
        for some in _portions(page):
            if connection.outbox.is_half_full:
                await connection.outbox.drained()
            # Words hidden since the page was read must not leave with it: it is read anew.
            if listener.ended or self.hub.taken_away(listener.room) != taken_away:
                return
            connection.offer_all(
                [missed.frame for missed in some if listener.may_receive(missed.kind)]
            )
            listener.seq = some[-1].seq
        if page:
            self.hub.saw_head(listener.room, listener.seq)
        elif not self.hub.reached(listener):
            await asyncio.sleep(_SOON_S)


def _portions(page: list[Missed]) -> Iterator[list[Missed]]:
    """A few at a time in one write: the long ones of a page must not fill a line at once."""
    for start in range(0, len(page), _PORTION):
        yield page[start : start + _PORTION]
