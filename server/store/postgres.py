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

        try:
            async with self._engine.begin() as connection:
                result, announcements = await connection.run_sync(in_session)
        except (DBAPIError, TimeoutError, OSError):
            raise Unavailable(retry_after_s=2) from None
        if announce and announcements:
            self._announce(announcements)
        return result
