"""The disk is full, and healed: each send is durable or refused as retryable, reads go on, nobody has to act.

Some of those who are refused try again until they are through; others give up, and what they said must
never appear. The data lie on a small file system that a file fills up.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.drills._disks import claim_mounts, fill, server_on_a_disk
from tests.drills._sizes import size
from tests.drills._troubled import beside_control, talk_through

_IMAGE_MIB = 48


class _Full:
    """No room is left on a disk."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk

    async def begin(self) -> None:
        """A file takes all of it."""
        self._filler = await asyncio.to_thread(fill, self._disk)

    async def end(self) -> None:
        """It goes."""
        self._filler.unlink()


def run() -> dict[str, Any]:
    """TIMES (2), FULL_S (10), CLIENTS (12), CLASSIFIER (embedded).

    ok: nothing acknowledged is lost, nothing else is kept or heard, all refusals were retryable, reads
    went on, the process is the same, and it took messages again within 5 s. The control's server says
    `posted` also when the disk refused, and must be caught.
    """
    claim_mounts()
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    figures = await _drill(size("TIMES", 2), {})
    control = await _drill(1, {"DRILL_LIES": "1"})
    return beside_control(figures, control)


async def _drill(times: int, changed: Mapping[str, str]) -> dict[str, Any]:
    async with server_on_a_disk(_IMAGE_MIB, changed) as (server, _):
        disk = server.settings.data_dir
        return await talk_through(server, _Full(disk), times, size("FULL_S", 10))
