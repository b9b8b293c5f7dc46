"""Bringing the database to the newest shape, from the command line or at start."""

import asyncio
import logging
import random
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from server.errors import NotNow
from server.settings import Settings
from server.store.engines import migration_engine

NEWEST = "c81f3ad0962e"
"""The newest revision in migrations/: where a database stands there already, nothing more is read or done."""
MOVING = "hearth_moving"
"""The schema of PostgreSQL in which a community arrives, until all of it is there."""
_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_LOCK: Final = 5_280_417_061
"""Of PostgreSQL's advisory locks: one program migrates at a time, and the next finds it done."""
_PATIENCE_MS: Final = 1_000
"""Whoever waits to change a table makes all wait who only want to use it."""
_IN_THE_WAY: Final = frozenset({"40P01", "55P03"})
"""Deadlock, no lock in time: nothing of this migration happened, and it goes again."""
_TRIES: Final = 60
_AGAIN_S: Final = (0.2, 1.0)

log = logging.getLogger(__name__)


def migrate(settings: Settings, revision: str = "head", schema: str | None = None) -> None:
    """Up to `revision` (or down, where it is older). Safe to run again.

    A database that newer code has brought further stays as it is: it fits (decision 55).

    schema: of PostgreSQL; None: where its tables usually are. Raises NotNow while a move into it is unfinished, and
    where a newer one is to go to some other revision.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = migration_engine(settings.database_url, settings.sqlite_path, schema)
    if isinstance(engine, Engine):
        with engine.connect() as connection:
            _run(connection, revision)
        engine.dispose()
    else:
        asyncio.run(_run_async(engine, revision))


async def _run_async(engine: AsyncEngine, revision: str) -> None:
    """Between those who use the tables: what cannot be had soon is let go of, and tried again."""
    async with engine.connect() as connection:
        for left in reversed(range(_TRIES)):
            try:
                await connection.run_sync(_run, revision)
                break
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in _IN_THE_WAY or not left:
                    raise
                await connection.rollback()
                log.info("a table is in use: the migration goes again")
                await asyncio.sleep(random.uniform(*_AGAIN_S))  # noqa: S311 - spreads, guards nothing
    await engine.dispose()


def _take_turn(connection: Connection) -> None:
    """Until this connection ends."""
    connection.execute(text(f"SET lock_timeout = {_PATIENCE_MS}"))
    connection.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    connection.commit()


def _run(connection: Connection, revision: str) -> None:
    if revision == "head" and stands_at(connection) == NEWEST:
        return
    if connection.dialect.name == "postgresql":
        _take_turn(connection)
    at = stands_at(connection)
    if at is None and inspect(connection).default_schema_name != MOVING:
        _check_no_move(connection)
    if at is not None and not is_known(at):
        _leave_as_it_is(at, revision)
        return
    from alembic import command  # a server that starts again is waited for, and needs it seldom
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql" and not revision.startswith("-"):
        # What was only read; each migration is a transaction of its own. Steps back are one: they go again as a whole.
        connection.commit()
    go = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    go(config, revision)
    _check_keys(connection)
    connection.commit()


def is_known(revision: str) -> bool:
    """Whether this version of Hearth can make that shape, and go on from it."""
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}
    return revision in known


def _leave_as_it_is(at: str, revision: str) -> None:
    """Newer code made it. What is older goes on beside that, and comes back after it."""
    if revision != "head":
        raise NotNow(
            f"The database is newer than this version of Hearth ({at}): go back with the newer one."
        )
    log.warning("the database is newer than this version of Hearth (%s): it stays as it is", at)


def _check_keys(connection: Connection) -> None:
    """That SQLite did not hold foreign keys meanwhile has broken none."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        assert broken is None, broken[0]  # noqa: S101 - a migration of ours is wrong: nothing is committed


def _check_no_move(connection: Connection) -> None:
    """A new community must not be founded where an old one is about to arrive."""
    if connection.dialect.name == "postgresql" and inspect(connection).has_schema(MOVING):
        raise NotNow("A move into this database is not finished: run the same `hearth move` again.")


def stands_at(connection: Connection) -> str | None:
    """Its revision; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
