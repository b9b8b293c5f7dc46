r"""A backup: every table as lines, from one moment, in one sealed file. Those of minutes are empty in it.

Inside it is what `psql` reads, too: a comment with what it is, `COPY ... FROM stdin;` and the lines of each
table, `\.`, and a comment with how many rows and which checksum each has. It holds no key.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, text

from server.errors import NotFound
from server.settings import Settings
from server.store.copies.lines import MOMENTARY, VERSIONS, Shape, Side, Sum
from server.store.copies.postgres_side import PostgresSide, read_postgres
from server.store.copies.sealed_file import Damaged, open_sealed, write_sealed
from server.store.copies.sqlite_side import SqliteSide, read_sqlite
from server.store.occupied import in_use

Tell = Callable[[str, int, int], None]
"""Called as it goes on: which table, rows so far, of how many."""
_BEGINS, _ENDS = b"-- hearth backup ", b"-- end "
_LAST = b"\\.\n"
_COPY = re.compile(rb'COPY "(\w+)" \(.*\) FROM stdin;\n')


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup is of. key_file: which key opens its words; rows: by table, as counted at its beginning."""

    made_at: datetime
    version: str
    engine: str
    revision: str
    epoch: str
    key_file: str
    shapes: tuple[Shape, ...]
    rows: dict[str, int]

    def line(self) -> bytes:
        """As it stands in the file."""
        return _BEGINS + orjson.dumps(self) + b"\n"


@dataclass(frozen=True, slots=True)
class Total:
    """One table: how many rows, and the SHA-256 of their lines."""

    rows: int
    sha256: str


Totals = dict[str, Total]


async def back_up(
    settings: Settings, path: Path, passphrase: str, *, version: str, now: datetime, tell: Tell
) -> Totals:
    """Beside a server that may be running. The file is there when it is whole and durable.

    Raises NotFound where there is no community, NotNow where that file is there already, or OSError.
    """
    with in_use(settings):
        return await _back_up(settings, path, passphrase, version, now, tell)


async def _back_up(
    settings: Settings, path: Path, passphrase: str, version: str, now: datetime, tell: Tell
) -> Totals:
    async with _snapshot(settings) as side:
        contents = await _look(side, version, now)
        with write_sealed(path, passphrase, "backup", now) as file:
            file.write(contents.line())
            totals = {}
            for shape in contents.shapes:
                file.write(_copy_line(shape))
                summed = await _copy(side, shape, file.write, tell, contents.rows[shape.table])
                totals[shape.table] = Total(summed.rows, summed.sha256)
                file.write(_LAST)
            file.write(_ENDS + orjson.dumps(totals) + b"\n")
    return totals


@contextmanager
def open_backup(path: Path, passphrase: str) -> Iterator["Backup"]:
    """Raises what open_sealed does."""
    with open_sealed(path, passphrase, "backup") as (_, blocks):
        yield Backup(blocks)


