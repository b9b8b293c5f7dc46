"""How Alembic reaches the database: the connection it is given, or the one the settings name."""

import asyncio

from alembic import context
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

import server.store.tables  # noqa: F401 - fills the metadata
from server.settings import read_settings
from server.store.engines import migration_engine


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_async(engine) -> None:  # type: ignore[no-untyped-def]
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
