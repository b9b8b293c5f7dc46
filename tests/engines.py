"""What the places of tests stand on: the embedded database and one process, as a place is by default.

With TEST_ENGINE=postgres the same tests run on the other kind of place: PostgreSQL, Redis, and two workers
wherever a test starts `hearth serve`. What a test says of the embedded database alone is marked `embedded`.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from server.settings import Settings, read_settings
from server.store.migrating import migrate
from server.store.opening import open_key_file, settle_journal
from tests.services import Postgres, postgres_process, redis_process

WORKERS = 2
_RUNNING = ExitStack()


def are_shared() -> bool:
    """Whether this run is on PostgreSQL and Redis."""
    return os.environ.get("TEST_ENGINE") == "postgres"


@pytest.hookimpl(trylast=True)  # once it is said where files lie
def pytest_configure(config: pytest.Config) -> None:
    """One PostgreSQL and one Redis for all tests of this process, unless they are given."""
    spreads = bool(config.getoption("numprocesses", None))  # then others run the tests
    if not are_shared() or spreads:
        return
    for variable, process in (
        ("TEST_DATABASE_URL", postgres_process),
        ("TEST_REDIS_URL", redis_process),
    ):
        if variable not in os.environ:
            os.environ[variable] = _RUNNING.enter_context(process())


def pytest_unconfigure() -> None:
    """They end with it."""
    _RUNNING.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is of the embedded database alone is skipped, and says why."""
    for item in items:
        if are_shared() and (mark := item.get_closest_marker("embedded")):
            item.add_marker(pytest.mark.skip(f"the embedded database alone: {mark.args[0]}"))


def of_a_place() -> dict[str, str]:
    """Settings that say where a new place is: nothing, or a database of its own."""
    if not are_shared():
        return {}
    with ThreadPoolExecutor(1) as aside:  # whoever asks may be on a loop
        url = aside.submit(asyncio.run, _server().clone("migrated", _migrated)).result()
    return {"database_url": url, "redis_url": os.environ["TEST_REDIS_URL"]}


def begin(settings: Settings) -> None:
    """What a first start makes of a new embedded place, from a copy: the migrations cost a hundred times as much."""
    if settings.database_url.startswith("postgres") or isinstance(settings.keys_at, str):
        return
    if settings.sqlite_path.exists():
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    open_key_file(settings)
    settings.sqlite_path.write_bytes(_newest_file())


def flags() -> list[str]:
    """Of `hearth serve`."""
    return ["--workers", str(WORKERS)] if are_shared() else []


@cache
def _newest_file() -> bytes:
    with TemporaryDirectory() as folder:
        settings = read_settings({}, data_dir=Path(folder))
        migrate(settings)
        settle_journal(settings)
        return settings.sqlite_path.read_bytes()


@cache
def _server() -> Postgres:
    return Postgres(os.environ["TEST_DATABASE_URL"])


async def _migrated(url: str) -> None:
    await asyncio.to_thread(migrate, read_settings({}, database_url=url))
