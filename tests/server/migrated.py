"""Questions to a database as the migrations left it."""

from collections.abc import Callable
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from server.settings import Settings
from server.store.engines import migration_engine


async def look(settings: Settings, question: Callable[[Connection], Any]) -> Any:
    """Ask something of a connection to it."""
    engine = migration_engine(settings.database_url, settings.sqlite_path)
    if isinstance(engine, Engine):
        with engine.connect() as connection:
            return question(connection)
    async with engine.connect() as connection:
        return await connection.run_sync(question)


def differences(connection: Connection) -> list[Any]:
    """Where it is not as the tables are described; empty where it is."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found = compare_metadata(context, SQLModel.metadata)
    return [one for one in found if "alembic_version" not in str(one)]
