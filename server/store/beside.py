"""One verb on the database, from a process of its own beside a server that may be running."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from server.clock import SystemClock
from server.settings import Settings
from server.store.keys import KeyFile, KeyStore
from server.store.migrating import migrate
from server.store.opening import open_database, open_key_file
from server.store.sealing import Sealer
from server.store.work import Work

Result = TypeVar("Result")


def do(settings: Settings, verb: Callable[[Work], Result]) -> Result:
    """Durable on return. Opens the key (and makes it at the very first start), migrates, runs the verb.

    A running server notices by itself: ended sessions and changed roles within seconds, changes in a
    room at that room's next one, a new seat of staff when they next connect.
    """
    key_file = open_key_file(settings)
    migrate(settings)
    return asyncio.run(_do(settings, key_file, verb))


async def _do(settings: Settings, key_file: KeyFile, verb: Callable[[Work], Result]) -> Result:
    keys = KeyStore(settings.keys_path, key_file)
    database = open_database(settings, Sealer(key_file, keys), SystemClock(), lambda _: None)
    try:
        return await database.do(verb)
    finally:
        await database.close()
        keys.close()
