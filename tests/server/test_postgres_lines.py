"""The connections to PostgreSQL: all in use, ended while nobody used them, ended in the middle of a work."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from server.errors import Unavailable
from server.store.postgres import PostgresDatabase
from server.store.work import Together, Work
from tests.server.store_fixture import TestClock, open_postgres
from tests.services import Postgres

_CONNECTIONS = 8
_END_OTHERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_END_MYSELF = "SELECT pg_terminate_backend(pg_backend_pid())"
_END_AT_COMMIT = (
    "CREATE FUNCTION end_myself() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$",
    "CREATE TABLE fated (number int)",
    "CREATE CONSTRAINT TRIGGER fate AFTER INSERT ON fated DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION end_myself()",
)


@pytest.fixture
async def database(postgres: Postgres, tmp_path: Path) -> AsyncIterator[PostgresDatabase]:
    database = await open_postgres(await postgres.create(), tmp_path, TestClock(), [])
    yield database
    await database.close()


def _run(work: Work, *statements: str) -> None:
    for statement in statements:
        work.connection.execute(text(statement))


def _number(work: Work, query: str = "SELECT 1") -> int:
    return int(work.connection.execute(text(query)).scalar_one())


async def test_connections_that_were_ended_meanwhile_cost_nobody_an_error(
    database: PostgresDatabase,
) -> None:
    await asyncio.gather(*(database.read(_number) for _ in range(_CONNECTIONS)))
    ended = await database.read(lambda work: _number(work, _END_OTHERS))
    assert ended, "the guard: there were others"
    wishes = [database.read(_number) for _ in range(_CONNECTIONS)]
    wishes += [database.do(_number) for _ in range(_CONNECTIONS)]
    assert await asyncio.gather(*wishes) == [1] * len(wishes)


async def test_a_work_that_loses_its_connection_before_its_commit_goes_again(
    database: PostgresDatabase,
) -> None:
    tries = []

    def write(work: Work) -> None:
        tries.append(1)
        _run(work, "INSERT INTO said VALUES (1)", *([_END_MYSELF] if len(tries) == 1 else []))

    await database.do(lambda work: _run(work, "CREATE TABLE said (number int)"))
    await database.do(write)
    assert await database.read(lambda work: _number(work, "SELECT count(*) FROM said")) == 1
    assert len(tries) == 2


async def test_a_work_that_loses_its_connection_in_its_commit_is_not_done_again(
    database: PostgresDatabase,
) -> None:
    """Nobody knows whether it was done."""
    tries = []

    def write(work: Work) -> None:
        tries.append(1)
        _run(work, "INSERT INTO fated VALUES (1)")

    await database.do(lambda work: _run(work, *_END_AT_COMMIT))
    with pytest.raises(Unavailable):
        await database.do(write)
    assert len(tries) == 1


async def test_what_is_done_together_and_lost_in_its_commit_is_asked_for_one_by_one(
    database: PostgresDatabase,
) -> None:
    """Each finds out for itself whether it was done."""
    together: list[int] = []

    def many(work: Work, items: Sequence[int]) -> list[int | None]:
        together.extend(items)
        _run(work, "INSERT INTO fated VALUES (1)")
        return list(items)

    await database.do(lambda work: _run(work, *_END_AT_COMMIT))
    alone = Together(many, lambda work, item: -item)
    assert await asyncio.gather(*(database.do_together(alone, n) for n in (1, 2))) == [-1, -2]
    assert sorted(together) == [1, 2], "once each"


async def test_who_finds_every_connection_in_use_may_come_again(
    database: PostgresDatabase,
) -> None:
    def take_long(work: Work) -> None:
        _run(work, "SELECT pg_sleep(4)")

    busy = [asyncio.create_task(database.do(take_long)) for _ in range(_CONNECTIONS)]
    await asyncio.sleep(0.5)
    with pytest.raises(Unavailable) as refused:
        await database.do(lambda work: work.now)
    assert refused.value.retry_after_s
    await asyncio.gather(*busy)
    assert await database.do(lambda work: work.now), "the guard: it is not down"
