"""How long does the garbage collector stop Hearth with thousands of members in? `python -m tests.bench gc`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.adapters import register
from tests.bench.hearth import Hearth
from tests.bench.progress import keep, say
from tests.bench.standing import standing
from tests.bench.work import Row

_ROOM = 500
_SETTLES_S = 12.0
_TELLS_WITHIN_S = 20.0


class CollectingHearth(Hearth):
    """The same server, watched from within."""

    def command(self) -> list[str]:
        return [sys.executable, "-m", "tests.bench.servers.hearth_collecting"]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"BENCH_COLLECTED": str(self.collected)}

    @property
    def collected(self) -> Path:
        """Where it writes what it saw."""
        return self.folder / "collected.json"

    @property
    def serving(self) -> int:
        """Its process."""
        return self.processes[-1].pid


register("hearth-collecting", CollectingHearth)


def main(arguments: list[str]) -> int:
    """One row for each number of members."""
    with Path(os.devnull).open("w") as out:
        for members in map(int, arguments or ["5000"]):
            for row in attempt(members):
                keep(row, out)
    return 0


def attempt(members: int) -> Iterator[Row]:
    """Twice: right after all came, and once they have been here for a while; what breaks is said."""
    try:
        with standing("hearth-collecting", [_ROOM] * (members // _ROOM)) as server:
            adapter = server.adapter
            assert isinstance(adapter, CollectingHearth)
            for at in ("joined", "settled"):
                seen = _ask(adapter, server.engine)
                say(f"{members} members, {at}: {seen}")
                yield server.row("gc", members) | {"server": "hearth", "at": at} | seen
                server.engine.run_for(_SETTLES_S)
    except Exception as error:  # a broken server must not end the series
        say(f"hearth: {type(error).__name__}: {error}")


def _ask(adapter: CollectingHearth, engine: Any) -> dict[str, float]:
    told = adapter.collected
    told.unlink(missing_ok=True)
    os.kill(adapter.serving, signal.SIGUSR1)
    if not engine.run_until(told.exists, _TELLS_WITHIN_S):
        raise RuntimeError("the server did not tell")
    seen: dict[str, float] = json.loads(told.read_text())
    return {name: round(value, 1) for name, value in seen.items()}
