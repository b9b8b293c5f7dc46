"""A server to be measured: how to start it, and which session its members use."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from tests.bench.engine import Engine, Session
from tests.bench.processes import descendants, is_alive, prefer
from tests.bench.sessions import WsSession

ROOT = Path(__file__).parents[2]
SERVERS = Path(__file__).parent / "servers"

Durable = Literal["none", "cache", "fsync"]
"""What a delivery implies. none: memory only; cache: written, not synced; fsync: on the disk before fan-out."""


class NotInstalled(Exception):
    """What this server needs is not on this machine."""


class Adapter:
    """One server in a scratch folder of its own.

    rooms: how many members sit in each room; a server that knows no rooms has one.
    """

    name: ClassVar[str] = "?"
    durable: ClassVar[Durable] = "none"
    needs_modules: ClassVar[tuple[str, ...]] = ()
    needs_programs: ClassVar[tuple[str, ...]] = ()
    session_class: ClassVar[type[Session]] = WsSession
    echoes: ClassVar[bool] = True
    """The sender gets its own message back."""
    least_senders: ClassVar[int] = 1
    """A server that limits each member's rate needs more posters."""
    can_saturate: ClassVar[bool] = True
    first_alone: ClassVar[bool] = False
    """The first one in creates the room."""
    unique_texts: ClassVar[bool] = False
    reads_texts: ClassVar[bool] = False
    """It remembers what it read in a text, so texts come again."""
    shares_memory: ClassVar[bool] = False
    """Several processes share much of it, so that each page counts once (PSS)."""
    joins_at_once: ClassVar[int] = 32
    start_timeout_s: ClassVar[float] = 60.0
    boot_s: ClassVar[float] = 0.7
    """From 'port open' to the first measurement."""
    settle_s: ClassVar[float] = 1.5
    """Quiet time after joining, before measuring."""

    def __init__(self, rooms: Sequence[int]) -> None:
        self.rooms = list(rooms)
        self.room_of = [room for room, size in enumerate(rooms) for _ in range(size)]
        """By member."""
        self.text_bytes = 120
        self.note = ""
        """What must be said beside its figures."""
        self.port = 0
        self.processes: list[subprocess.Popen[bytes]] = []
        self.folder = Path()

    # --- to be overridden ---

    @classmethod
    def check_installed(cls) -> None:
        """Raises NotInstalled, naming what is missing."""
        for module in cls.needs_modules:
            if importlib.util.find_spec(module) is None:
                raise NotInstalled(f"Python package {module}")
        for program in cls.needs_programs:
            if shutil.which(program) is None:
                raise NotInstalled(program)

    def command(self) -> list[str]:
        """The server's command line."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """What it needs beyond ours."""
        return {}

    def prepare(self) -> None:
        """Before it starts: settings, a database."""

    def session(self, engine: Engine, index: int) -> Session:
        """Member `index`'s client; members are counted through all rooms."""
        return self.session_class(engine, index)

    def in_room(self, engine: Engine, members: Sequence[Session]) -> None:
        """All have joined, nothing is measured yet."""

    def is_ready(self) -> bool:
        """Whether it answers."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.5).close()
        except OSError:
            return False
        return True

    # --- starting and stopping ---

    def start(self) -> None:
        """Return when it answers. Raises RuntimeError with the end of its log."""
        self.folder = Path(tempfile.mkdtemp(prefix=f"hearth-bench-{self.name}-"))
        self.port = free_port()
        self.prepare()
        self.spawn(self.command())
        end = time.monotonic() + self.start_timeout_s
        while not self.is_ready():
            if time.monotonic() > end or self.processes[-1].poll() is not None:
                raise RuntimeError(f"{self.name} did not start\n{self.log_tail()}")
            time.sleep(0.1)
        time.sleep(self.boot_s)

    def spawn(self, command: Sequence[str], **options: Any) -> None:
        """A process that counts as the server's."""
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                **{"cwd": ROOT, **options},
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        prefer(process.pid)

    def log_tail(self) -> str:
        """The last of what it said."""
        log = self.folder / "server.log"
        return log.read_text(errors="replace")[-1500:] if log.exists() else ""

    def roots(self) -> list[int]:
        """Whose CPU and memory is the server's, with all below."""
        return [process.pid for process in self.processes]

    def stop(self) -> None:
        """End everything it started, and remove its folder."""
        pids = descendants(self.roots())
        for sign, wait_s in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 3.0)):
            for pid in pids:
                with contextlib.suppress(OSError):
                    os.kill(pid, sign)
            if self._all_ended(pids, wait_s):
                break
        shutil.rmtree(self.folder, ignore_errors=True)

    def deliveries(self, members: int) -> int:
        """How many receive one message."""
        return members if self.echoes else members - 1

    def _all_ended(self, pids: Sequence[int], wait_s: float) -> bool:
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            for process in self.processes:
                process.poll()
            if not any(map(is_alive, pids)):
                return True
            time.sleep(0.05)
        return False


REGISTRY: dict[str, type[Adapter]] = {}


def register(name: str, base: type[Adapter], **attributes: Any) -> None:
    """A server, or a named variant of one, under a name of its own."""
    REGISTRY[name] = type(base.__name__, (base,), {"name": name, **attributes})


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python_module(module: str, *arguments: str) -> list[str]:
    """A command line with this environment's Python."""
    return [sys.executable, "-m", module, *arguments]
