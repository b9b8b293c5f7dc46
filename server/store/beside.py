"""One verb on the database, from a process of its own beside a server that may be running."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from server.clock import SystemClock
from server.errors import ServerError
from server.ids import new_id
from server.settings import Settings
from server.store.heads import Heads
from server.store.keys import KeyFile, KeyStore
from server.store.migrating import migrate
from server.store.occupied import in_use
from server.store.opening import open_database, open_key_file
from server.store.sealing import Sealer
from server.store.signing import sign
from server.store.work import Database, Work

Result = TypeVar("Result")
log = logging.getLogger(__name__)


def do(settings: Settings, verb: Callable[[Work], Result]) -> Result:
    """Durable on return. Opens the key (and makes it at the very first start), migrates, runs the verb.

    What the verb adds to the audit log is signed; when that fails, it is only logged.

    A running server notices by itself: ended sessions and changed roles within seconds, changes in a
    room at that room's next one, a new seat of staff when they next connect. On PostgreSQL it hears
    within a second of all that was told.
    """
    with in_use(settings):
        return _do(settings, verb)


def _do(settings: Settings, verb: Callable[[Work], Result]) -> Result:
    key_file = open_key_file(settings)
    migrate(settings)

    async def do_and_sign(database: Database) -> Result:
        result = await database.do(verb)
        try:
            await sign(database, Heads(settings.heads_path, key_file))
        except (ServerError, OSError) as error:
            log.warning("the audit log is not signed: %s", type(error).__name__)
        return result

    return asyncio.run(_with_database(settings, key_file, do_and_sign, new_id()))


def read(settings: Settings, verb: Callable[[Work], Result]) -> Result:
    """From a snapshot of what is there: no key file is made, and nothing is migrated."""
    key_file = KeyFile.read(settings.key_path)
    return asyncio.run(_with_database(settings, key_file, lambda database: database.read(verb)))


async def open_and(settings: Settings, go: Callable[[Database], Awaitable[Result]]) -> Result:
    """Several verbs beside a server, each of them its own work: a long look keeps nobody waiting."""
    return await _with_database(settings, KeyFile.read(settings.key_path), go)


async def _with_database(
    settings: Settings,
    key_file: KeyFile,
    go: Callable[[Database], Awaitable[Result]],
    worker: UUID | None = None,
) -> Result:
    keys = KeyStore(settings.keys_at, key_file)
    sealer = Sealer(key_file, keys)
    database = open_database(settings, sealer, SystemClock(), lambda _: None, worker)
    try:
        return await go(database)
    finally:
        await database.close()
        keys.close()
