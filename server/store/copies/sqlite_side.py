"""The embedded database as a side of a copy."""

import sqlite3
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from server.errors import Unavailable
from server.store.copies.lines import (
    EVERYTHING,
    Key,
    Kind,
    Shape,
    Span,
    Take,
    escape,
    find_shapes,
    plain,
)

Result = TypeVar("Result")

_PAGE = 2_000
_BUSY_S = 30.0
_FAST = (
    "journal_mode=DELETE", "journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-131072",
)  # fmt: skip
_NOTHING = r"'\N'"


@contextmanager
def look_at_sqlite(path: Path) -> Iterator["SqliteSide"]:
    """Each thing that is read stands as it is at that moment."""
    with _open(path) as side:
        side.database.execute("PRAGMA query_only=ON")
        yield side


@contextmanager
def read_sqlite(path: Path) -> Iterator["SqliteSide"]:
    """A snapshot. In WAL mode it holds nobody up who writes meanwhile.

    Not SQLite's backup API: it begins anew whenever another process writes, and a busy server always does.
    """
    with look_at_sqlite(path) as side:
        side.database.execute("BEGIN")
        side.database.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes the snapshot
        yield side


@contextmanager
def hold_sqlite(path: Path) -> Iterator["SqliteSide"]:
    """With the one write lock: who wants to write meanwhile is refused, and asked to come back.

    Raises Unavailable when another holds it for long.
    """
    with _open(path) as side:
        try:
            side.database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise Unavailable("Another process holds the database: try again.") from None
        yield side


@contextmanager
def write_sqlite(path: Path) -> Iterator["SqliteSide"]:
    """A new file that nobody else knows of: fast, and worth nothing until it is made durable."""
    with _open(path) as side:
        for pragma in _FAST:
            side.database.execute(f"PRAGMA {pragma}").fetchall()
        yield side


class SqliteSide:
    """One connection, in whatever transaction it was opened with."""

    engine = "sqlite"

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path, self.database = path, database
        database.create_function("line_text", 1, escape, deterministic=True)
        database.create_function("line_number", 1, _number, deterministic=True)

    async def shapes(self) -> list[Shape]:
        """Every table, by name."""
        return await self.run(find_shapes)

    async def run(self, look: Callable[[Connection], Result]) -> Result:
        """Something that SQLAlchemy asks, on a connection of its own: it would end our transaction."""
        with create_engine(f"sqlite:///{self.path}", poolclass=NullPool).connect() as connection:
            return look(connection)

    async def count(self, shape: Shape) -> int:
        """Rows in it."""
        found = self.database.execute(f"SELECT count(*) FROM {_name(shape.table)}")  # noqa: S608
        return int(found.fetchone()[0])

    async def read(self, shape: Shape, take: Take, span: Span = EVERYTHING) -> None:
        """Hand the lines over, a block at a time, in the order of their key."""
        fields = (
            _FIELDS[kind](_name(name))
            for name, kind in zip(shape.columns, shape.kinds, strict=True)
        )
        key = ", ".join(map(_name, shape.key))
        where, values = _where(shape, span)
        line = " || char(9) || ".join(fields)
        found = self.database.execute(
            f"SELECT {line} FROM {_name(shape.table)}{where} ORDER BY {key} LIMIT ?",  # noqa: S608
            [*values, -1 if span.most is None else span.most],
        )
        while rows := found.fetchmany(_PAGE):
            take(("\n".join([row[0] for row in rows]) + "\n").encode())

    async def add(self, shape: Shape, blocks: AsyncIterable[bytes]) -> None:
        """Write the rows that these lines say. A block holds whole lines."""
        names = ", ".join(map(_name, shape.columns))
        marks = ", ".join("?" * len(shape.columns))
        insert = f"INSERT INTO {_name(shape.table)} ({names}) VALUES ({marks})"  # noqa: S608
        readers = [_READERS.get(kind, _text) for kind in shape.kinds]
        self.database.execute("BEGIN")
        async for block in blocks:
            lines = block.removesuffix(b"\n").split(b"\n")
            self.database.executemany(insert, (_row(line, readers) for line in lines))
        self.database.execute("COMMIT")

    def clear(self, shape: Shape) -> None:
        """Take every row out: a migration may have put some in."""
        self.database.execute(f"DELETE FROM {_name(shape.table)}")  # noqa: S608


@contextmanager
def _open(path: Path) -> Iterator[SqliteSide]:
    with closing(
        sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    ) as database:
        yield SqliteSide(path, database)


def _where(shape: Shape, span: Span) -> tuple[str, list[str | int]]:
    terms, values = [], []
    key = f"({', '.join(map(_name, shape.key))})"
    for sign, end in ((">", span.after), ("<=", span.upto)):
        if end is not None:
            terms.append(f"{key} {sign} ({', '.join('?' * len(end))})")
            values += _typed(shape, end)
    return (f" WHERE {' AND '.join(terms)}" if terms else ""), values


def _typed(shape: Shape, key: Key) -> list[str | int]:
    """SQLite compares a number with a text by their kinds, not by what they say."""
    kinds = dict(zip(shape.columns, shape.kinds, strict=True))
    return [
        int(value) if kinds[name] in {"whole", "yes"} else value
        for name, value in zip(shape.key, key, strict=True)
    ]


def _row(line: bytes, readers: list[Callable[[bytes], Any]]) -> list[Any]:
    return [
        None if value == rb"\N" else read(value)
        for read, value in zip(readers, line.split(b"\t"), strict=True)
    ]


def _text(value: bytes) -> str:
    return plain(value).decode()


def _bytes(value: bytes) -> bytes:
    return bytes.fromhex(value[3:].decode())


def _number(value: float | None) -> str | None:
    """As PostgreSQL says it."""
    return None if value is None else repr(float(value)).removesuffix(".0")


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plainly(column: str) -> str:
    return f"coalesce({column}, {_NOTHING})"


_FIELDS: dict[Kind, Callable[[str], str]] = {
    "id": _plainly,
    "time": _plainly,
    "yes": _plainly,
    "whole": _plainly,
    "number": lambda column: f"coalesce(line_number({column}), {_NOTHING})",
    "text": lambda column: f"coalesce(line_text({column}), {_NOTHING})",
    "day": _plainly,
    "bytes": lambda column: (
        f"CASE WHEN {column} IS NULL THEN {_NOTHING} ELSE '\\\\x' || lower(hex({column})) END"
    ),
}
_READERS: dict[Kind, Callable[[bytes], Any]] = {
    "bytes": _bytes,
    "yes": int,
    "whole": int,
    "number": float,
}
