"""Real PostgreSQL and Redis for tests, one of each per test process.

TEST_DATABASE_URL and TEST_REDIS_URL name servers to use instead: we make databases on the one and
empty the other.
"""

import asyncio
import os
import pwd
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests import installed

UP_WITHIN_S = 20.0
PROGRAMS = ("initdb", "postgres")
CLUSTER = ("--auth=trust", "--username=hearth", "--encoding=UTF8", "--locale=C", "--no-sync")
# Nothing here outlives the tests, so nothing needs to reach the disk.
FORGETFUL = ("--fsync=off", "--synchronous_commit=off", "--full_page_writes=off")


class Postgres:
    """A PostgreSQL server and the databases made on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._templates: dict[str, str] = {}
        self._made: list[str] = []

    async def create(self, template: str = "template1") -> str:
        """The URL of a new database, a copy of the template."""
        name = f"test_{uuid4().hex}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self._made.append(name)
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    async def clone(self, name: str, prepare: Callable[[str], Awaitable[None]]) -> str:
        """The URL of a new copy of `name`, which `prepare` fills the first time, given its URL.

        `prepare` leaves no connection open: PostgreSQL copies only what nobody uses.
        """
        if name not in self._templates:
            url = await self.create()
            await prepare(url)
            self._templates[name] = urlsplit(url).path[1:]
        return await self.create(self._templates[name])

    async def drop(self, url: str) -> None:
        """Let go of one of them, before it fills the memory it may live in."""
        name = urlsplit(url).path[1:]
        await self._drop(name)
        self._made.remove(name)

    async def drop_all(self) -> None:
        """Leave nothing behind."""
        for name in self._made:
            await self._drop(name)

    async def _drop(self, name: str) -> None:
        await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def is_up(self) -> None:
        """Raises OSError or PostgresError while it is not."""
        await self._execute("SELECT 1")

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url, timeout=UP_WITHIN_S)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[Postgres]:
    """A PostgreSQL server."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        server = Postgres(url)
        yield server
        await server.drop_all()
        return
    with postgres_process() as url:
        server = Postgres(url)
        await _until(server.is_up)
        yield server


@pytest.fixture
async def postgres_url(postgres: Postgres) -> AsyncIterator[str]:
    """The URL of an empty database."""
    url = await postgres.create()
    yield url
    await postgres.drop(url)


@pytest.fixture(scope="session")
async def redis_server() -> AsyncIterator[str]:
    """The URL of a Redis server."""
    if url := os.environ.get("TEST_REDIS_URL"):
        yield url
        return
    with redis_process() as url:
        await _until(lambda: empty_redis(url))
        yield url


@pytest.fixture
async def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    await empty_redis(redis_server)
    return redis_server


async def empty_redis(url: str) -> None:
    """Nothing is left in it."""
    async with Redis.from_url(url) as redis:
        await redis.flushdb()


async def _until(is_up: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(UP_WITHIN_S):
        while True:
            try:
                return await is_up()
            except (OSError, RedisError, asyncpg.PostgresError):
                await asyncio.sleep(0.02)


@contextmanager
def postgres_process(certificate: bytes = b"") -> Iterator[str]:
    """The URL of a new server, which ends with this block.

    certificate: with its key, in PEM; then it takes TLS alone.
    """
    initdb, server = (_found("PostgreSQL", installed.find_postgres(it)) for it in PROGRAMS)
    with folder_of_nobody() as (folder, user):
        make: list[str | Path] = [initdb, *CLUSTER, "-D", folder / "db"]
        subprocess.run(make, check=True, cwd=folder, user=user, capture_output=True)
        port = _free_port()
        settings = [f"--port={port}", "--unix_socket_directories=", *FORGETFUL]
        if certificate:
            settings += _with_tls(folder / "db", certificate, user)
        with _process([server, "-D", folder / "db", *settings], folder, user):
            yield f"postgresql://hearth@127.0.0.1:{port}/postgres"


def _with_tls(data: Path, certificate: bytes, user: int | None) -> list[str]:
    both = data / "server.pem"
    both.write_bytes(certificate)
    both.chmod(0o600)
    if user is not None:
        os.chown(both, user, -1)
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 trust\n")
    return ["--ssl=on", f"--ssl_cert_file={both}", f"--ssl_key_file={both}"]


@contextmanager
def redis_process() -> Iterator[str]:
    """The same of Redis."""
    server = _found("Redis", installed.find_redis())
    with folder_of_nobody() as (folder, user):
        port = _free_port()
        flags = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder)
        with _process([server, *flags], folder, user):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _process(command: list[str | Path], folder: Path, user: int | None) -> Iterator[None]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, user=user, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)  # PostgreSQL: end now, whoever is connected
            process.wait(UP_WITHIN_S)


@contextmanager
def folder_of_nobody() -> Iterator[tuple[Path, int | None]]:
    """A folder and, when we are root, whom it belongs to: PostgreSQL refuses root."""
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="hearth-test-", ignore_cleanup_errors=True) as folder:
        if user is not None:
            os.chown(folder, user, -1)
        yield Path(folder), user


def _found(name: str, place: Path | None) -> Path:
    return place or pytest.fail(installed.how_to_install([name]), pytrace=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
