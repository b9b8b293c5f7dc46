"""The power fails thirty times in mid-write: what was acknowledged, or shown, is on the disk, 0 lost."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from server.settings import read_settings
from server.store import beside
from tests.drills._disks import claim_mounts, server_on_a_disk
from tests.drills._kept import Kept, read_kept
from tests.drills._powercuts import Disk, cut_power

_IMAGE_MIB = 512


def run() -> dict[str, Any]:
    """CUTS (30), CLIENTS (20), MESSAGES (11000), CLASSIFIER (embedded), CONTROL (NORMAL, or OFF), SEED.

    ok: after each cut everything acknowledged or heard by a socket is there, word for word, and the
    databases are whole; and the control, which waits less for the disk, is caught.
    """
    claim_mounts()
    # At the last cut there are 10,000 or more.
    found = asyncio.run(cut_power(_on_sqlite, cuts=30, messages=11_000))
    return found | {"control_synchronous": _control()}


def _control() -> str:
    return os.environ.get("CONTROL", "NORMAL")


@asynccontextmanager
async def _on_sqlite(weak: bool) -> AsyncIterator[Disk]:
    changed = {"DRILL_SYNCHRONOUS": _control()} if weak else {}
    async with server_on_a_disk(_IMAGE_MIB, changed) as (server, image):
        yield Disk(image, server, lambda: [server.pid], _read)


def _read(back: Path) -> Kept:
    return beside.do(read_settings({}, data_dir=back, classifier="lexicon"), read_kept)
