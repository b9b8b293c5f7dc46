"""The long run: Hearth beside all that is installed, everything in one run; then the page is written.

Sizes come from the environment: BENCH_SERVERS (names, with spaces), BENCH_REPEATS (2), BENCH_SECONDS (5),
BENCH_CURVE (10 to 2000), BENCH_ROOMS (1000), BENCH_STALL_S (27), BENCH_HISTORY (0 and 100000), BENCH_GC (5000),
BENCH_PARTS (servers floor curve rooms stall history gc: only these, their rows added to those there are).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Final

from tests.bench import collecting, history, report, run, small_rooms, stall
from tests.bench.every_server import missing
from tests.bench.floor import Floor
from tests.bench.machine import clock, describe
from tests.bench.progress import keep, say
from tests.bench.run import Plan
from tests.bench.work import Row

SERVERS: Final = (
    "hearth hearth-assessing hearth-postgres hearth-postgres-redis fastapi-sqlite-full fastapi-sqlite-default "
    "fastapi-websockets-sansio fastapi-websockets-sansio-deflate fastapi-wsproto fastapi-granian "
    "websockets-broadcast-uvloop picows-uvloop raw-uvloop raw-uvloop-coalesce "
    "node-ws node-ws-sqlite-full socket.io inspircd ngircd prosody prosody-mam-sqlite "
    "ejabberd ejabberd-mam-pgsql synapse-pg"
)
_ROOMS: Final = ((100, 100.0), (500, 40.0))
"""Members, messages a second: 10,000 and 20,000 deliveries a second."""
_CURVE_DELIVERIES_PER_S: Final = 5_000
_CURVE_SERVERS: Final = ("hearth", "fastapi-sqlite-full")
_STALL_SERVERS: Final = ("hearth", "fastapi-sqlite-full", "socket.io", "node-ws", "ejabberd")


def main() -> int:
    """Measure, keep every row, write the page."""
    adds = "BENCH_PARTS" in os.environ and report.RESULTS.exists()
    report.FOLDER.mkdir(parents=True, exist_ok=True)
    circumstances = [] if adds else list(_circumstances())  # before the tree has changes of ours
    with report.RESULTS.open("a" if adds else "w") as out:
        for row in circumstances:
            keep(row, out)
        for part in _words("BENCH_PARTS", " ".join(_PARTS)):
            say(f"--- {part}")
            if adds:
                keep(
                    {"server": "", "members": 0, "phase": "apart", "part": part, "at": clock()}, out
                )
            for row in _PARTS[part]():
                keep(row, out)
    report.write()
    return 0


def _circumstances() -> Iterator[Row]:
    yield describe()
    for name, needs in missing().items():
        if name in _words("BENCH_SERVERS", SERVERS):
            yield {"server": name, "members": 0, "phase": "missing", "needs": needs}


def _servers() -> Iterator[Row]:
    for _ in range(_number("BENCH_REPEATS", 2)):
        for members, rate in _ROOMS:
            plan = Plan(members, [rate], seconds=_number("BENCH_SECONDS", 5))
            for name in _installed(_words("BENCH_SERVERS", SERVERS)):
                yield from run.attempt(name, plan)


def _floor() -> Iterator[Row]:
    seconds = _number("BENCH_SECONDS", 5)
    for members, rate in _ROOMS:
        floor = Floor(members)
        try:
            for _ in range(_number("BENCH_REPEATS", 2)):
                yield floor.measure(rounds=int(rate * seconds), period_s=1 / rate)
                yield floor.measure(rounds=200_000 // members, period_s=0.0)
        finally:
            floor.close()


def _curve() -> Iterator[Row]:
    for _ in range(_number("BENCH_REPEATS", 2)):
        for members in map(int, _words("BENCH_CURVE", "10 50 100 200 500 1000 2000")):
            plan = Plan(
                members, [_CURVE_DELIVERIES_PER_S / members], (), _number("BENCH_SECONDS", 5)
            )
            for name in _CURVE_SERVERS:
                for row in run.attempt(name, plan):
                    yield row | {"phase": f"curve-{row['phase']}"}


def _small_rooms() -> Iterator[Row]:
    for name in _installed(small_rooms.SERVERS):
        yield from small_rooms.attempt(
            name, _number("BENCH_ROOMS", 1000), 10, _number("BENCH_SECONDS", 5)
        )


def _stall() -> Iterator[Row]:
    for name in _installed(_STALL_SERVERS):
        yield from stall.attempt(
            name, stall.Stall(rate=300.0, seconds=_number("BENCH_STALL_S", 27))
        )


def _history() -> Iterator[Row]:
    for messages in map(int, _words("BENCH_HISTORY", "0 100000")):
        yield from history.attempt(
            messages, members=500, rate=40.0,
            seconds=_number("BENCH_SECONDS", 5), repeats=_number("BENCH_REPEATS", 2),
        )  # fmt: skip


def _collecting() -> Iterator[Row]:
    for members in map(int, _words("BENCH_GC", "5000")):
        yield from collecting.attempt(members)


_PARTS: Final[dict[str, Callable[[], Iterator[Row]]]] = {
    "servers": _servers,
    "floor": _floor,
    "curve": _curve,
    "rooms": _small_rooms,
    "stall": _stall,
    "history": _history,
    "gc": _collecting,
}


def _installed(names: tuple[str, ...] | list[str]) -> list[str]:
    absent = missing()
    return [name for name in names if name not in absent]


def _words(variable: str, default: str) -> list[str]:
    return os.environ.get(variable, default).split()


def _number(variable: str, default: int) -> int:
    return int(os.environ.get(variable, default))
