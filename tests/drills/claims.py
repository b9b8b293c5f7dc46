"""500 claim-and-decide pairs at once, then "next case" on many pages: one owner, one decision, losers are told."""

import asyncio
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from server.client import Client, Http
from server.protocol import bodies, frames
from server.replay.staging import new_tag
from tests.bench.adapters import NotInstalled
from tests.bench.pg import Cluster
from tests.drills._claiming import Claiming
from tests.drills._desk import Desk, open_desk, raise_cases
from tests.drills._fairness import find_faults, read_book
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import has_become

_CONTROL_PAIRS = 120
_SETTLE_S = 10.0
_CONTROLS = {
    "sqlite": ("version", "holder"),
    "postgres": ("version", "lock"),
}
"""What is taken out of the server. SQLite has one writer and needs no lock on a row."""


def run() -> dict[str, Any]:
    """PAIRS (500), MODERATORS (4), POSTGRES=0: leave it out; CONTROL_PAIRS (120).

    ok: no faults on SQLite, nor on PostgreSQL where it is installed; and each control has some: a
    server that does not compare the version, or the holder, or locks no rows.
    """
    figures = {"sqlite": asyncio.run(_on("sqlite", lambda: {}))}
    with _postgres() as fresh:
        if fresh:
            figures["postgres"] = asyncio.run(_on("postgres", fresh))
    return figures | {"ok": all(found["ok"] for found in figures.values())}


Fresh = Callable[[], dict[str, str]]
"""Settings for a database that nobody has used."""


@contextmanager
def _postgres() -> Iterator[Fresh | None]:
    """On a cluster of our own; None where it is not installed, or not wanted."""
    try:
        Cluster.check_installed()
    except NotInstalled as missing:
        print(f"Without PostgreSQL: {missing} is not installed.", flush=True)
        yield None
        return
    if os.environ.get("POSTGRES") == "0":
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="hearth-claims-pg-") as folder:
        cluster = Cluster(Path(folder))
        cluster.start()
        try:
            yield partial(_new_database, cluster)
        finally:
            cluster.process.terminate()
            cluster.process.wait(_SETTLE_S)


def _new_database(cluster: Cluster) -> dict[str, str]:
    name = f"claims_{new_tag()}"
    cluster.run_sql("-c", f"CREATE DATABASE {name}")
    return {"database_url": urlsplit(cluster.url)._replace(path=f"/{name}").geturl()}


async def _on(engine: str, fresh: Fresh) -> dict[str, Any]:
    pairs, moderators = size("PAIRS", 500), size("MODERATORS", 4)
    # Each pair is a thread's: they are to be under way at once, not one after the other.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(pairs))
    figures = await _drill(fresh(), pairs, moderators, {})
    caught = {}
    for control in _CONTROLS[engine]:
        changed = {"DRILL_WITHOUT": control}
        found = await _drill(fresh(), size("CONTROL_PAIRS", _CONTROL_PAIRS), moderators, changed)
        caught[control] = found["faults"]
    return figures | {
        "controls_caught": caught,
        "ok": not figures["faults"] and all(caught.values()),
    }


async def _drill(
    settings: Mapping[str, str], pairs: int, moderators: int, changed: Mapping[str, str]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-claims-") as folder:
        server = DrillServer(Path(folder), Circumstances(changed=changed), **settings)
        try:
            await server.start()
            desk = await open_desk(server, moderators)
            return await _at(server, desk, max(1, pairs // moderators))
        finally:
            server.kill()


async def _at(server: DrillServer, desk: Desk, count: int) -> dict[str, Any]:
    """A race for so many cases, then as many new ones handed out together with what was given back."""
    heard: dict[UUID, list[int]] = defaultdict(list)

    def tap(frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.QueueChanged):
            heard[frame.case].append(frame.version)

    claiming = Claiming(server.url, desk)
    async with Client(server.url, desk.watcher.token, tap=tap):
        raced = await raise_cases(server, desk, count)
        await claiming.race(raced)
        fresh = await raise_cases(server, desk, count)
        await claiming.work_off()
        book = await server.on_database(partial(read_book, cases=[*raced, *fresh]))
        await has_become(lambda: _has_heard(heard, book.versions), _SETTLE_S)
    names = {one.id: one.name for one in desk.moderators}
    faults = find_faults(claiming.acts, book, heard, names)
    faults.update({name: claiming.counts[name] for name in ("not_mine", "no_answer")})
    faults["notices_otherwise"] = await _notices_otherwise(server, desk, book.told, book.answered)
    refused = Counter(act.code for act in claiming.acts if act.got is None)
    return {
        "cases": len(book.versions),
        "pairs": claiming.counts["pairs"],
        "asked": len(claiming.acts),
        "claimed": _granted(claiming, "claim"),
        "handed_out": _granted(claiming, "handed"),
        "given_back": _granted(claiming, "release"),
        "decided": len(book.decided),
        "refused": dict(refused),
        "busy": claiming.counts["busy"],
        "faults": dict(+faults),
    }


def _granted(claiming: Claiming, what: str) -> int:
    return sum(1 for act in claiming.acts if act.what == what and act.got)


def _has_heard(heard: Mapping[UUID, list[int]], versions: Mapping[UUID, int]) -> bool:
    return all(
        heard.get(case, [])[-1:] == [version] for case, version in versions.items() if version > 1
    )


async def _notices_otherwise(server: DrillServer, desk: Desk, *stored: Counter[Any]) -> int:
    """How many peers read another number of notices than is stored for them."""
    due = Counter(member for told in stored for _, member, *_ in told.elements())
    wrong = 0
    for peer in desk.peers:
        mine = await Http(server.url, peer.token).read("/api/me/notices", bodies.Notices)
        wrong += len(mine.notices) != due[peer.id]
    return wrong
