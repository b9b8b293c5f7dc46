"""PostgreSQL through asyncpg: the same verbs, each in a transaction of its own."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from server.clock import Clock
from server.errors import Unavailable
from server.store.engines import postgres_engine
from server.store.sealing import Sealer
from server.store.work import Announcement, Work

Result = TypeVar("Result")
_TRIES = 4
_CROSSED = frozenset({"40001", "40P01"})
"""Serialization failure, deadlock: nothing of the unit happened, and trying again helps."""


class PostgresDatabase:
    """Runs verbs on PostgreSQL. Rooms keep their order by the lock on their head row."""

    def __init__(
        self, url: str, sealer: Sealer, clock: Clock, announce: Callable[[list[Announcement]], None]
    ) -> None:
        self._sealer = sealer
        self._clock = clock
        self._announce = announce
        self._engine = postgres_engine(url)

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Durable on return."""
        return await self._run(verb, announce=True)

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """From a snapshot."""
        return await self._run(verb, announce=False)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()

    async def _run(self, verb: Callable[[Work], Result], *, announce: bool) -> Result:
        def in_session(connection: Connection) -> tuple[Result, list[Announcement]]:
            with Session(bind=connection, expire_on_commit=False) as session:
                work = Work(session, self._sealer, self._clock.now())
                result = verb(work)
                session.flush()
                return result, work.announcements

        result, announcements = await self._try(in_session)
        if announce and announcements:
            self._announce(announcements)
        return result

    async def _try(self, in_session: Callable[[Connection], Result]) -> Result:
        """Two units of work that wait for each other: PostgreSQL ends one, and it goes again."""
        for _ in range(_TRIES):
            try:
                async with self._engine.begin() as connection:
                    return await connection.run_sync(in_session)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _CROSSED:
                    break
            except (TimeoutError, OSError):
                break
        raise Unavailable(retry_after_s=2)
