"""The database is locked by another program, or its file system fails: each send is durable or refused; 0 lost.

As in the drill diskfull, some of those who are refused try again until they are through; others give up, and what
they said must never appear.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.drills._disks import claim_mounts, fail, mend, server_on_a_disk
from tests.drills._servers import DrillServer
from tests.drills._sizes import size
from tests.drills._troubled import Trouble, beside_control, talk_through

_IMAGE_MIB = 96
_LOCKED_S, _FAILED_S = 30, 10


class _Locked:
    """Another program holds SQLite's one write lock."""

    def __init__(self, server: DrillServer, image: Path) -> None:
        path = server.settings.sqlite_path
        self._other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    async def begin(self) -> None:
        """It begins to write, and does not come to an end."""
        await asyncio.to_thread(self._other.execute, "BEGIN IMMEDIATE")

    async def end(self) -> None:
        """It lets go."""
        self._other.rollback()


class _Failed:
    """The system finds the file system damaged, and lets nobody write to it any more."""

    def __init__(self, server: DrillServer, image: Path) -> None:
        self._server, self._image = server, image

    async def begin(self) -> None:
        """Linux makes it read-only at once, open files and all."""
        await asyncio.to_thread(fail, self._image)

    async def end(self) -> None:
        """What an operator does: stop, check, mount, start."""
        await self._server.stop()
        await asyncio.to_thread(mend, self._image, self._server.settings.data_dir)
        await self._server.start()


_PARTS: dict[str, tuple[Callable[[DrillServer, Path], Trouble], int]] = {
    "locked": (_Locked, _LOCKED_S),
    "failed": (_Failed, _FAILED_S),
}


def run() -> dict[str, Any]:
    """PARTS (locked failed), TROUBLE_S (30, 10), CLIENTS (12), CLASSIFIER (embedded).

    ok, by part: nothing acknowledged is lost, nothing else is kept or heard, all refusals were retryable, reads went
    on, and messages are taken again within 5 s of its end. The control's server says `posted` also when the database
    refused, and must be caught.
    """
    claim_mounts()
    wanted = os.environ.get("PARTS", " ".join(_PARTS)).split()
    figures = {name: asyncio.run(_part(name)) for name in wanted}
    return figures | {"ok": all(one["ok"] for one in figures.values())}


async def _part(name: str) -> dict[str, Any]:
    figures = await _drill(name, {})
    control = await _drill(name, {"DRILL_LIES": "1"})
    print(f"{name}: {figures}\n  control: {control}", flush=True)
    return beside_control(figures, control)


async def _drill(name: str, changed: Mapping[str, str]) -> dict[str, Any]:
    make, most_s = _PARTS[name]
    async with server_on_a_disk(_IMAGE_MIB, changed) as (server, image):
        return await talk_through(server, make(server, image), 1, size("TROUBLE_S", most_s))
