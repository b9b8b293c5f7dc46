"""A real server in a process of its own: started, stopped, killed, and started again on its port."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from server.client import BackOff
from server.settings import Settings, read_settings
from server.store import beside
from server.store.work import Work
from tests import engines
from tests.server.forked import Forked

Result = TypeVar("Result")

ROOT = Path(__file__).parents[2]
READY_S = 60.0
"""Far above what a start takes, for a machine that is busy with other things."""
_STOP_S = 20.0
COMMAND = [sys.executable, "-c", "import sys; from server.cli import main; sys.exit(main())"]


def hasty() -> BackOff:
    """Comes back fast: for tests, where one client is no herd."""
    return BackOff(first_s=0.05, most_s=0.5, steady_s=1.0)


class LiveServer:
    """`hearth serve` on a port of its own. The port and the data stay across starts.

    settings: further ones, e.g. classifier="lexicon" (the default here: it is there at once), or
    database_url="" for the embedded one, whatever this run of the tests is on.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "server.log"
        self.from_nothing = False  # else it finds an empty database in its newest shape
        place = {} if settings.get("database_url") == "" else engines.of_a_place()
        self._settings = {"classifier": "lexicon"} | place | settings
        self._process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def settings(self) -> Settings:
        """What the server runs with."""
        return read_settings({}, data_dir=self.folder / "data", port=self.port, **self._settings)

    @property
    def pid(self) -> int:
        """Of the serving process."""
        assert self._process
        return self._process.pid

    def launch(self) -> None:
        """Start the process; does not wait until it serves."""
        assert self._process is None
        self.folder.mkdir(parents=True, exist_ok=True)
        if "PYTEST_CURRENT_TEST" in os.environ:  # drills measure the whole of a start
            if not self.from_nothing:
                engines.begin(self.settings)
            flags = engines.flags() if self._settings.get("database_url") else []
            self._process = Forked(ROOT, self.environment(), self.log, flags)
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, "serve"], cwd=ROOT, env=self.environment(), stdout=log, stderr=log
            )

    async def start(self) -> None:
        """Return once it serves."""
        self.launch()
        await self.ready()

    async def ready(self, within_s: float = READY_S) -> None:
        """Return once /readyz answers. Raises when the process has ended or takes too long."""
        deadline = time.monotonic() + within_s
        while not await asyncio.to_thread(self._answers):
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"the server did not start; see {self.log}")
            if time.monotonic() > deadline:
                raise TimeoutError("the server is not ready")
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """As a service manager would: SIGTERM, then wait."""
        process, self._process = self._process, None
        if process and process.poll() is None:
            process.terminate()
            await asyncio.to_thread(_wait, process)

    def move_to(self, url: str) -> None:
        """From its next start on, on another database."""
        self._settings["database_url"] = url

    def kill(self) -> None:
        """kill -9: nothing is flushed, nobody is told."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()

    async def restart(self) -> None:
        """kill -9, and at once a new process on the same port; workers end a moment after their supervisor."""
        self.kill()
        while await asyncio.to_thread(self._answers):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.02)
        await self.start()

    def environment(self) -> dict[str, str]:
        """For a child process that works on the same data."""
        plain = {k: v for k, v in os.environ.items() if not k.upper().startswith("HEARTH_")}
        mine = {"data_dir": str(self.folder / "data"), "port": str(self.port)} | self._settings
        return plain | {f"HEARTH_{name.upper()}": value for name, value in mine.items()}

    async def on_database(self, verb: Callable[[Work], Result]) -> Result:
        """A verb on the server's own database, from this process."""
        return await asyncio.to_thread(beside.do, self.settings, verb)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: "subprocess.Popen[bytes] | Forked") -> None:
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
async def live_server(tmp_path: Path) -> AsyncIterator[LiveServer]:
    """One test's own, to stop and kill."""
    server = LiveServer(tmp_path / "hearth")
    await server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
async def standing_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveServer]:
    """Shared by a module's tests: none of them stops it."""
    server = LiveServer(tmp_path_factory.mktemp("hearth"))
    await server.start()
    yield server
    server.kill()
