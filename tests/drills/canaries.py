"""Three hundred words put in wherever text comes in: in no log, no measurement, no refusal, nowhere on disk."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from server.access import Role
from server.client import Http
from server.store import beside
from server.store.copies.backup import back_up
from server.store.copies.key_copies import back_up_keys
from tests import installed
from tests.drills._planting import (
    Planted,
    files_of,
    found_in,
    plant_around,
    plant_bodies,
    plant_frames,
    plant_one,
    reached,
)
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.server.fuzzing.texts import read_any, text_fields
from tests.server.malforming.world import build
from tests.services import Postgres, postgres_process

_PASSPHRASE = "seven quiet otters"
_LOUD = {"DRILL_LOG": "DEBUG"}
_ROLES_AT_A_CASE = (Role.MODERATOR, Role.CLINICIAN)
_MEASURED = ("/metrics", "/healthz", "/readyz", "/api/health", "/api/steward/status")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run left things. database: PostgreSQL's own folder, if it was that."""

    server: DrillServer
    folder: Path
    measured: list[bytes]
    database: Path | None


LOUD_PLACES: dict[str, Callable[[Place], Iterable[bytes]]] = {
    "log": lambda place: [place.server.log.read_bytes()],
    "measurements": lambda place: place.measured,
}
"""Where no canary may be, not even of what the place says to everybody."""
KEPT_PLACES: dict[str, Callable[[Place], Iterable[bytes]]] = {
    "data": lambda place: files_of(place.server.settings.data_dir),
    "temporary": lambda place: files_of(place.folder / "tmp"),
    "backup": lambda place: files_of(place.folder / "kept", place.folder / "keys"),
    "postgres": lambda place: files_of(place.database) if place.database else [],
}
"""Where those that are sealed may not be. A further store is one more line."""


def run() -> dict[str, Any]:
    """TIMES (5) each frame and each request around; fields of text as everybody, on SQLite and on PostgreSQL.

    ok: at least 300 went in, and none is found in a log at debug level, in what is measured, in a refusal, in the
    data, its backup, or PostgreSQL's folder. Controls, each caught: a server that logs what it hears; and words
    that the place keeps open, which are found.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    times = size("TIMES", 5)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-canaries-")))
        url = stack.enter_context(postgres_process()) if installed.find_postgres("postgres") else ""
        figures = {"sqlite": await plant(root / "sqlite", times)}
        if url:
            made = await Postgres(url).create()
            figures["postgres"] = await plant(root / "postgres", times, made)
        control = await plant(root / "control", 1, changed=_LOUD | {"DRILL_WITHOUT": "silence"})
    for found in figures.values():
        print(*found.pop("wrong"), sep="\n")
    caught = {
        "control_logged_caught": control["found"]["log"] > 0,
        "control_open_caught": all(found["open_found"] > 0 for found in figures.values()),
    }
    return {
        **figures,
        "planted": sum(found["planted"] for found in figures.values()),
        "control_logged": control["found"]["log"],
        **caught,
        "control_caught": all(caught.values()),
        "ok": all(caught.values())
        and "postgres" in figures
        and all(_is_clean(found) for found in figures.values()),
    }  # fmt: skip


async def plant(
    folder: Path, times: int, url: str = "", changed: dict[str, str] | None = None
) -> dict[str, Any]:
    """Put them in, keep a copy of everything, and look. url: a PostgreSQL database; empty: SQLite."""
    tmp = folder / "tmp"
    tmp.mkdir(parents=True)
    more = {"database_url": url} if url else {}
    circumstances = Circumstances(environment={"TMPDIR": str(tmp)}, changed=changed or _LOUD)
    server = DrillServer(folder / "hearth", circumstances, limits="bench", **more)
    planted = Planted()
    try:
        await server.start()
        await _plant_all(server, planted, times)
        measured = await asyncio.to_thread(_measure, server)
        opened = await asyncio.to_thread(beside.read, server.settings, reached)
        database = await _folder_of(url) if url else None
        place = Place(server, folder, measured, database)
        early = _look(place, planted)
        await server.stop()
        if not url:
            await asyncio.to_thread(_keep, server, folder)
        late = _look(place, planted)
    finally:
        server.kill()
    return _figures(planted, opened, early, late)


async def _plant_all(server: DrillServer, planted: Planted, times: int) -> None:
    openapi = await Http(server.url).call("GET", "/api/openapi.json")
    world = await build(server)
    await asyncio.to_thread(plant_bodies, server, openapi, world, planted)
    for one in text_fields(openapi, world):
        if str(world.case) in one.path:
            # Each of these closes the case, or moves it on: the next one needs another.
            world = await build(server)
            [fresh] = [
                it for it in text_fields(openapi, world) if (it.name, it.field) == (one.name, one.field)
            ]  # fmt: skip
            for role in _ROLES_AT_A_CASE:
                if await asyncio.to_thread(plant_one, server, fresh, role, world, planted):
                    break
    await asyncio.to_thread(plant_frames, server, world, planted, times)
    await asyncio.to_thread(plant_around, server, world, planted, times)


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


async def _folder_of(url: str) -> Path:
    """PostgreSQL's own, with everything of its memory written out."""
    connection = await asyncpg.connect(url)
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
    return found["planted"] >= 300 and not found["echoed"] and not any(found["found"].values())


def _quiet(*_: object) -> None:
    return
