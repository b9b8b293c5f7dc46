"""Migrations: up, down and up again on both databases, nothing in the tables that they do not make, and older code
beside them."""

import asyncio
import re
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel

from server.errors import NotNow
from server.settings import Settings, read_settings
from server.store import migrating
from server.store.migrating import migrate, stands_at
from tests.drills._filled import all_sums, differing, fill
from tests.server.live_server import LiveServer
from tests.server.migrated import differences, look
from tests.services import Postgres

SCRIPTS = ScriptDirectory(str(Path(migrating.__file__).parents[2] / "migrations"))
OF_TOMORROW = "feedfacecafe"
SHUTS_OUT = {
    "a column that older code does not fill": r"ADD COLUMN (?!.*DEFAULT).*NOT NULL",
    "a column that older code may leave empty": r"ALTER COLUMN \S+ SET NOT NULL",
    "a default that older code counts on": r"ALTER COLUMN \S+ DROP DEFAULT",
    "a column that older code names": r"ALTER TABLE \S+ (DROP COLUMN|RENAME (?!TO ))",
    "a table that older code names": r"DROP TABLE|ALTER TABLE \S+ RENAME TO",
}
GRANTED = {
    ("c83e6f0d17a4", "a default that older code counts on"): "a4d70b93c5e2 gives it back",
}
"""What was done before anybody looked, and why it may stay."""


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
    assert SCRIPTS.get_current_head() == migrating.NEWEST, "set NEWEST with each new migration"


def of_tomorrow(connection: Connection) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": OF_TOMORROW})
    connection.commit()


async def test_a_database_of_newer_code_stays_as_it_is(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    await go(settings, "head")
    await look(settings, of_tomorrow)
    await go(settings, "head")
    assert await look(settings, stands_at) == OF_TOMORROW
    assert [one.levelname for one in caplog.records if OF_TOMORROW in one.message] == ["WARNING"]
    with pytest.raises(NotNow) as refused:
        await go(settings, "-1")
    assert OF_TOMORROW in refused.value.detail


async def test_older_code_serves_on_it(tmp_path: Path) -> None:
    older = LiveServer(tmp_path / "hearth")
    await older.on_database(lambda work: work.now)
    await look(older.settings, of_tomorrow)
    await older.start()
    try:
        assert await older.on_database(lambda work: work.now), "commands go on beside it"
    finally:
        older.kill()


async def test_a_room_that_older_code_makes_is_for_everybody(settings: Settings) -> None:
    await go(settings, "head")

    def default(connection: Connection) -> str:
        columns = inspect(connection).get_columns("room")
        return str(next(one["default"] for one in columns if one["name"] == "age_group"))

    assert "everybody" in await look(settings, default)


def statements(script: Script) -> list[str]:
    """What it says to PostgreSQL on the way up; nothing of the tables that it makes itself."""
    written = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
    )
    with Operations.context(context):
        script.module.upgrade()
    said = [" ".join(one.split()) for one in written.getvalue().split(";")]
    made = re.findall(r"CREATE TABLE (\S+)", " ".join(said))
    return [one for one in said if not re.match(rf"ALTER TABLE ({'|'.join(made) or '-'}) ", one)]


def shut_out(said: list[str]) -> set[str]:
    return {what for what, how in SHUTS_OUT.items() if any(re.search(how, one) for one in said)}


def test_no_migration_shuts_out_older_code() -> None:
    """Old and new serve side by side in a rolling update (decisions 50, 55)."""
    found = {
        (script.revision, what)
        for script in SCRIPTS.walk_revisions()
        for what in shut_out(statements(script))
    }
    assert found == set(GRANTED)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (
            "ALTER TABLE room ADD COLUMN a VARCHAR NOT NULL",
            "a column that older code does not fill",
        ),
        (
            "ALTER TABLE room ALTER COLUMN a SET NOT NULL",
            "a column that older code may leave empty",
        ),
        ("ALTER TABLE room ALTER COLUMN a DROP DEFAULT", "a default that older code counts on"),
        ("ALTER TABLE room DROP COLUMN a", "a column that older code names"),
        ("ALTER TABLE room RENAME COLUMN a TO b", "a column that older code names"),
        ("ALTER TABLE room RENAME a TO b", "a column that older code names"),
        ("DROP TABLE room", "a table that older code names"),
        ("ALTER TABLE room RENAME TO hall", "a table that older code names"),
        ("ALTER TABLE room ADD COLUMN a VARCHAR DEFAULT 'b' NOT NULL", None),
        ("ALTER TABLE room ADD COLUMN a VARCHAR", None),
    ],
)
def test_what_shuts_out_older_code_is_seen(said: str, what: str | None) -> None:
    assert shut_out([said]) == ({what} if what else set())
