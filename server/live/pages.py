"""Pages of what was missed: read and encoded once for all who stand at the same place at the same time."""

import asyncio
from collections.abc import Awaitable
from typing import NamedTuple, Protocol
from uuid import UUID

from server.access import Actor


class Missed(NamedTuple):
    """One change that took a `seq`, as it goes out."""

    seq: int
    kind: str
    frame: bytes


_Place = tuple[UUID, int, int]


class Store(Protocol):
    """Where pages are read."""

    def check_seat(self, actor: Actor, room: UUID) -> Awaitable[None]:
        """Raises NotFound unless the actor may listen there now."""
        ...

    def page_after(self, room: UUID, seq: int) -> Awaitable[list[Missed]]:
        """The next changes, oldest first; empty when there is nothing more."""
        ...


class Pages:
    """Whoever asks for a page that is being read already gets that one; nothing is kept."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._being_read: dict[_Place, asyncio.Task[list[Missed]]] = {}

    async def after(self, actor: Actor, room: UUID, seq: int, taken_away: int) -> list[Missed]:
        """Raises NotFound when the seat is gone.

        taken_away: as the hub counts. A page whose reading began before words were taken away is not shared
        with who asks after it.
        """
        place = room, seq, taken_away
        reading = self._being_read.get(place)
        if reading is None:
            reading = asyncio.ensure_future(self._store.page_after(room, seq))
            self._being_read[place] = reading
            reading.add_done_callback(lambda done: self._forget(place, done))
        page = await asyncio.shield(reading)
        # Only now: what was said after somebody's seat had ended must not be in their page.
        await self._store.check_seat(actor, room)
        return page

    def _forget(self, place: _Place, done: "asyncio.Task[list[Missed]]") -> None:
        del self._being_read[place]
        if not done.cancelled():
            done.exception()  # whoever waited has it; all may have left
