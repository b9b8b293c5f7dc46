"""One verb on the database, from a process of its own beside a server that may be running."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from server.clock import SystemClock
from server.settings import Settings
from server.store.keys import KeyStore
from server.store.migrating import migrate
from server.store.opening import open_database, open_key_file
from server.store.sealing import Sealer
from server.store.work import Work

Result = TypeVar("Result")


def do(settings: Settings, verb: Callable[[Work], Result]) -> Result:
    """Durable on return. A running server notices by itself at the room's next change."""
    migrate(settings)
    return asyncio.run(_do(settings, verb))


async def _do(settings: Settings, verb: Callable[[Work], Result]) -> Result:
    key_file = open_key_file(settings)
    keys = KeyStore(settings.keys_path, key_file)
    database = open_database(settings, Sealer(key_file, keys), SystemClock(), lambda _: None)
    try:
        return await database.do(verb)
    finally:
        await database.close()
        keys.close()
