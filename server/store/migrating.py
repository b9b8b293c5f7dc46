"""Bringing the database to the newest shape, from the command line or at start."""

import asyncio
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.settings import Settings
from server.store.engines import migration_engine

NEWEST = "d4f80a6c5e21"
"""The newest revision in migrations/: where a database stands there already, nothing more is read or done."""
_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(settings: Settings, revision: str = "head") -> None:
    """Up to `revision` (or down, where it is older). Safe to run again."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = migration_engine(settings.database_url, settings.sqlite_path)
    if isinstance(engine, Engine):
        with engine.connect() as connection:
            _run(connection, revision)
        engine.dispose()
    else:
        asyncio.run(_run_async(engine, revision))


async def _run_async(engine: AsyncEngine, revision: str) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(_run, revision)
    await engine.dispose()


def _run(connection: Connection, revision: str) -> None:
    if revision == "head" and _stands_at(connection) == NEWEST:
        return
    from alembic import command  # a server that starts again is waited for, and needs it seldom
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    go = command.downgrade if revision == "base" or revision.startswith("-") else command.upgrade
    go(config, revision)
    connection.commit()


def _stands_at(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