class Backup:
    """A backup that is read once, from its beginning to its end."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._buffer = b""
        line = self._line()
        if not line.startswith(_BEGINS):
            raise Damaged
        self.contents = _contents(orjson.loads(line.removeprefix(_BEGINS)))
        self.totals: Totals = {}
        self._read: Totals = {}

    def tables(self) -> Iterator[tuple[Shape, Iterator[bytes]]]:
        """Each table and its lines, which must be taken before the next. Raises Damaged, also at the very end."""
        shapes = {shape.table: shape for shape in self.contents.shapes}
        while found := _COPY.fullmatch(line := self._line()):
            shape, summed = shapes[found[1].decode()], Sum()
            yield shape, self._rows(summed)
            self._read[shape.table] = Total(summed.rows, summed.sha256)
        self._check_end(line)

    def _check_end(self, line: bytes) -> None:
        if not line.startswith(_ENDS):
            raise Damaged
        said = orjson.loads(line.removeprefix(_ENDS))
        self.totals = {table: Total(**total) for table, total in said.items()}
        nothing_more = not self._buffer and next(self._blocks, b"") == b""
        if not nothing_more or self.totals != self._read:
            raise Damaged

    def _rows(self, summed: Sum) -> Iterator[bytes]:
        """Whole lines, up to the mark that ends the table."""
        ended = False
        while not ended:
            rows, ended = self._take_rows()
            if rows:
                summed.take(rows)
                yield rows
            if not ended:
                self._more()

    def _take_rows(self) -> tuple[bytes, bool]:
        """Out of the buffer; and whether the mark came after them."""
        begins = self._buffer.startswith(_LAST)
        end = 0 if begins else self._buffer.find(b"\n" + _LAST) + 1
        ended = begins or end > 0
        upto = end if ended else self._buffer.rfind(b"\n") + 1
        rows = self._buffer[:upto]
        self._buffer = self._buffer[upto + (len(_LAST) if ended else 0) :]
        return rows, ended

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            self._more()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line + b"\n"

    def _more(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            raise Damaged
        self._buffer += block


def verify(path: Path, passphrase: str, tell: Tell) -> tuple[Contents, Totals]:
    """Read all of it; nothing is written anywhere. Raises Damaged, or what open_sealed does."""
    with open_backup(path, passphrase) as backup:
        for shape, blocks in backup.tables():
            of, rows = backup.contents.rows[shape.table], 0
            for block in blocks:
                rows += block.count(b"\n")
                tell(shape.table, rows, of)
    return backup.contents, backup.totals


@asynccontextmanager
async def _snapshot(settings: Settings) -> AsyncIterator[SqliteSide | PostgresSide]:
    if settings.database_url.startswith("postgres"):
        async with read_postgres(settings.database_url) as postgres:
            yield postgres
        return
    if not settings.sqlite_path.exists():
        raise NotFound("There is no community here yet.")
    with read_sqlite(settings.sqlite_path) as sqlite:
        yield sqlite


async def _look(side: SqliteSide | PostgresSide, version: str, now: datetime) -> Contents:
    shapes = await side.shapes()
    if "place" not in {shape.table for shape in shapes}:
        raise NotFound("There is no community here yet.")
    epoch, key_file = await side.run(_read_place)
    return Contents(
        made_at=now,
        version=version,
        engine=side.engine,
        revision=await side.run(_read_revision),
        epoch=epoch,
        key_file=key_file,
        shapes=tuple(shapes),
        rows={shape.table: await _rows_to_keep(side, shape) for shape in shapes},
    )


def _read_place(connection: Connection) -> tuple[str, str]:
    found = connection.execute(text("SELECT epoch, key_file FROM place")).first()
    if found is None:
        raise NotFound("There is no community here yet.")
    return found[0], found[1]


def _read_revision(connection: Connection) -> str:
    return str(connection.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar())  # noqa: S608


async def _rows_to_keep(side: Side, shape: Shape) -> int:
    return 0 if shape.table in MOMENTARY else await side.count(shape)


async def _copy(
    side: Side, shape: Shape, write: Callable[[bytes], None], tell: Tell, of: int
) -> Sum:
    summed = Sum()

    def take(block: bytes) -> None:
        summed.take(block)
        write(block)
        tell(shape.table, summed.rows, of)

    if shape.table not in MOMENTARY:
        await side.read(shape, take)
    return summed


def _copy_line(shape: Shape) -> bytes:
    columns = ", ".join(f'"{column}"' for column in shape.columns)
    return f'COPY "{shape.table}" ({columns}) FROM stdin;\n'.encode()


def _contents(fields: dict[str, Any]) -> Contents:
    shapes = tuple(
        Shape(one["table"], tuple(one["columns"]), tuple(one["kinds"]), tuple(one["key"]))
        for one in fields["shapes"]
    )
    made_at = datetime.fromisoformat(fields["made_at"])
    return Contents(**fields | {"shapes": shapes, "made_at": made_at})
