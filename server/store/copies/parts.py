"""What has arrived where a community moves to: notes there, one for each part, so that a move can go on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from server.store.copies.lines import Key, Span

NOTES = "hearth_move_notes"
_TABLES = f"""
CREATE SCHEMA {NOTES};
CREATE TABLE {NOTES}.about (fields text NOT NULL);
CREATE TABLE {NOTES}.part (
    table_name text NOT NULL, number int NOT NULL, after_key text, upto_key text,
    rows bigint NOT NULL, sha256 text NOT NULL, PRIMARY KEY (table_name, number)
);
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table between two keys. rows, sha256: of their lines, as they arrived."""

    table: str
    number: int
    after: Key | None
    upto: Key | None
    rows: int
    sha256: str

    @property
    def span(self) -> Span:
        """Where it lies. The last part of a table has no upper end."""
        return Span(self.after, self.upto)


@dataclass(frozen=True, slots=True)
class About:
    """Which community is on its way. references: foreign keys, to be made again when all is there."""

    epoch: str
    key_file: str
    revision: str
    references: list[tuple[str, str, str]]


class Notes:
    """driver: an asyncpg connection; a note stands in the transaction of what it notes."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    async def begin(self) -> None:
        """Empty ones."""
        await self._driver.execute(f"DROP SCHEMA IF EXISTS {NOTES} CASCADE")
        await self._driver.execute(_TABLES)

    async def note_about(self, about: About) -> None:
        """Written last when a move begins: without it, it has not begun."""
        fields = orjson.dumps(about).decode()
        await self._driver.execute(f"INSERT INTO {NOTES}.about VALUES ($1)", fields)  # noqa: S608

    async def find_about(self) -> About | None:
        """None where no move has begun."""
        if await self._driver.fetchval("SELECT to_regclass($1)", f"{NOTES}.about") is None:
            return None
        found = await self._driver.fetchval(f"SELECT fields FROM {NOTES}.about")  # noqa: S608
        if found is None:
            return None
        fields = orjson.loads(found)
        references = [(table, name, what) for table, name, what in fields["references"]]
        return About(**fields | {"references": references})

    async def parts(self, table: str) -> list[Part]:
        """Those of one table, in their order."""
        query = f"SELECT * FROM {NOTES}.part WHERE table_name = $1 ORDER BY number"  # noqa: S608
        return [
            Part(row[0], row[1], _key(row[2]), _key(row[3]), row[4], row[5])
            for row in await self._driver.fetch(query, table)
        ]

    async def note(self, part: Part) -> None:
        """It has arrived; over an earlier note of it."""
        await self._driver.execute(
            f"INSERT INTO {NOTES}.part VALUES ($1, $2, $3, $4, $5, $6)"  # noqa: S608
            " ON CONFLICT (table_name, number) DO UPDATE SET"
            " upto_key = excluded.upto_key, rows = excluded.rows, sha256 = excluded.sha256",
            part.table,
            part.number,
            _text(part.after),
            _text(part.upto),
            part.rows,
            part.sha256,
        )

    async def end(self) -> None:
        """All has arrived: nothing of it is needed any more."""
        await self._driver.execute(f"DROP SCHEMA IF EXISTS {NOTES} CASCADE")

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """What arrives and its note, or neither."""
        async with self._driver.transaction():
            yield


def _key(text: str | None) -> Key | None:
    return None if text is None else tuple(orjson.loads(text))


def _text(key: Key | None) -> str | None:
    return None if key is None else orjson.dumps(key).decode()
