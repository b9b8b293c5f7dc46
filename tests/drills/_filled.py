"""A community with so many messages, made as lines: to post a million would take longer than the drill."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from server.services.founding import found
from server.services.rooms import make_room
from server.settings import Settings
from server.store import beside
from server.store.copies.lines import Shape, Side, escape, sum_up
from server.store.copies.postgres_side import postgres_side
from server.store.copies.sqlite_side import look_at_sqlite, write_sqlite
from server.store.keys import KeyFile, KeyStore
from server.store.sealing import Sealer, Spot
from server.store.tables import Member, RoomHead
from server.store.work import Work

_MEMBERS, _ROOMS = 200, 20
_AT_ONCE = 5_000
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_WORDS = (
    "today was heavy and then a little lighter after I walked to the sea and back again".split()
)
_SIGNALS = escape(orjson.dumps({"toxicity": 0.0123, "risk": 0.0045, "empathy": 0.31}).decode())
Sums = dict[str, tuple[int, str]]
Row = dict[str, object]


def fill(settings: Settings, messages: int) -> None:
    """Sealed as the server seals."""
    beside.do(settings, partial(found, open_to_all=True))
    members, rooms = beside.do(settings, partial(_people, messages=messages))
    key_file = KeyFile.read(settings.key_path)
    keys = KeyStore(settings.keys_at, key_file)
    try:
        asyncio.run(_fill(settings, Sealer(key_file, keys), members, rooms, messages))
    finally:
        keys.close()


@asynccontextmanager
async def _side(settings: Settings) -> AsyncIterator[Side]:
    if settings.database_url:
        async with postgres_side(settings.database_url) as there:
            yield there
    else:
        with write_sqlite(settings.sqlite_path) as here:
            yield here


async def all_sums(settings: Settings) -> Sums:
    """Rows and checksum of every table, wherever it is."""
    if settings.database_url:
        async with postgres_side(settings.database_url) as there:
            return await _sums(there)
    with look_at_sqlite(settings.sqlite_path) as here:
        return await _sums(here)


def differing(one: Sums, other: Sums) -> list[str]:
    """The tables that are not the same."""
    return sorted(table for table in {*one, *other} if one.get(table) != other.get(table))


async def _sums(side: Side) -> Sums:
    found = {shape.table: await sum_up(side, shape) for shape in await side.shapes()}
    return {table: (total.rows, total.sha256) for table, total in found.items()}


def _people(work: Work, messages: int) -> tuple[list[UUID], list[UUID]]:
    rooms = [make_room(work, f"Room {number}", "To talk.").id for number in range(_ROOMS)]
    members = [
        Member(pseudonym=f"member {number}", name_key=f"member {number}", joined_at=work.now)
        for number in range(_MEMBERS)
    ]
    work.session.add_all(members)
    work.session.flush()
    for number, room in enumerate(rooms):
        head = work.session.get(RoomHead, room)
        assert head
        head.seq = len(range(number, messages, _ROOMS))
    return [member.id for member in members], rooms


async def _fill(
    settings: Settings, sealer: Sealer, members: list[UUID], rooms: list[UUID], messages: int
) -> None:
    rng = random.Random(1)
    async with _side(settings) as side:
        shapes = {shape.table: shape for shape in await side.shapes()}
        for begin in range(0, messages, _AT_ONCE):
            numbers = range(begin, min(begin + _AT_ONCE, messages))
            said = [_message(sealer, rng, members, rooms, number) for number in numbers]
            await side.add(shapes["message"], _block(shapes["message"], said))
            await side.add(shapes["room_event"], _block(shapes["room_event"], map(_event, said)))
            read = map(_assessment, said)
            await side.add(shapes["assessment"], _block(shapes["assessment"], read))


def _message(
    sealer: Sealer, rng: random.Random, members: list[UUID], rooms: list[UUID], number: int
) -> Row:
    id, room, author = uuid7(), rooms[number % _ROOMS], members[rng.randrange(_MEMBERS)]
    text = " ".join(rng.choices(_WORDS, k=rng.randint(4, 40)))
    return {
        "id": id.hex, "room_id": room.hex, "seq": number // _ROOMS + 1, "author_id": author.hex,
        "author_kind": "person", "client_id": rng.randbytes(16).hex(),
        "fingerprint": "\\\\x" + rng.randbytes(32).hex(), "ask": 0, "state": "published",
        "sealed": "\\\\x" + sealer.seal(author, text, Spot("message", "sealed", id, room)).hex(),
        "at": _at(number), "published_at": _at(number),
    }  # fmt: skip


def _event(said: Row) -> Row:
    return {
        "id": uuid7().hex, "room_id": said["room_id"], "seq": said["seq"], "kind": "message",
        "message_id": said["id"], "at": said["at"],
    }  # fmt: skip


def _assessment(said: Row) -> Row:
    return {
        "id": uuid7().hex, "message_id": said["id"], "room_id": said["room_id"], "assessed": 1,
        "model": "drill", "language": "en", "signals": _SIGNALS, "policy": "1", "handling": "publish",
        "urgency": "none", "reasons": "[]", "at": said["at"],
    }  # fmt: skip


async def _block(shape: Shape, rows: Iterable[Row]) -> AsyncIterator[bytes]:
    lines = ("\t".join(str(row.get(column, "\\N")) for column in shape.columns) for row in rows)
    yield ("\n".join(lines) + "\n").encode()


def _at(number: int) -> str:
    return (_BEGAN + timedelta(seconds=number)).strftime("%Y-%m-%d %H:%M:%S.%f")
