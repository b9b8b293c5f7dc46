"""How Alembic reaches the database: the connection it is given, or the one the settings name."""

import asyncio
from typing import Literal

from alembic import context
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import server.store.tables  # noqa: F401 - fills the metadata
from server.settings import read_settings
from server.store.engines import migration_engine
from server.store.tables.base import Utc


def plain(kind: str, value: object, _context: object) -> str | Literal[False]:
    """Migrations name plain types: they must run long after our own have changed."""
    if kind == "type" and isinstance(value, Utc):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=plain,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    settings = read_settings()
    engine = migration_engine(settings.database_url, settings.sqlite_path)
    if isinstance(engine, Engine):
        with engine.connect() as connection:
            run(connection)
            connection.commit()
    else:
        asyncio.run(run_async(engine))
