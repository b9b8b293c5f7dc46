"""A backup, a restore or a move in a process of its own that dies, as by kill -9, at one of its steps.

`python -m tests.server.dying STEP backup|restore|move FILE-OR-URL`: a step is anything that Python's audit
hooks tell of: a file opened, linked, renamed or deleted, a database or a socket connected. What goes
to PostgreSQL is counted with the tables that are told of. STEP 0: it lives, and says how many there were.
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
_PART_ROWS = 40


class Life:
    """Ends at one step."""

    def __init__(self, step: int) -> None:
        self._step, self._steps = step, count(1)
        self.lived = 0

    def watch(self, event: str, _: Any) -> None:
        """An audit hook."""
        if event.startswith(_STEPS):
            self.live()

    def live(self, *_: object) -> None:
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
            back_up(settings, Path(where), PASSPHRASE, version="1", now=now, tell=life.live)
        )
    elif what == "restore":
        asyncio.run(
            restore(settings, Path(where), PASSPHRASE, replace=True, now=now, tell=life.live)
        )
    else:
        asyncio.run(move(settings, where, now=now, tell=life.live, say=print, part_rows=_PART_ROWS))
    print(life.lived)


if __name__ == "__main__":
    main(*sys.argv[1:])
