"""A throw-away PostgreSQL cluster in a folder of its own, on loopback, that keeps its promises (fsync on)."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from pathlib import Path
from typing import Final

from tests import installed
from tests.bench.adapters import NotInstalled, free_port

_UP_WITHIN_S: Final = 20.0
_PROGRAMS: Final = ("initdb", "postgres", "psql", "pg_isready")


class Cluster:
    """`start` makes it; its process is `process`."""

    def __init__(self, parent: Path) -> None:
        self.folder = parent / "pg"
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self.process: subprocess.Popen[bytes]

    @staticmethod
    def check_installed() -> None:
        """Raises NotInstalled."""
        for program in _PROGRAMS:
            if installed.find_postgres(program) is None:
                raise NotInstalled(f"PostgreSQL's {program}")

    def start(self) -> None:
        """Return when it answers."""
        self.folder.mkdir(parents=True)
        user = _unprivileged()
        if user is not None:  # PostgreSQL refuses root
            os.chown(self.folder, user, -1)
            self.folder.parent.chmod(0o755)
        make: list[str | Path] = [
            _program("initdb"), "-D", self.folder / "db", "--auth=trust", "--username=postgres",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        subprocess.run(make, check=True, cwd="/", user=user, capture_output=True)
        settings = [
            f"--port={self.port}", "--listen_addresses=127.0.0.1", "--unix_socket_directories=",
            "--shared_buffers=256MB", "--max_connections=60", "--fsync=on", "--synchronous_commit=on",
        ]  # fmt: skip
        with (self.folder.parent / "pg.log").open("wb") as log:
            self.process = subprocess.Popen(
                [_program("postgres"), "-D", self.folder / "db", *settings],
                cwd="/", user=user, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + _UP_WITHIN_S
        is_ready: list[str | Path] = [_program("pg_isready"), "-q", "-d", self.url]
        while subprocess.run(is_ready, check=False).returncode:
            if time.monotonic() > end:
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.1)

    def run_sql(self, *arguments: str) -> None:
        """psql with these arguments."""
        command: list[str | Path] = [_program("psql"), "-q", "-d", self.url, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _program(name: str) -> Path:
    found = installed.find_postgres(name)
    if found is None:
        raise NotInstalled(f"PostgreSQL's {name}")
    return found


def _unprivileged() -> int | None:
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
