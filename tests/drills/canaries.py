"""Three hundred words put in wherever text comes in: in no log, trace, measurement or refusal, nowhere on disk."""

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from server.app import create_app
from server.store import beside
from server.store.copies.backup import back_up
from server.store.copies.key_copies import back_up_keys
from tests.drills._planting import (
    Planted,
    files_of,
    found_in,
    plant_around,
    plant_bodies,
    plant_frames,
    reached,
)
from tests.drills._reaching import plant_everywhere
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import PostgresHere, RedisHere
from tests.drills._sizes import size
from tests.drills._waiting import has_become, until
from tests.server.collector import Collected, collecting
from tests.server.fuzzing.texts import read_any
from tests.server.malforming.world import build
from tests.services import folder_of_nobody

_PASSPHRASE = "seven quiet otters"
_LONGEST = 16 * 1024 * 1024
_LOUD = {"DRILL_LOG": "DEBUG"}
_NOT_ON_SQLITE = frozenset({"crossing.sealed"})
"""What workers tell one another; the embedded database has one."""
_MEASURED = ("/metrics", "/healthz", "/readyz", "/api/health", "/api/steward/status")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run left things. database, redis: their own folders, if it was with them.

    overheard: what Redis was asked to do. traced: what a collector of traces was sent.
    """

    server: DrillServer
    folder: Path
    measured: list[bytes]
    overheard: list[bytes]
    traced: list[bytes]
    database: Path | None
    redis: Path | None


LOUD_PLACES: dict[str, Callable[[Place], Iterable[bytes]]] = {
    "log": lambda place: [place.server.log.read_bytes()],
    "measurements": lambda place: place.measured,
    "hints": lambda place: place.overheard,
    "traces": lambda place: place.traced,
}
"""Where no canary may be, not even of what the place says to everybody."""
KEPT_PLACES: dict[str, Callable[[Place], Iterable[bytes]]] = {
    "data": lambda place: files_of(place.server.settings.data_dir),
    "temporary": lambda place: files_of(place.folder / "tmp"),
    "backup": lambda place: files_of(place.folder / "kept", place.folder / "keys"),
    "postgres": lambda place: files_of(place.database) if place.database else [],
    "redis": lambda place: files_of(place.redis) if place.redis else [],
}
"""Where those that are sealed may not be. A further store is one more line."""


def run() -> dict[str, Any]:
    """TIMES (5) each frame and each request around; fields of text as everybody; every sealed field.

    On SQLite, and on PostgreSQL with Redis. ok: at least 300 went in, every sealed field held one, and none is found
    in a log at debug level, in traces, in what is measured, in a refusal, in the data, its backup, PostgreSQL's
    folder, or in what Redis was told and keeps. Controls, each caught: a server that logs what it hears, and traces
    it; words that the place keeps open, and one that was put into Redis, which are found.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    times = size("TIMES", 5)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-canaries-")))
        postgres = PostgresHere(*stack.enter_context(folder_of_nobody()))
        postgres.make()
        kept, user = stack.enter_context(folder_of_nobody())
        redis = RedisHere(kept, user)
        for service in (postgres, redis):
            stack.callback(service.end, signal.SIGINT)
            await service.start()
        figures = {
            "sqlite": await plant(root / "sqlite", times),
            "postgres": await plant(root / "postgres", times, Shared(postgres.url, redis, kept)),
        }
        control = await plant(root / "control", 1, changed=_LOUD | {"DRILL_WITHOUT": "silence"})
    for found in figures.values():
        print(*found.pop("wrong"), sep="\n")
    caught = {
        "control_logged_caught": control["found"]["log"] > 0,
        "control_traced_caught": control["found"]["traces"] > 0,
        "control_open_caught": all(found["open_found"] > 0 for found in figures.values()),
        "control_redis_caught": all(figures["postgres"]["put_into_redis"].values()),
    }
    return {
        **figures,
        "planted": sum(found["planted"] for found in figures.values()),
        "control_logged": control["found"]["log"],
        "control_traced": control["found"]["traces"],
        **caught,
        "control_caught": all(caught.values()),
        "ok": all(caught.values())
        and figures["postgres"]["heard_by_redis"] > 0
        and all(_is_clean(found) for found in figures.values()),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """What workers share. kept: where Redis keeps what it is told to."""

    url: str
    redis: RedisHere
    kept: Path

    @property
    def settings(self) -> dict[str, str]:
        """For a server."""
        return {"database_url": self.url, "redis_url": self.redis.url}


async def plant(
    folder: Path, times: int, shared: Shared | None = None, changed: dict[str, str] | None = None
) -> dict[str, Any]:
    """Put them in, keep a copy of everything, and look. shared: None for SQLite."""
    with collecting() as traces:
        return await _plant(folder, times, shared, changed or _LOUD, traces)


async def _plant(
    folder: Path, times: int, shared: Shared | None, changed: dict[str, str], traces: Collected
) -> dict[str, Any]:
    tmp = folder / "tmp"
    tmp.mkdir(parents=True)
    circumstances = Circumstances(environment={"TMPDIR": str(tmp)}, changed=changed)
    more = {"traces_url": traces.url} | (shared.settings if shared else {})
    server = DrillServer(folder / "hearth", circumstances, limits="bench", **more)
    planted = Planted()
    try:
        await server.start()
        async with _overhearing(shared) as overheard:
            await _plant_all(server, planted, times)
            before = len(traces.sent)
            measured = await asyncio.to_thread(_measure, server)
            # They leave in batches, and a server that is stopped takes its last one with it.
            await until(lambda: any(b"/healthz" in batch for batch in traces.sent[before:]))
            opened = await asyncio.to_thread(beside.read, server.settings, reached)
            database = await _folder_of(shared) if shared else None
            redis = shared.kept if shared else None
            place = Place(server, folder, measured, overheard, traces.sent, database, redis)
            early = _look(place, planted)
            await server.stop()
            if not shared:
                await asyncio.to_thread(_keep, server, folder)
            late = _look(place, planted)
            put = await _put_into(shared, place, planted) if shared else {}
    finally:
        server.kill()
    if not shared:
        opened = {name: count for name, count in opened.items() if name not in _NOT_ON_SQLITE}
    heard = {"heard_by_redis": len(overheard), "traces_came": len(traces.sent)}
    return _figures(planted, opened, early, late) | heard | put


async def _plant_all(server: DrillServer, planted: Planted, times: int) -> None:
    openapi = create_app(server.settings).openapi()
    world = await build(server)
    await asyncio.to_thread(plant_bodies, server, openapi, world, planted)
    await asyncio.to_thread(plant_everywhere, server, openapi, planted)
    await asyncio.to_thread(plant_frames, server, world, planted, times)
    await asyncio.to_thread(plant_around, server, world, planted, times)


@asynccontextmanager
async def _overhearing(shared: Shared | None) -> AsyncIterator[list[bytes]]:
    """Every command that Redis is given meanwhile."""
    heard: list[bytes] = []
    if shared is None:
        yield heard
        return
    # Line by line as Redis tells it: a client's own reading of them stops at what it does not know.
    reader, writer = await asyncio.open_connection("127.0.0.1", shared.redis.port, limit=_LONGEST)
    writer.write(b"MONITOR\r\n")
    await reader.readline()  # that it will
    listening = asyncio.create_task(_hear(reader, heard))
    yield heard
    listening.cancel()
    writer.close()


async def _hear(reader: asyncio.StreamReader, heard: list[bytes]) -> None:
    async for line in reader:
        heard.append(line)  # noqa: PERF401 - as they come


async def _put_into(shared: Shared, place: Place, planted: Planted) -> dict[str, Any]:
    """What a careless worker would leave there."""
    word = planted.new("careless")
    await shared.redis.call("SET", "careless", word)
    await shared.redis.call("SAVE")
    await has_become(lambda: any(word.encode() in line for line in place.overheard), 5.0)
    found = _look(place, planted)
    return {"put_into_redis": {name: word in found[name] for name in ("hints", "redis")}}


def _measure(server: DrillServer) -> list[bytes]:
    return [read_any(server, path) for path in _MEASURED]


def _look(place: Place, planted: Planted) -> dict[str, set[str]]:
    """By place, the canaries that stand where they must not."""
    every, hidden = set(planted.by_word), planted.hidden()
    found = {name: found_in(read(place)) & every for name, read in LOUD_PLACES.items()}
    kept = {name: found_in(read(place)) for name, read in KEPT_PLACES.items()}
    found |= {name: words & hidden for name, words in kept.items()}
    return found | {"open": set().union(*kept.values()) & (every - hidden)}


def _keep(server: DrillServer, folder: Path) -> None:
    now = datetime.now(UTC)
    back_up_keys(server.settings, folder / "keys", _PASSPHRASE, now)
    asyncio.run(
        back_up(
            server.settings, folder / "kept", _PASSPHRASE, version="drill", now=now, tell=_quiet
        )
    )


async def _folder_of(shared: Shared) -> Path:
    """PostgreSQL's own, with everything of its memory written out; and what Redis keeps."""
    await shared.redis.call("SAVE")
    connection = await asyncpg.connect(shared.url)
    try:
        await connection.execute("CHECKPOINT")
        return Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()


def _figures(
    planted: Planted, opened: dict[str, int], early: dict[str, set[str]], late: dict[str, set[str]]
) -> dict[str, Any]:
    found = {name: early[name] | late[name] for name in early}
    open_found = found.pop("open")
    return {
        "planted": len(planted.by_word),
        "accepted": len(planted.accepted),
        "echoed": len(planted.echoed),
        "found": {name: len(words) for name, words in found.items()},
        "open_found": len(open_found),
        "fields_reached": sum(count > 0 for count in opened.values()),
        "fields": len(opened),
        "fields_not_reached": sorted(name for name, count in opened.items() if not count),
        "wrong": [
            *(f"echoed: {where}" for where in planted.echoed),
            *(f"{name}: {planted.by_word[word]}" for name, words in found.items() for word in words),
        ],
    }  # fmt: skip


def _is_clean(found: dict[str, Any]) -> bool:
    return (
        found["planted"] >= 300
        and not found["echoed"]
        and not any(found["found"].values())
        and not found["fields_not_reached"]
        and found["traces_came"] > 0
    )


def _quiet(*_: object) -> None:
    return
