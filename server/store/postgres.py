"""PostgreSQL through asyncpg: the same verbs, each in a transaction of its own."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
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
        # The same pool. At the usual level, each query of a verb would see a moment of its own.
        self._snapshots = self._engine.execution_options(isolation_level="REPEATABLE READ")

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Durable on return."""
        result, announcements = await self._run(verb, self._engine)
        if announcements:
            self._announce(announcements)
        return result

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """From a snapshot: every query sees the same moment."""
        result, _ = await self._run(verb, self._snapshots)
        return result

    async def close(self) -> None:
        """Let go of the connections."""
        await self._engine.dispose()

    async def _run(
        self, verb: Callable[[Work], Result], engine: AsyncEngine
    ) -> tuple[Result, list[Announcement]]:
        def in_session(connection: Connection) -> tuple[Result, list[Announcement]]:
            with Session(bind=connection, expire_on_commit=False) as session:
                work = Work(session, self._sealer, self._clock.now())
                result = verb(work)
                session.flush()
                return result, work.announcements

        return await self._try(engine, in_session)

    async def _try(self, engine: AsyncEngine, in_session: Callable[[Connection], Result]) -> Result:
        """Two units of work that wait for each other: PostgreSQL ends one, and it goes again."""
        for _ in range(_TRIES):
            try:
                async with engine.begin() as connection:
                    return await connection.run_sync(in_session)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _CROSSED:
                    break
            except (TimeoutError, OSError):
                break
        raise Unavailable(retry_after_s=2)
