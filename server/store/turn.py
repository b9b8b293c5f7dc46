"""Whose turn it is: of all workers on one database, one at a time does what happens by itself.

A lock of PostgreSQL (14 or newer) that goes with its connection, however that ends. Where only one process serves, it
is always its turn.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import asyncpg

from server.store.engines import ENDS_WHEN_CUT_OFF

log = logging.getLogger(__name__)

_LOCK: Final = 4_811_970_332
_LOOK_EVERY_S = 1.0
_PATIENCE_S = 3.0
_SILENT_MS: Final = "10000"
"""Who does not ask for so long stands still: its machine still answers for it, but the turn is another's."""

Loops = Callable[[], Sequence[Coroutine[Any, Any, None]]]


class Turn:
    """Runs `loops` while it is our turn: started anew each time, ended when it is over."""

    def __init__(self, url: str, loops: Loops) -> None:
        self._url = url
        self._loops = loops
        self._tasks: list[asyncio.Task[None]] = []

    async def keep(self) -> None:
        """Until cancelled."""
        try:
            if not self._url:
                self._begin()
                await asyncio.Event().wait()
            while True:
                try:
                    await self._take_part()
                except Exception as error:
                    # A loop in the background: whatever the driver says of a lost line, it goes on.
                    log.warning("no turn can be had: %s", type(error).__name__)
                await self._end()
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            await self._end()

    async def _take_part(self) -> None:
        """On one connection, until it breaks. Whoever holds the lock asks whether it still does."""
        connection = await asyncpg.connect(
            self._url,
            timeout=_PATIENCE_S,
            command_timeout=_PATIENCE_S,
            server_settings=ENDS_WHEN_CUT_OFF | {"idle_session_timeout": _SILENT_MS},
        )
        try:
            while True:
                if self._tasks:
                    await connection.execute("SELECT 1")
                elif await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                    self._begin()
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            await self._end()
            connection.terminate()

    def _begin(self) -> None:
        self._tasks = [asyncio.create_task(loop) for loop in self._loops()]

    async def _end(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
