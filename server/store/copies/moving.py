"""A running community moves from the embedded database to PostgreSQL.

1. While it runs, part after part is copied, each with a note of its checksum; a move that was killed goes on there.
2. What arrived is read again and compared, and what has changed meanwhile is copied again.
3. The stop: the one write lock is taken, so that who writes is refused and asked to come back; every part is
   compared with the source once more, and what changed last is copied.
4. When the server has ended, the source is marked as moved, and only then do the new tables take their place.

The lock is held until the end: nothing can be written to the source that would not be on the other side.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import orjson
from sqlalchemy import Connection, text

from server.errors import Misconfigured, NotFound, NotNow
from server.settings import Settings
from server.store import audit
from server.store.copies.backup import Tell, Total, Totals
from server.store.copies.lines import MOMENTARY, VERSIONS, Shape, Span, Sum, sum_up
from server.store.copies.parts import NOTES, About, Notes, Part
from server.store.copies.postgres_side import PostgresSide, postgres_side
from server.store.copies.restoring import Different
from server.store.copies.sqlite_side import SqliteSide, hold_sqlite, look_at_sqlite
from server.store.copies.staging import (
    PostgresStaging,
    change_schema,
    run_verb,
    set_counters,
    tables_in,
)
from server.store.durable import write_durably
from server.store.keys import KeyFile
from server.store.migrating import MOVING, is_known
from server.store.occupied import alone, one_move
from server.store.work import Work

PART_ROWS = 10_000
_GLANCE_S = 0.02
_NOW_END_IT = (
    "Everything is there and compared. Now stop Hearth, and start it with HEARTH_DATABASE_URL set to that database. "
    "Until then nobody can write: who tries is asked to come back."
)


@dataclass(slots=True)
class Moved:
    """What was done. stop_s: from when writing was refused until all was there and compared.

    away_s: from then until the server had ended and the new tables stood in their place.
    mended: parts that had not arrived as they left, and were copied again.
    """

    totals: Totals = field(default_factory=dict)
    copied: int = 0
    changed: int = 0
    mended: int = 0
    stop_s: float = 0.0
    away_s: float = 0.0


async def move(
    settings: Settings,
    url: str,
    *,
    now: datetime,
    tell: Tell,
    say: Callable[[str], None],
    part_rows: int = PART_ROWS,
) -> Moved:
    """Durable on return; may be called again after it was killed at any moment.

    say: what the steward is to do meanwhile. Raises NotFound without a community here, NotNow where another
    one is there or on its way, Misconfigured for what cannot be moved to, Unavailable when it cannot be reached.
    """
    _check(settings, url)
    there = settings.model_copy(update={"database_url": url})
    with one_move(settings):
        moved = Moved()
        if not await _is_done(settings, there):
            await _begin(settings, there)
            with ExitStack() as stop:
                await _copy_all(settings, there, moved, tell, part_rows, stop)
                began = time.perf_counter()
                async with _when_ended(settings, say):
                    _mark(settings, url, now)
                    await run_verb(there, MOVING, _write_down)
                    await _publish(there)
                moved.away_s = time.perf_counter() - began
        await _check_references(there)
    return moved


def _check(settings: Settings, url: str) -> None:
    if settings.database_url.startswith("postgres"):
        raise Misconfigured("HEARTH_DATABASE_URL: this community is on PostgreSQL already.")
    if not url.startswith(("postgresql://", "postgres://")):
        raise Misconfigured("--to: must begin with postgresql://")
    if not settings.sqlite_path.exists():
        raise NotFound("There is no community here yet.")
    KeyFile.read(settings.key_path)


async def _is_done(settings: Settings, there: Settings) -> bool:
    """Whether nothing is left but to look at the references."""
    if not settings.moved_path.exists():
        return False
    with look_at_sqlite(settings.sqlite_path) as source:
        here = await source.run(_read_place)
    async with postgres_side(there.database_url) as side:
        return await side.has("place") and (await side.run(_read_place))[:2] == here[:2]


async def _begin(settings: Settings, there: Settings) -> None:
    """Empty tables over there, unless a move of this same community has begun."""
    with look_at_sqlite(settings.sqlite_path) as source:
        epoch, key_file, revision = await source.run(_read_place)
    if not is_known(revision):
        raise Misconfigured(
            "This community was last served by a newer Hearth: install that one first."
        )
    async with postgres_side(there.database_url) as side:
        if await side.has("place"):
            raise NotNow("There is a community in that database already: name an empty one.")
        begun = await Notes(side.driver).find_about()
        if begun and (begun.epoch, begun.key_file, begun.revision) != (epoch, key_file, revision):
            raise NotNow(
                "Another move into that database has begun, of another community or by another version of Hearth. "
                f"To begin anew: DROP SCHEMA {MOVING}, {NOTES} CASCADE"
            )
    if begun is None:
        new = PostgresStaging(there, MOVING)
        await new.begin(revision)
        async with new.side() as side:
            await Notes(side.driver).begin()
            await Notes(side.driver).note_about(About(epoch, key_file, revision, new.references))


async def _copy_all(
    settings: Settings, there: Settings, moved: Moved, tell: Tell, part_rows: int, stop: ExitStack
) -> None:
    """While the community goes on; then, in the stop that begins here, what is left."""
    async with _arriving(settings, there, moved, tell, part_rows) as arriving:
        with look_at_sqlite(settings.sqlite_path) as source:
            for shape in arriving.shapes:
                await arriving.copy(source, shape)
            for shape in arriving.shapes:
                await arriving.read_again(source, shape)
            for shape in arriving.shapes:
                await arriving.catch_up(source, shape)
        held = stop.enter_context(hold_sqlite(settings.sqlite_path))
        began = time.perf_counter()
        for shape in arriving.shapes:
            moved.totals[shape.table] = await arriving.catch_up(held, shape)
        for shape in arriving.shapes:
            await arriving.check_count(shape)
        moved.stop_s = time.perf_counter() - began


class _Arriving:
    """What becomes of the tables of the source over there."""

    def __init__(
        self, target: PostgresSide, shapes: list[Shape], moved: Moved, tell: Tell, part_rows: int
    ) -> None:
        self.shapes = shapes
        self._target, self._notes = target, Notes(target.driver)
        self._moved, self._tell, self._part_rows = moved, tell, part_rows

    async def copy(self, source: SqliteSide, shape: Shape) -> None:
        """From where it stands to the end of the table."""
        parts = await self._notes.parts(shape.table)
        of = await source.count(shape)
        rows = sum(part.rows for part in parts)
        while not parts or parts[-1].upto is not None:
            span = Span(parts[-1].upto if parts else None, None, self._part_rows)
            parts.append(await self._copy_part(source, shape, len(parts), span))
            rows += parts[-1].rows
            self._tell(shape.table, rows, max(of, rows))

    async def read_again(self, source: SqliteSide, shape: Shape) -> None:
        """What has arrived is what was noted, or it is copied again."""
        for part in await self._notes.parts(shape.table):
            if not _is(part, await sum_up(self._target, shape, part.span)):
                self._moved.mended += 1
                await self._copy_again(source, shape, part)

    async def catch_up(self, source: SqliteSide, shape: Shape) -> Total:
        """What has changed in the source since is copied again. Returns what the source holds."""
        total = Sum()
        for part in await self._notes.parts(shape.table):
            now = Sum()

            def take(block: bytes, now: Sum = now) -> None:
                now.take(block)
                total.take(block)

            await source.read(shape, take, part.span)
            if not _is(part, now):
                self._moved.changed += 1
                await self._copy_again(source, shape, part)
        return Total(total.rows, total.sha256)

    async def check_count(self, shape: Shape) -> None:
        """Nothing is there that did not come from here."""
        here = self._moved.totals[shape.table].rows
        there = await self._target.count(shape)
        if here != there:
            raise Different(
                f"{shape.table}: {here} rows here, {there} there. Run the same command again."
            )

    async def _copy_again(self, source: SqliteSide, shape: Shape, part: Part) -> None:
        """In the place of what arrived; the end of a table may become several parts."""
        most = self._part_rows if part.upto is None else None
        number, after = part.number, part.after
        while True:
            copied = await self._copy_part(source, shape, number, Span(after, part.upto, most))
            if copied.upto == part.upto:
                return
            number, after = number + 1, copied.upto

    async def _copy_part(self, source: SqliteSide, shape: Shape, number: int, span: Span) -> Part:
        """Written, read back and noted, in one transaction."""
        blocks: list[bytes] = []
        await source.read(shape, blocks.append, span)
        lines, left, upto = b"".join(blocks), Sum(), span.upto
        left.take(lines)
        if left.rows == span.most:
            upto = shape.key_of(lines[:-1].rpartition(b"\n")[2])
        part = Part(shape.table, number, span.after, upto, left.rows, left.sha256)
        async with self._notes.together():
            await self._target.remove(shape, part.span)
            if lines:
                await self._target.add(shape, _one(lines))
            if not _is(part, await sum_up(self._target, shape, part.span)):
                raise Different(f"A part of {shape.table} does not arrive as it leaves.")
            await self._notes.note(part)
        self._moved.copied += part.rows
        return part


@asynccontextmanager
async def _arriving(
    settings: Settings, there: Settings, moved: Moved, tell: Tell, part_rows: int
) -> AsyncIterator[_Arriving]:
    with look_at_sqlite(settings.sqlite_path) as source:
        shapes = await source.shapes()
    async with postgres_side(there.database_url, MOVING) as target:
        if shapes != await target.shapes():
            raise Different("The tables here are not those that this version of Hearth makes.")
        lasting = [shape for shape in shapes if shape.table not in MOMENTARY]
        yield _Arriving(target, lasting, moved, tell, part_rows)


@asynccontextmanager
async def _when_ended(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[None]:
    """As soon as nobody serves or writes the source any more."""
    async with AsyncExitStack() as stack:
        told = False
        while True:
            try:
                stack.enter_context(alone(settings))
                break
            except NotNow:
                if not told:
                    say(_NOW_END_IT)
                told = True
                await asyncio.sleep(_GLANCE_S)
        yield


def _mark(settings: Settings, url: str, now: datetime) -> None:
    """Nobody serves the source by mistake from now on."""
    parts = urlsplit(url)
    where = f"{parts.hostname or 'localhost'}{parts.path}"
    write_durably(settings.moved_path, orjson.dumps({"to": where, "at": now.isoformat()}))


async def _publish(there: Settings) -> None:
    """In one transaction. References hold for what comes from now on, and are looked at after the stop."""
    async with postgres_side(there.database_url) as side:
        about = await Notes(side.driver).find_about()
        assert about  # noqa: S101 - noted when it began
        schema = await side.schema()
        async with side.driver.transaction():
            await change_schema(side, await tables_in(side, MOVING), MOVING, schema)
            for table, name, definition in about.references:
                await side.driver.execute(
                    f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition} NOT VALID'
                )
            await set_counters(side)
            await side.driver.execute(f"DROP SCHEMA {MOVING} CASCADE")
            await Notes(side.driver).end()


async def _check_references(there: Settings) -> None:
    """Beside a server that may be running there by now."""
    async with postgres_side(there.database_url) as side:
        for table, name in await side.driver.fetch(_UNCHECKED):
            await side.driver.execute(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{name}"')


def _write_down(work: Work) -> None:
    audit.append(work, None, "place.move", None)


def _read_place(connection: Connection) -> tuple[str, str, str]:
    found = connection.execute(text("SELECT epoch, key_file FROM place")).first()
    if found is None:
        raise NotFound("There is no community here yet.")
    revision = connection.execute(text(f"SELECT version_num FROM {VERSIONS}")).scalar()  # noqa: S608
    return found[0], found[1], str(revision)


def _is(part: Part, found: Sum) -> bool:
    return (part.rows, part.sha256) == (found.rows, found.sha256)


async def _one(lines: bytes) -> AsyncIterator[bytes]:
    yield lines


_UNCHECKED = """
SELECT relname, conname FROM pg_constraint c JOIN pg_class t ON t.oid = conrelid
WHERE contype = 'f' AND NOT convalidated AND connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
