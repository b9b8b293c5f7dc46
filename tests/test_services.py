"""The services that other tests stand on are there and mean what they say."""

import asyncpg
import pytest
from playwright.async_api import Page
from redis.asyncio import Redis

from tests.browser import NewPage, axe_findings, check_accessible
from tests.services import Postgres

GOOD = "<!doctype html><html lang=en><title>t</title><main><h1>Hello</h1><p>World</p></main>"
BAD = GOOD.replace("<p>World</p>", "<input><img src='data:,'>")


async def test_postgres_answers(postgres_url: str):
    connection = await asyncpg.connect(postgres_url)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


async def test_each_copy_of_a_database_is_its_own(postgres: Postgres):
    prepared = []

    async def prepare(url: str) -> None:
        prepared.append(url)
        await execute(url, "CREATE TABLE room (name text)")

    first, second = [await postgres.clone("rooms", prepare) for _ in range(2)]
    await execute(first, "INSERT INTO room VALUES ('quiet')")
    await execute(second, "ALTER TABLE room ADD COLUMN topic text")
    assert len(prepared) == 1


async def test_redis_answers_and_is_empty(redis_url: str):
    async with Redis.from_url(redis_url) as redis:
        assert await redis.ping()
        assert await redis.dbsize() == 0


async def test_axe_finds_a_planted_fault_and_nothing_else(new_page: NewPage):
    good, bad = await new_page(), await new_page()
    await good.goto(f"data:text/html,{GOOD}")
    await check_accessible(good)
    await bad.goto(f"data:text/html,{BAD}")
    assert {line.split(":")[0] for line in await axe_findings(bad)} == {
        "critical image-alt",
        "critical label",
    }
    with pytest.raises(pytest.fail.Exception, match="image-alt"):
        await check_accessible(bad)


async def test_the_console_is_heard(page: Page, console_errors: list[str]):
    await page.goto(f"data:text/html,{GOOD}<script>console.error('alas'); nothing()</script>")
    assert any("alas" in line for line in console_errors)
    assert any("uncaught" in line and "nothing" in line for line in console_errors)


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()
