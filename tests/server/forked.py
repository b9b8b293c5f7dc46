"""Servers for tests, forked from a process that has imported everything: most of a start is that."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from server.cli import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["server.serve"])


class Forked:
    """`hearth serve`, to be held like a subprocess.Popen."""

    def __init__(
        self, folder: Path, environment: dict[str, str], log: Path, flags: list[str]
    ) -> None:
        self._process = _FORKS.Process(target=_serve, args=(folder, environment, log, flags))
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the serving process."""
        assert self._process.pid
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended. Raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("hearth serve", timeout or 0)
        return self._process.exitcode


def _serve(folder: Path, environment: dict[str, str], log: Path, flags: list[str]) -> None:
    with log.open("ab") as out:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(out.fileno(), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.exit(main(["serve", *flags]))
