"""Files of members' own data: made off the loop, sealed on the disk, gone when they were fetched."""

import asyncio
import logging
from functools import partial
from pathlib import Path
from uuid import UUID

from server.access import Actor
from server.api.depend import Parts
from server.errors import ServerError
from server.services import exporting
from server.services.exporting import Ready
from server.settings import Settings
from server.store import own_data
from server.store.durable import write_durably
from server.store.work import Database

log = logging.getLogger(__name__)


async def make_exports(settings: Settings, database: Database) -> int:
    """Every copy that waits. Returns how many were made; one that fails is told to its owner as failed."""
    waiting = await database.read(own_data.waiting)
    for export in waiting:
        size_bytes = None
        try:
            ready = await database.read(partial(exporting.make, export=export))
            await asyncio.to_thread(_keep, settings, ready)
            size_bytes = ready.size_bytes
        except (ServerError, OSError) as error:
            log.error("export %s failed: %s", export.id, type(error).__name__)
        await database.do(
            partial(
                exporting.finish,
                member_id=export.member_id,
                export_id=export.id,
                size_bytes=size_bytes,
            )
        )
    return len(waiting)


async def drop_files(settings: Settings, database: Database) -> None:
    """Those that nobody may fetch any more."""
    wanted = await database.read(lambda work: own_data.with_files(work, work.now))
    await asyncio.to_thread(_drop_others, settings.exports_path, wanted)


async def take_file(parts: Parts, actor: Actor, export_id: UUID) -> bytes:
    """The one fetch of a file. Raises NotFound, NotNow."""
    export = await parts.database.do(partial(exporting.take, actor=actor, export_id=export_id))
    sealed = await asyncio.to_thread(_take, _path(parts.settings, export.id))
    if sealed is None:  # another machine made it, and keeps it
        sealed = (await parts.database.read(partial(exporting.make, export=export))).sealed
    return await parts.database.read(partial(exporting.open_file, export=export, sealed=sealed))


def _keep(settings: Settings, ready: Ready) -> None:
    settings.exports_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(_path(settings, ready.export_id), ready.sealed)


def _take(path: Path) -> bytes | None:
    if not path.exists():
        return None
    content = path.read_bytes()
    path.unlink()
    return content


def _drop_others(folder: Path, wanted: set[UUID]) -> None:
    names = {str(export_id) for export_id in wanted}
    for path in folder.glob("*") if folder.exists() else ():
        if path.name not in names:
            path.unlink(missing_ok=True)


def _path(settings: Settings, export_id: UUID) -> Path:
    return settings.exports_path / str(export_id)
