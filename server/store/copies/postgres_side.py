"""PostgreSQL as a side of a copy: COPY writes and reads the lines itself."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from server.errors import Unavailable
from server.store.copies.lines import EVERYTHING, Key, Kind, Shape, Span, Take, find_shapes
from server.store.engines import on_postgres

Result = TypeVar("Result")


@asynccontextmanager
async def postgres_side(url: str, schema: str | None = None) -> AsyncIterator["PostgresSide"]:
    """One connection, without a transaction. schema: where its tables are; None: where they usually are.

    Raises Unavailable when the server cannot be reached.
    """
    engine = create_async_engine(
        **on_postgres(
            url,
            server_settings={"timezone": "UTC"} | ({"search_path": schema} if schema else {}),
        ),
        hide_parameters=True,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    try:
        connection = await engine.connect()
    except OSError:
        raise Unavailable("The PostgreSQL server cannot be reached.") from None
    try:
        raw = await connection.get_raw_connection()
        yield PostgresSide(connection, raw.driver_connection)
    finally:
        await connection.close()
        await engine.dispose()


@asynccontextmanager
async def read_postgres(url: str) -> AsyncIterator["PostgresSide"]:
    """One snapshot for all that is read; nobody is held up by it."""
    async with (
        postgres_side(url) as side,
        side.driver.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield side


class PostgresSide:
    """driver: the asyncpg connection; what it does stands in the same transaction."""

    engine = "postgresql"

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self._connection = connection
        self.driver = driver

    async def shapes(self) -> list[Shape]:
        """Every table, by name."""
        return await self.run(find_shapes)

    async def run(self, look: Callable[[Connection], Result]) -> Result:
        """Something that SQLAlchemy asks."""
        return await self._connection.run_sync(look)

    async def count(self, shape: Shape) -> int:
        """Rows in it."""
        found = await self.driver.fetchval(f"SELECT count(*) FROM {_name(shape.table)}")  # noqa: S608
        return int(found)

    async def read(self, shape: Shape, take: Take, span: Span = EVERYTHING) -> None:
        """Hand the lines over, a block at a time, in the order of their key."""
        fields = (
            _FIELDS[kind](_name(name))
            for name, kind in zip(shape.columns, shape.kinds, strict=True)
        )
        where, values = _where(shape, span)
        query = (
            f"SELECT {', '.join(fields)} FROM {_name(shape.table)}{where}"  # noqa: S608
            f" ORDER BY {', '.join(_ordered(shape))}"
        )
        if span.most is not None:
            query += f" LIMIT {span.most:d}"

        async def hand_over(block: bytes) -> None:
            take(block)

        await self.driver.copy_from_query(query, *values, output=hand_over)

    async def add(self, shape: Shape, blocks: AsyncIterable[bytes]) -> None:
        """Write the rows that these lines say."""
        await self.driver.copy_to_table(shape.table, source=blocks, columns=[*shape.columns])

    async def remove(self, shape: Shape, span: Span) -> None:
        """Take the rows of a part out."""
        where, values = _where(shape, span)
        await self.driver.execute(f"DELETE FROM {_name(shape.table)}{where}", *values)  # noqa: S608

    async def clear(self, shape: Shape) -> None:
        """Take every row out: a migration may have put some in."""
        await self.driver.execute(f"DELETE FROM {_name(shape.table)}")  # noqa: S608

    async def schema(self) -> str:
        """Where its tables are."""
        return str(await self.driver.fetchval("SELECT current_schema()"))

    async def has(self, table: str) -> bool:
        """Whether there is such a table."""
        return await self.driver.fetchval("SELECT to_regclass($1)", _name(table)) is not None


def _where(shape: Shape, span: Span) -> tuple[str, list[str]]:
    terms: list[str] = []
    values: list[str] = []
    key = f"({', '.join(_ordered(shape))})"
    for sign, end in ((">", span.after), ("<=", span.upto)):
        if end is not None:
            terms.append(f"{key} {sign} ({', '.join(_given(shape, len(values)))})")
            values += end
    return (f" WHERE {' AND '.join(terms)}" if terms else ""), values


def _given(shape: Shape, before: int) -> list[str]:
    """The parameters for one key. before: how many stand before them."""
    kinds = dict(zip(shape.columns, shape.kinds, strict=True))
    return [
        f"${before + number}::text{_CASTS.get(kinds[name], '')}"
        for number, name in enumerate(shape.key, start=1)
    ]


def _ordered(shape: Shape) -> list[str]:
    """The key, compared byte by byte, as SQLite does."""
    kinds = dict(zip(shape.columns, shape.kinds, strict=True))
    return [_name(name) + (' COLLATE "C"' if kinds[name] == "text" else "") for name in shape.key]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _itself(column: str) -> str:
    return column


_CASTS: dict[Kind, str] = {
    "id": "::uuid",
    "whole": "::bigint",
    "time": "::timestamptz",
    "day": "::date",
}
_FIELDS: dict[Kind, Callable[[str], str]] = {
    "id": lambda column: f"replace({column}::text, '-', '')",
    "time": lambda column: f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    "yes": lambda column: f"{column}::int",
    "whole": _itself,
    "number": _itself,
    "bytes": _itself,
    "text": _itself,
    "day": _itself,
}

__all__ = ["Key", "PostgresSide", "postgres_side", "read_postgres"]
