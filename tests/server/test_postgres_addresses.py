"""Where PostgreSQL is, as its own tools write it: over TLS that is checked, and on one of several hosts."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from server.errors import Misconfigured
from server.settings import read_settings
from server.store.copies.postgres_side import postgres_side
from server.store.engines import migration_engine, postgres_engine
from server.store.turn import Turn
from tests.certificates import certificate_of
from tests.server.live_server import free_port
from tests.services import Postgres, postgres_process

_IS_TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a server that takes TLS alone, with its certificate checked."""
    certificate, key = certificate_of("localhost", days=2)
    trusted = tmp_path / "postgresql.crt"
    trusted.write_bytes(certificate)
    with postgres_process(certificate + key) as url:
        asked = url.replace("127.0.0.1", "localhost")
        asked += f"?sslmode=verify-full&sslrootcert={trusted}"
        async with asyncio.timeout(20):
            while True:
                try:
                    await (await asyncpg.connect(asked)).close()
                    break
                except (OSError, asyncpg.PostgresError):
                    await asyncio.sleep(0.05)
        yield asked


async def _ask(engine: AsyncEngine, query: str) -> object:
    async with engine.connect() as connection:
        found = (await connection.execute(text(query))).scalar_one()
    await engine.dispose()
    return found


def _for_migrations(url: str) -> AsyncEngine:
    engine = migration_engine(url, Path())
    assert isinstance(engine, AsyncEngine)
    return engine


@pytest.mark.parametrize("engine_of", [postgres_engine, _for_migrations])
async def test_it_is_reached_over_tls_that_is_checked(
    engine_of: Callable[[str], AsyncEngine], strict: str, tmp_path: Path
) -> None:
    assert await _ask(engine_of(strict), _IS_TLS) is True
    other = tmp_path / "other.crt"
    other.write_bytes(certificate_of("localhost", days=2)[0])
    with pytest.raises(ssl.SSLCertVerificationError):
        await _ask(engine_of(strict.replace("postgresql.crt", "other.crt")), _IS_TLS)


async def test_a_commit_waits_for_the_disk_and_what_hangs_gives_up(postgres: Postgres) -> None:
    engine = postgres_engine(postgres.url)
    asked = {"synchronous_commit": "on", "statement_timeout": "5s", "tcp_user_timeout": "10000"}
    async with engine.connect() as connection:
        for name, value in asked.items():
            assert (await connection.execute(text(f"SHOW {name}"))).scalar_one() == value
    await engine.dispose()


async def test_so_is_it_for_copies_and_for_the_turn(strict: str) -> None:
    async with postgres_side(strict) as side:
        assert await side.driver.fetchval(_IS_TLS) is True
    begun = asyncio.Event()

    async def begin() -> None:
        begun.set()

    keeping = asyncio.create_task(Turn(strict, lambda: [begin()]).keep())
    async with asyncio.timeout(20):
        await begun.wait()
    keeping.cancel()


async def test_of_several_hosts_the_one_that_takes_writes_is_used(postgres: Postgres) -> None:
    there = postgres.url.replace("@", f"@127.0.0.1:{free_port()},")
    there += "?target_session_attrs=read-write"
    assert await _ask(postgres_engine(there), "SELECT 1") == 1


@pytest.mark.parametrize("name", ["HEARTH_DATABASE_URL", "HEARTH_KEYS_DATABASE"])
def test_an_address_for_another_driver_is_refused_with_what_to_write(name: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({name: "postgresql://hearth@db/hearth?ssl=verify-full"})
    assert f"{name}: write sslmode=" in refused.value.detail
