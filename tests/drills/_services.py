"""PostgreSQL and Redis of a drill's own, to be killed, frozen and started again; and workers that share them."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests import installed
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._waiting import until
from tests.server.live_server import free_port
from tests.services import CLUSTER, PROGRAMS, folder_of_nobody

_UP_WITHIN_S = 30.0
SERVES_WITHIN_S = 240.0


class Service:
    """One process on a port of its own; the port stays across starts."""

    def __init__(self, folder: Path, user: int | None) -> None:
        self.port = free_port()
        self._folder, self._user = folder, user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of its first process."""
        assert self._process
        return self._process.pid

    def command(self) -> list[str | Path]:
        """What starts it."""
        raise NotImplementedError

    async def answer(self) -> None:
        """Raises while it is not up."""
        raise NotImplementedError

    async def start(self) -> None:
        """Return once it answers."""
        with (self._folder / f"log-{self.port}").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - a moment
                self.command(),
                cwd=self._folder,
                user=self._user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        async with asyncio.timeout(_UP_WITHIN_S):
            while True:
                try:
                    return await self.answer()
                except (OSError, RedisError, asyncpg.PostgresError):
                    await asyncio.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        """To its first process."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def end(self, number: signal.Signals) -> None:
        """And wait until it has gone."""
        if self._process:
            self.send(signal.SIGCONT)
            self.send(number)
            self._process.wait(_UP_WITHIN_S)
            self._process = None


class PostgresHere(Service):
    """As durable as it comes."""

    @property
    def url(self) -> str:
        """Of its database."""
        return f"postgresql://hearth@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Its files; once."""
        initdb = installed.find_postgres(PROGRAMS[0])
        assert initdb
        command: list[str | Path] = [initdb, *CLUSTER, "-D", self._folder / "db"]
        subprocess.run(command, check=True, cwd=self._folder, user=self._user, capture_output=True)

    def command(self) -> list[str | Path]:
        """What starts it."""
        server = installed.find_postgres(PROGRAMS[1])
        assert server
        # The late writer of the log shows what did not wait for it; commits that wait do not notice.
        return [
            server, "-D", self._folder / "db", f"--port={self.port}", "--unix_socket_directories=",
            "--wal_writer_delay=10s",
        ]  # fmt: skip

    async def answer(self) -> None:
        """Raises while it is not up."""
        connection = await asyncpg.connect(self.url, timeout=5)
        await connection.close()

    async def restart(self) -> None:
        """At once, as after a crash: nobody is waited for."""
        self.end(signal.SIGQUIT)
        await self.start()

    async def set_aside(self) -> None:
        """Keep its files as they are at this moment, and go on."""
        self.end(signal.SIGINT)
        await self._copy("db", "db-aside")
        await self.start()

    async def put_back(self) -> None:
        """What was written since is lost, as where a standby that was behind took over."""
        self.end(signal.SIGQUIT)
        await self._copy("db-aside", "db")
        await self.start()

    async def _copy(self, origin: str, target: str) -> None:
        shutil.rmtree(self._folder / target, ignore_errors=True)
        copy = await asyncio.create_subprocess_exec("cp", "-a", origin, target, cwd=self._folder)
        assert await copy.wait() == 0

    def pids(self) -> list[int]:
        """Of every process that it has right now."""
        return [self.pid, *_children(self.pid)]

    async def freeze(self, seconds: float) -> None:
        """Every process of it stands still."""
        pids = self.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class RedisHere(Service):
    """In memory alone."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str | Path]:
        """What starts it."""
        server = installed.find_redis()
        assert server
        return [
            server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder,
        ]  # fmt: skip

    async def answer(self) -> None:
        """Raises while it is not up."""
        async with Redis.from_url(self.url, retry=None) as redis:
            await redis.ping()

    async def call(self, *words: str) -> None:
        """A command."""
        async with Redis.from_url(self.url, retry=None) as redis:
            await redis.execute_command(*words)


class Workers:
    """Servers of one community, each on a port of its own, as behind a load balancer."""

    def __init__(
        self,
        folder: Path,
        count: int,
        circumstances: Circumstances | None = None,
        **settings: str,
    ) -> None:
        self.servers = [DrillServer(folder, circumstances, **settings) for _ in range(count)]

    @property
    def first(self) -> DrillServer:
        """For what is done once."""
        return self.servers[0]

    def url(self, number: int) -> str:
        """Where somebody's line goes: one after the other."""
        return self.servers[number % len(self.servers)].url

    async def start(self) -> None:
        """Return once all serve."""
        for server in self.servers:
            server.launch()
            await server.ready(SERVES_WITHIN_S)

    def kill(self) -> None:
        """All of them."""
        for server in self.servers:
            server.kill()


@asynccontextmanager
async def community(
    count: int,
    *,
    redis: bool = True,
    circumstances: Circumstances | None = None,
) -> AsyncIterator[tuple[Workers, PostgresHere, RedisHere]]:
    """So many workers that serve, with PostgreSQL and (redis: where they are told of it) Redis."""
    async with AsyncExitStack() as stack:
        postgres, quick = await _services(stack)
        mine = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-workers-")))
        told = {"redis_url": quick.url} if redis else {}
        workers = Workers(mine, count, circumstances, database_url=postgres.url, **told)
        stack.callback(workers.kill)
        await workers.start()
        yield workers, postgres, quick


async def two_workers(
    stack: AsyncExitStack, circumstances: Circumstances | None = None
) -> tuple[DrillServer, PostgresHere]:
    """One supervisor and its two on one port, as `serve --workers 2` starts them, and their database."""
    postgres, redis = await _services(stack)
    mine = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-workers-")))
    server = DrillServer(
        mine, circumstances, ("--workers", "2"), database_url=postgres.url, redis_url=redis.url
    )
    stack.push_async_callback(server.stop)
    server.launch()
    await server.ready(SERVES_WITHIN_S)
    await until(lambda: "Hearth is at" in server.log.read_text(), SERVES_WITHIN_S)
    return server, postgres


async def _services(stack: AsyncExitStack) -> tuple[PostgresHere, RedisHere]:
    folder, user = stack.enter_context(folder_of_nobody())
    postgres, redis = PostgresHere(folder, user), RedisHere(folder, user)
    await asyncio.to_thread(postgres.make)
    stack.callback(postgres.end, signal.SIGQUIT)
    stack.callback(redis.end, signal.SIGKILL)
    await postgres.start()
    await redis.start()
    return postgres, redis


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def cpu_of(pids: list[int]) -> float:
    """Seconds of processor that these processes have used, threads and all."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
