"""A new database that takes shape beside the old one, and takes its place in one step or not at all."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlmodel import Session

from server.clock import SystemClock
from server.errors import Misconfigured, NotNow
from server.settings import Settings
from server.store.copies.lines import VERSIONS
from server.store.copies.postgres_side import PostgresSide, postgres_side
from server.store.copies.sqlite_side import SqliteSide, write_sqlite
from server.store.durable import make_durable
from server.store.engines import migration_engine
from server.store.keys import KeyFile, KeyStore
from server.store.migrating import migrate
from server.store.sealing import Sealer
from server.store.work import Work

Result = TypeVar("Result")
RESTORING = "hearth_restoring"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1"


class Staging(Protocol):
    """Where a backup is put back. Nothing of what is there already is touched before `swap`."""

    async def is_free(self) -> bool:
        """Whether there is no community yet. Raises NotNow when somebody is connected to it."""
        ...

    async def begin(self, revision: str) -> None:
        """An empty database of that shape; what an interrupted try left is thrown away."""
        ...

    def side(self) -> Any:
        """A context: the new database, to be written into as fast as can be."""
        ...

    async def settle(self) -> None:
        """Every reference holds, and it has the newest shape."""
        ...

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """A verb on the new database."""
        ...

    async def swap(self, stamp: str) -> str | None:
        """It stands in its place, durable. Returns where the old one was set aside, if there was one."""
        ...


def staging(settings: Settings) -> Staging:
    """For the database that the settings name."""
    if settings.database_url.startswith("postgres"):
        return PostgresStaging(settings, RESTORING)
    return SqliteStaging(settings)


class SqliteStaging:
    """In a folder of its own, so that it has its own journal."""

    def __init__(self, settings: Settings) -> None:
        self._place = settings.sqlite_path
        self._folder = settings.data_dir / "restoring"
        self._settings = _elsewhere(settings, self._folder)

    async def is_free(self) -> bool:
        """Whether there is no community yet."""
        return not self._place.exists()

    async def begin(self, revision: str) -> None:
        """An empty database of that shape."""
        shutil.rmtree(self._folder, ignore_errors=True)
        await asyncio.to_thread(migrate, self._settings, revision)

    @asynccontextmanager
    async def side(self) -> AsyncIterator[SqliteSide]:
        """The new database."""
        with write_sqlite(self._settings.sqlite_path) as side:
            for shape in await side.shapes():
                side.clear(shape)
            yield side

    async def settle(self) -> None:
        """Every reference holds, and it has the newest shape."""
        with closing(sqlite3.connect(self._settings.sqlite_path)) as database:
            lost = database.execute("PRAGMA foreign_key_check").fetchone()
        if lost:
            raise Misconfigured(f"What a row of {lost[0]} refers to is not in this backup.")
        await asyncio.to_thread(migrate, self._settings)

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """A verb on the new database."""
        return await run_verb(self._settings, None, verb)

    async def swap(self, stamp: str) -> str | None:
        """The old file stays under another name, and the new one takes its place in one step."""
        new, aside = self._settings.sqlite_path, None
        _sync(new)
        if self._place.exists():
            aside = self._place.with_name(f"{self._place.name}.until-{stamp}")
            _set_aside(self._place, aside)
        new.replace(self._place)
        make_durable(self._place.parent)
        shutil.rmtree(self._folder)
        return str(aside) if aside else None


class PostgresStaging:
    """In a schema of its own; tables change their schema together, in one transaction."""

    def __init__(self, settings: Settings, schema: str) -> None:
        self._settings, self.schema = settings, schema
        self.references: list[tuple[str, str, str]] = []

    async def is_free(self) -> bool:
        """Whether there is no community yet. Raises NotNow when somebody is connected to it."""
        async with postgres_side(self._settings.database_url) as here:
            if await here.driver.fetchval(_OTHERS):
                raise NotNow(
                    "Somebody is connected to that database: stop Hearth on every machine first."
                )
            return not await here.has("place")

    async def begin(self, revision: str) -> None:
        """An empty database of that shape, without foreign keys until it is full."""
        async with postgres_side(self._settings.database_url) as here:
            await here.driver.execute(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
            await here.driver.execute(f"CREATE SCHEMA {self.schema}")
        await asyncio.to_thread(migrate, self._settings, revision, self.schema)
        async with self.side() as side:
            self.references = await take_references_away(side)
            for shape in await side.shapes():
                await side.clear(shape)

    @asynccontextmanager
    async def side(self) -> AsyncIterator[PostgresSide]:
        """The new database."""
        async with postgres_side(self._settings.database_url, self.schema) as side:
            yield side

    async def settle(self) -> None:
        """Every reference holds, and it has the newest shape."""
        async with self.side() as side:
            for table, name, definition in self.references:
                await side.driver.execute(
                    f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}'
                )
            await set_counters(side)
        await asyncio.to_thread(migrate, self._settings, "head", self.schema)

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """A verb on the new database."""
        return await run_verb(self._settings, self.schema, verb)

    async def swap(self, stamp: str) -> str | None:
        """Old tables go to a schema of their own, new ones take their place, all in one transaction."""
        aside = f"hearth_until_{stamp.lower()}"
        async with postgres_side(self._settings.database_url) as here:
            schema = await here.schema()
            old, new = await tables_in(here, schema), await tables_in(here, self.schema)
            replaced = [table for table in old if table in {*new, VERSIONS}]
            async with here.driver.transaction():
                if replaced:
                    await here.driver.execute(f"CREATE SCHEMA {aside}")
                    await change_schema(here, replaced, schema, aside)
                await change_schema(here, new, self.schema, schema)
                await here.driver.execute(f"DROP SCHEMA {self.schema} CASCADE")
        return f"schema {aside}" if replaced else None


async def take_references_away(side: PostgresSide) -> list[tuple[str, str, str]]:
    """Foreign keys: their tables, names and definitions. Tables can then be filled in any order."""
    found = [tuple(row) for row in await side.driver.fetch(_REFERENCES)]
    for table, name, _ in found:
        await side.driver.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    return found


async def set_counters(side: PostgresSide) -> None:
    """Numbers that PostgreSQL gives go on after those that were brought."""
    for table, column, sequence in await side.driver.fetch(_COUNTERS):
        await side.driver.execute(
            f'SELECT setval(\'{sequence}\', coalesce(max("{column}"), 0) + 1, false) FROM "{table}"'  # noqa: S608
        )


async def tables_in(side: PostgresSide, schema: str) -> list[str]:
    """By name."""
    return [row[0] for row in await side.driver.fetch(_TABLES, schema)]


async def change_schema(side: PostgresSide, tables: list[str], old: str, new: str) -> None:
    """With all that belongs to them: indexes, constraints, counters."""
    for table in tables:
        await side.driver.execute(f'ALTER TABLE "{old}"."{table}" SET SCHEMA "{new}"')


async def run_verb(
    settings: Settings, schema: str | None, verb: Callable[[Work], Result]
) -> Result:
    """In a transaction of its own, on a database that nobody serves."""
    key_file = KeyFile.read(settings.key_path)
    keys = KeyStore(settings.keys_at, key_file)

    def in_work(connection: Connection) -> Result:
        work = Work(connection, Sealer(key_file, keys), SystemClock().now(), _session)
        with closing(work):
            result = verb(work)
            work.commit()
        return result

    engine = migration_engine(settings.database_url, settings.sqlite_path, schema)
    try:
        if isinstance(engine, Engine):
            with engine.begin() as connection:
                return in_work(connection)
        async with engine.begin() as waiting:
            return await waiting.run_sync(in_work)
    finally:
        keys.close()
        if isinstance(engine, Engine):
            engine.dispose()
        else:
            await engine.dispose()


def _elsewhere(settings: Settings, folder: Path) -> Settings:
    """The same place with its embedded database in another folder."""
    return settings.model_copy(
        update={
            "data_dir": folder,
            "database_url": "",
            "key_file": settings.key_path,
            "keys_database": str(settings.keys_at),
        }
    )


def _session(connection: Connection) -> Session:
    return Session(bind=connection, expire_on_commit=False)


def _set_aside(place: Path, aside: Path) -> None:
    """By a second name for the same file: the first one is there until it is replaced."""
    with suppress(
        sqlite3.DatabaseError
    ):  # it may be broken: perhaps that is why a backup is put back
        _into_one_file(place)
    os.link(place, aside)
    for end in ("-wal", "-shm"):
        left = place.with_name(place.name + end)
        if left.exists():
            left.rename(aside.with_name(aside.name + end))
    make_durable(place.parent)


def _into_one_file(path: Path) -> None:
    """What stands in its journal, too."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _sync(path: Path) -> None:
    _into_one_file(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())


_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
"""
_REFERENCES = """
SELECT relname, conname, pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
_COUNTERS = """
SELECT t.relname, a.attname, pg_get_serial_sequence(quote_ident(t.relname), a.attname)
FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
  AND pg_get_serial_sequence(quote_ident(t.relname), a.attname) IS NOT NULL
"""
