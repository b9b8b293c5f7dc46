r"""Tables as lines of text, the same from either database: this is what is kept, copied and compared.

A line is a row as PostgreSQL's COPY has it in its text format: fields between tabs, in the order of
the columns' names; `\N` where there is nothing. Ids are 32 hexadecimal digits, times are UTC with six
digits after the second, yes and no are 1 and 0. Rows come in the order of their key: equal tables
give equal bytes.
"""

import hashlib
import re
from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy import (
    CHAR,
    JSON,
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    String,
    Uuid,
    inspect,
)
from sqlalchemy.types import TypeEngine

from server.errors import ServerError

Kind = Literal["id", "time", "day", "yes", "whole", "number", "bytes", "text"]
Key = tuple[str, ...]
"""The key of one row, as its fields stand in a line."""
Take = Callable[[bytes], None]
VERSIONS = "alembic_version"
"""Belongs to the shape of a database, not to what is in it."""
MOMENTARY = frozenset({"crossing", "guess"})
"""Tables of minutes: what workers tell each other, and what is counted to limit it. No copy has their rows."""
_KINDS: tuple[tuple[type[TypeEngine[Any]], Kind], ...] = (
    (Uuid, "id"),
    (CHAR, "id"),
    (Boolean, "yes"),
    (DateTime, "time"),
    (LargeBinary, "bytes"),
    (Float, "number"),
    (Integer, "whole"),
    (JSON, "text"),
    (Date, "day"),
    (String, "text"),
)
_ESCAPES = {
    "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v", "\0": "\\0",
}  # fmt: skip
_LETTERS = {escape[1].encode(): letter.encode() for letter, escape in _ESCAPES.items()}
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_SPECIAL = str.maketrans(_ESCAPES)


class NotCopyable(ServerError):
    """A table has a shape that no line was thought of for."""

    code = "not_copyable"


@dataclass(frozen=True, slots=True)
class Shape:
    """A table. key: the columns of its primary key; kinds: one for each column."""

    table: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    key: tuple[str, ...]

    def key_of(self, line: bytes) -> Key:
        """The key of the row in that line."""
        fields = dict(zip(self.columns, line.split(b"\t"), strict=True))
        return tuple(plain(fields[name]).decode() for name in self.key)


@dataclass(frozen=True, slots=True)
class Span:
    """Rows after one key, up to and with another, at most so many. None: no such end."""

    after: Key | None = None
    upto: Key | None = None
    most: int | None = None


EVERYTHING = Span()


@dataclass(slots=True)
class Sum:
    """What was read: how many rows, and the SHA-256 of their lines."""

    rows: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def take(self, block: bytes) -> None:
        """Some more of it."""
        self.rows += block.count(b"\n")
        self._digest.update(block)

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return str(self._digest.hexdigest())


class Side(Protocol):
    """A database to read from, or to write into. Read from one snapshot."""

    async def shapes(self) -> list[Shape]:
        """Every table, by name."""
        ...

    async def count(self, shape: Shape) -> int:
        """Rows in it."""
        ...

    async def read(self, shape: Shape, take: Take, span: Span = EVERYTHING) -> None:
        """Hand the lines over, a block at a time, in the order of their key."""
        ...

    async def add(self, shape: Shape, blocks: AsyncIterable[bytes]) -> None:
        """Write the rows that these lines say."""
        ...


async def sum_up(side: Side, shape: Shape, span: Span = EVERYTHING) -> Sum:
    """Count and checksum of a table, or of a part of it."""
    found = Sum()
    await side.read(shape, found.take, span)
    return found


def find_shapes(connection: Connection) -> list[Shape]:
    """Every table that is there, by name. Raises NotCopyable."""
    inspector = inspect(connection)
    return [
        _shape(
            table,
            {column["name"]: column["type"] for column in inspector.get_columns(table)},
            inspector.get_pk_constraint(table)["constrained_columns"],
        )
        for table in sorted(inspector.get_table_names())
        if table != VERSIONS
    ]


def escape(value: str | None) -> str | None:
    """As it stands in a line."""
    return None if value is None else value.translate(_SPECIAL)


def plain(field: bytes) -> bytes:
    """What an escaped field says."""
    if b"\\" not in field:
        return field
    return _ESCAPED.sub(lambda found: _LETTERS.get(found[1], found[1]), field)


def _shape(table: str, columns: dict[str, TypeEngine[Any]], key: list[str]) -> Shape:
    if not key:
        raise NotCopyable(f"The table {table} has no primary key, so its rows have no order.")
    names = tuple(sorted(columns))
    kinds = tuple(_kind(table, name, columns[name]) for name in names)
    return Shape(table, names, kinds, tuple(key))


def _kind(table: str, column: str, kind: TypeEngine[Any]) -> Kind:
    for known, name in _KINDS:
        if isinstance(kind, known):
            return name
    raise NotCopyable(f"The column {table}.{column} is of a kind that cannot be copied yet.")
