"""Members' wrapped keys in a PostgreSQL database of their own, for servers on several machines."""

import asyncio
import itertools
import re
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from server.errors import Misconfigured, Unavailable
from server.store.erased import ErasedKeys
from server.store.key_shelf import Rows

Result = TypeVar("Result")

_CONNECT_S, _COMMAND_S = 2.0, 2.0
"""The server's loop waits for it: rather refuse."""
_REST_S = 1.0
"""After a failure: whoever comes within it is refused at once."""
_LOOK_EVERY_S = 1.0
_LOCK = 7_464_373
"""Of PostgreSQL, held by whoever writes keys."""
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # said where the other end hung up a moment ago
)


class SharedShelf:
    """A PostgreSQL database of its own, on a connection in a thread of its own.

    Whether something changed is asked there once a second, so that who asks `changes` never waits.
    """

    def __init__(self, url: str, key_file: str) -> None:
        self.erased: ErasedKeys = ErasedThere(self)
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._is_writing = False
        self._refuses_until = 0.0
        self._seen = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="keys", daemon=True)
        self._thread.start()
        self._watch: asyncio.Task[None] | None = None
        try:
            self._wait(self._prepare(key_file))
        except BaseException:
            self.close()
            raise

    def run(self, statement: str, *values: Any) -> Rows:
        """One statement, and what it answers."""
        return self._wait(self._run(statement, values))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing."""
        self.run("BEGIN")
        self._is_writing = True
        try:
            self.run("SELECT pg_advisory_xact_lock(?)", _LOCK)
            yield
            self.run("COMMIT")
        except BaseException:
            self._wait(self._hang_up())
            raise
        finally:
            self._is_writing = False

    def changes(self) -> int:
        """As it was seen last; a second old at most while the database answers."""
        return self._seen

    def mark(self) -> None:
        """Others see it within a second."""
        self.run("UPDATE key_state SET changes = changes + 1")

    def close(self) -> None:
        """Let go of it."""
        self._wait(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, what: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _run(self, statement: str, values: tuple[Any, ...]) -> Rows:
        if self._loop.time() < self._refuses_until:
            raise Unavailable(retry_after_s=2)
        try:
            connection = await self._open()
            return [tuple(row) for row in await connection.fetch(_numbered(statement), *values)]
        except _AWAY:
            self._refuses_until = self._loop.time() + _REST_S
            await self._hang_up()
            raise Unavailable(retry_after_s=2) from None

    async def _open(self) -> asyncpg.Connection:
        """The connection; another one where it broke, but never in the middle of a transaction."""
        if self._connection is None or self._connection.is_closed():
            if self._is_writing:
                raise ConnectionResetError
            self._connection = await asyncpg.connect(
                self._url,
                timeout=_CONNECT_S,
                command_timeout=_COMMAND_S,
                server_settings={"synchronous_commit": "on"},
            )
        return self._connection

    async def _hang_up(self) -> None:
        """What was not committed is undone."""
        if self._connection:
            self._connection.terminate()
            self._connection = None

    async def _prepare(self, key_file: str) -> None:
        try:
            connection = await self._open()
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
                if await connection.fetchval("SELECT to_regclass('message')") is not None:
                    raise Misconfigured(
                        "HEARTH_KEYS_DATABASE: this database holds the words: keys need one of their own."
                    )
                for statement in _SHARED:
                    await connection.execute(statement)
                await connection.execute(
                    "INSERT INTO key_state VALUES (1, 0, $1, NULL, 0) ON CONFLICT DO NOTHING",
                    key_file,
                )
        except _AWAY as error:
            raise Misconfigured(
                f"HEARTH_KEYS_DATABASE: it does not answer ({type(error).__name__})."
            ) from None
        self._watch = asyncio.create_task(self._keep_looking())

    async def _keep_looking(self) -> None:
        """On a connection of its own: the other one may be in the middle of something."""
        while True:
            with suppress(*_AWAY):
                connection = await asyncpg.connect(
                    self._url, timeout=_CONNECT_S, command_timeout=_COMMAND_S
                )
                try:
                    while True:
                        self._seen = await connection.fetchval("SELECT changes FROM key_state")
                        await asyncio.sleep(_LOOK_EVERY_S)
                finally:
                    connection.terminate()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _end(self) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._hang_up()
        await asyncio.sleep(0)  # what was hung up is let go of in the loop's next turn


class ErasedThere:
    """Whose keys were thrown away, in the database that holds the others."""

    def __init__(self, shelf: SharedShelf) -> None:
        self._shelf = shelf

    def add(self, member: UUID, now: datetime) -> None:
        """Durable on return."""
        self._shelf.run(
            "INSERT INTO erased_key VALUES (?, ?) ON CONFLICT DO NOTHING",
            member.bytes, now.isoformat(timespec="seconds"),
        )  # fmt: skip

    def members(self) -> dict[UUID, datetime]:
        """Each with the time of its erasure."""
        return {
            UUID(bytes=member): datetime.fromisoformat(at)
            for member, at in self._shelf.run("SELECT member, at FROM erased_key")
        }


def _numbered(statement: str) -> str:
    numbers = itertools.count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)


_SHARED = (
    """CREATE TABLE IF NOT EXISTS member_key (
    member bytea NOT NULL, version integer NOT NULL, wrapped bytea NOT NULL, key_file text NOT NULL,
    PRIMARY KEY (member, version)
)""",
    """CREATE TABLE IF NOT EXISTS key_state (
    id integer PRIMARY KEY CHECK (id = 1), generation integer NOT NULL, key_file text NOT NULL, changed_at text,
    changes bigint NOT NULL
)""",
    "CREATE TABLE IF NOT EXISTS erased_key (member bytea PRIMARY KEY, at text NOT NULL)",
)
