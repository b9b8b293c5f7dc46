"""The power fails ten times under PostgreSQL: what was acknowledged, or shown, is there after its recovery, 0 lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from server.settings import read_settings
from server.store import beside
from tests.drills._disks import claim_mounts, make_image, mounted, scratch
from tests.drills._kept import Kept, read_kept
from tests.drills._powercuts import Disk, cut_power
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import PostgresHere
from tests.services import folder_of_nobody

_IMAGE_MIB = 1_024
_NOT_WAITING = {"DRILL_COMMIT": "off"}


def run() -> dict[str, Any]:
    """CUTS (10), CLIENTS (20), MESSAGES (6000), SEED.

    PostgreSQL's files and the server's keys lie on one disk; all processes of both stop at once. The copy is
    opened by another PostgreSQL, which recovers it as after a power cut.
    ok: after each cut everything acknowledged or heard by a socket is there, word for word; and the control,
    commits that do not wait for the disk, is caught.
    """
    claim_mounts()
    return asyncio.run(cut_power(_on_postgres, cuts=10, messages=6_000))


@asynccontextmanager
async def _on_postgres(weak: bool) -> AsyncIterator[Disk]:
    with ExitStack() as stack:
        folder, user = stack.enter_context(folder_of_nobody())
        image = Path(stack.enter_context(scratch()), "disk.image")
        make_image(image, _IMAGE_MIB)
        disk = stack.enter_context(mounted(image, folder / "disk"))
        postgres = PostgresHere(_room_for(disk, user), user)
        postgres.make()
        os.sync()  # initdb was told not to; what comes after is PostgreSQL's own doing
        stack.callback(postgres.end, signal.SIGQUIT)
        await postgres.start()
        given = Circumstances(changed=_NOT_WAITING if weak else {})
        server = DrillServer(disk, given, database_url=postgres.url)
        stack.callback(server.kill)
        await server.start()
        yield Disk(image, server, lambda: [server.pid, *postgres.pids()], partial(_read, user=user))


def _room_for(disk: Path, user: int | None) -> Path:
    place = disk / "postgres"
    place.mkdir(mode=0o700)
    if user is not None:
        os.chown(place, user, -1)
    return place


def _read(back: Path, user: int | None) -> Kept:
    for above in (back.parent, back.parent.parent):
        above.chmod(0o711)
    # After a power cut no process has the number that stands there.
    (back / "postgres/db/postmaster.pid").unlink()
    postgres = PostgresHere(back / "postgres", user)
    try:
        asyncio.run(postgres.start())
        settings = read_settings(
            {}, data_dir=back / "data", database_url=postgres.url, classifier="lexicon"
        )
        return beside.do(settings, read_kept)
    finally:
        postgres.end(signal.SIGQUIT)
