"""Opening what a deployment's settings name."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from uuid import UUID

from server.clock import Clock
from server.settings import Settings
from server.store.keys import KeyFile
from server.store.postgres import PostgresDatabase
from server.store.sealing import Sealer
from server.store.sqlite import SqliteDatabase
from server.store.work import Announcement, Database

log = logging.getLogger(__name__)


def open_key_file(settings: Settings) -> KeyFile:
    """The key file; made at the very first start, and never replaced where there is already something sealed."""
    if not settings.key_path.exists() and _is_new_here(settings):
        KeyFile.make(settings.key_path)
        log.info("made a new key file; keep a copy of it apart from the database")
    return KeyFile.read(settings.key_path)


def _is_new_here(settings: Settings) -> bool:
    """Never where keys lie elsewhere: this machine may be the second of several, which share one key file."""
    if isinstance(settings.keys_at, str):
        return False
    traces = (settings.keys_at, settings.sqlite_path, settings.heads_path)
    return not any(path.exists() for path in traces)


def settle_journal(settings: Settings) -> None:
    """What was deleted is gone from the embedded database's journal, too. Does nothing while somebody reads long."""
    if settings.database_url.startswith("postgres"):
        return
    with closing(sqlite3.connect(settings.sqlite_path, timeout=1.0)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def open_database(
    settings: Settings,
    sealer: Sealer,
    clock: Clock,
    announce: Callable[[list[Announcement]], None],
    worker: UUID | None = None,
) -> Database:
    """The embedded database, or the one that is named. worker: who serves, where several may."""
    if settings.database_url.startswith("postgres"):
        return PostgresDatabase(settings.database_url, sealer, clock, announce, worker)
    return SqliteDatabase(settings.sqlite_path, sealer, clock, announce)
