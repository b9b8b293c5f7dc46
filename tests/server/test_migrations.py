"""Migrations: up, down and up again on both databases, and nothing in the tables that they do not make."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from server.settings import Settings, read_settings
from server.store import migrating
from server.store.migrating import migrate
from tests.drills._filled import all_sums, differing, fill
from tests.server.migrated import differences, look
from tests.services import Postgres


@pytest.fixture
async def settings(server: Any, tmp_path: Path) -> Settings:
    url = await server.create() if server else None
    return read_settings({}, data_dir=tmp_path, database_url=url)


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def go(settings: Settings, revision: str) -> None:
    await asyncio.to_thread(migrate, settings, revision)


async def test_up_down_and_up_again(settings: Settings) -> None:
    await go(settings, "head")
    assert await look(settings, tables) == set(SQLModel.metadata.tables)
    assert await look(settings, differences) == []
    await go(settings, "base")
    assert await look(settings, tables) == set()
    await go(settings, "head")
    await go(settings, "head")
    assert await look(settings, tables) == set(SQLModel.metadata.tables)


async def test_going_back_and_forth_leaves_all_there_was(settings: Settings) -> None:
    await asyncio.to_thread(fill, settings, 60)
    before = await all_sums(settings)
    await go(settings, "-5")
    await go(settings, "head")
    assert differing(before, await all_sums(settings)) == []
    assert await look(settings, differences) == []


async def test_a_table_in_use_is_waited_for_and_others_go_on_using_it(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_PATIENCE_MS", 100)
    settings = read_settings({}, data_dir=tmp_path, database_url=await postgres.create())
    await go(settings, "head")
    user, other = [await asyncpg.connect(settings.database_url) for _ in range(2)]
    async with user.transaction():
        await user.execute("SELECT count(*) FROM message")
        going = asyncio.create_task(go(settings, "base"))
        for _ in range(30):  # behind one that waits for the whole table nobody would read
            await other.execute("SELECT count(*) FROM message", timeout=60)
            await asyncio.sleep(0.05)
        assert not going.done()
    await going
    assert await look(settings, tables) == set()
    for connection in (user, other):
        await connection.close()


async def test_of_two_who_migrate_at_once_one_finds_it_done(
    postgres: Postgres, tmp_path: Path
) -> None:
    settings = read_settings({}, data_dir=tmp_path, database_url=await postgres.create())
    await asyncio.gather(go(settings, "head"), go(settings, "head"))
    assert await look(settings, tables) == set(SQLModel.metadata.tables)


def test_the_newest_revision_is_the_one_the_server_looks_for() -> None:
    scripts = ScriptDirectory(str(Path(migrating.__file__).parents[2] / "migrations"))
    assert scripts.get_current_head() == migrating.NEWEST, "set NEWEST with each new migration"
