"""A backup, a restore or a move in a process of its own that dies, as by kill -9, at one of its steps.

`python -m tests.server.dying STEP backup|restore|move FILE-OR-URL`: a step is anything that Python's audit
hooks tell of: a file opened, linked, renamed or deleted, a database or a socket connected. What goes
to PostgreSQL is counted with the tables that are told of. STEP 0: it lives, and says how many there were;
below 0: counted from when the source of a move is marked.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from server.settings import read_settings
from server.store.copies.backup import back_up
from server.store.copies.moving import move
from server.store.copies.restoring import restore

PASSPHRASE = "seven quiet otters"
_STEPS = ("open", "os.", "sqlite3.", "socket.connect", "shutil.")
_MARK = "/moved.new"
_PART_ROWS = 40


class Life:
    """Ends at one step."""

    def __init__(self, step: int) -> None:
        self._step, self._steps = abs(step), count(1)
        self._counts = step >= 0
        self.lived = 0

    def watch(self, event: str, arguments: Any) -> None:
        """An audit hook."""
        if event == "open" and str(arguments[0]).endswith(_MARK):
            self._counts = True
        if self._counts and event.startswith(_STEPS):
            self.live()

    def told(self, *_: object) -> None:
        """Of a table."""
        if self._counts:
            self.live()

    def live(self) -> None:
        """One step more."""
        self.lived = next(self._steps)
        if self.lived == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


def main(step: str, what: str, where: str) -> None:
    """Do it, or die."""
    settings, life, now = read_settings(), Life(int(step)), datetime.now(UTC)
    sys.addaudithook(life.watch)
    if what == "backup":
        asyncio.run(
            back_up(settings, Path(where), PASSPHRASE, version="1", now=now, tell=life.told)
        )
    elif what == "restore":
        asyncio.run(
            restore(settings, Path(where), PASSPHRASE, replace=True, now=now, tell=life.told)
        )
    else:
        asyncio.run(move(settings, where, now=now, tell=life.told, say=print, part_rows=_PART_ROWS))
    print(life.lived)


if __name__ == "__main__":
    main(*sys.argv[1:])
