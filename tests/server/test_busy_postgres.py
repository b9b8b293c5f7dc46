"""PostgreSQL with every connection in use: whoever comes then is told to try again, not that it is broken."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from server.errors import Unavailable
from server.store.work import Work
from tests.server.store_fixture import TestClock, open_postgres
from tests.services import Postgres

_CONNECTIONS = 8


async def test_who_finds_every_connection_in_use_may_come_again(
    postgres: Postgres, tmp_path: Path
) -> None:
    database = await open_postgres(await postgres.create(), tmp_path, TestClock(), [])

    def take_long(work: Work) -> None:
        work.session.connection().execute(text("SELECT pg_sleep(4)"))

    busy = [asyncio.create_task(database.do(take_long)) for _ in range(_CONNECTIONS)]
    await asyncio.sleep(0.5)
    with pytest.raises(Unavailable) as refused:
        await database.do(lambda work: work.now)
    assert refused.value.retry_after_s
    await asyncio.gather(*busy)
    assert await database.do(lambda work: work.now), "the guard: it is not down"
    await database.close()
