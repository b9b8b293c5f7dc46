"""How each database is opened."""

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool

_BUSY_S = 5.0
_STATEMENT_TIMEOUT_MS = "5000"
_IDLE_MS = "8000"
"""A machine that stood still or was cut off in the middle of a transaction must not hold a room for longer."""
_CONNECT_S = 3.0
_COMMAND_S = 6.0
"""A server that does not even say that it gave up, e.g. because its machine stands still."""
ENDS_WHEN_CUT_OFF: Final = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""For PostgreSQL: what a machine held that is cut off, its locks too, is free after some ten seconds, not hours."""


def sqlite_engine(
    path: Path, *, writes: bool, connections: int = 1, holds_keys: bool = True
) -> Engine:
    """WAL with synchronous=FULL: NORMAL lost 27 % of acknowledged messages in simulated power cuts.

    writes: transactions take the write lock when they begin, so that none fails half-way; else none can write.
    holds_keys: whether each statement must leave every foreign key whole.
    """
    engine = create_engine(
        f"sqlite:///{path}",
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"check_same_thread": False, "timeout": _BUSY_S},
    )
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"foreign_keys={'ON' if holds_keys else 'OFF'}",
            "secure_delete=ON",
            "wal_autocheckpoint=4000",  # pages: the same few are written again and again, and copied once
            "temp_store=MEMORY",  # a savepoint's journal must not need a file when none can be opened
            f"query_only={'OFF' if writes else 'ON'}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def postgres_engine(url: str, *, connections: int = 8) -> AsyncEngine:
    """Commits wait for the disk; a statement that hangs gives up. Who finds no connection free waits, then is refused.

    connections: at most so many. A worker uses one core: more of them would only take others' share of what
    PostgreSQL has.
    """
    return create_async_engine(
        **on_postgres(
            url,
            timeout=_CONNECT_S,
            command_timeout=_COMMAND_S,
            server_settings={
                "synchronous_commit": "on",
                "statement_timeout": _STATEMENT_TIMEOUT_MS,
                "idle_in_transaction_session_timeout": _IDLE_MS,
            }
            | ENDS_WHEN_CUT_OFF,
        ),
        hide_parameters=True,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=3,
    )


def migration_engine(
    url: str, sqlite_path: Path, schema: str | None = None
) -> Engine | AsyncEngine:
    """One connection, held as briefly as possible. schema: of PostgreSQL; None: where tables usually are.

    A table that SQLite cannot alter is made anew, and meanwhile what refers to it refers to nothing.
    """
    if url.startswith("postgres"):
        where = {"server_settings": {"search_path": schema}} if schema else {}
        return create_async_engine(
            **on_postgres(url, **where), hide_parameters=True, poolclass=NullPool
        )
    return sqlite_engine(sqlite_path, writes=True, holds_keys=False)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def on_postgres(url: str, **how: Any) -> dict[str, Any]:
    """How an engine connects: the driver reads the address by libpq's rules (hosts, `sslmode`), not SQLAlchemy.

    how: for asyncpg.connect. An engine's own connect_args would be left out.
    """
    return {"url": "postgresql+asyncpg://", "async_creator": partial(asyncpg.connect, url, **how)}
