"""What many members need: computed from what `make bench` measured, and simulated across machines.

`python -m tests.bench.scale` prints the tables of docs/scale.md and draws its pictures; `... change` measures what
it costs that a room's members sit at two workers. Every figure that was assumed and not measured stands in `Talk`
and `Machine`, with its reason.
"""

from __future__ import annotations

import heapq
import json
import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.bench.charts import lines

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = DOCS / "benchmarks/results.jsonl"
SIZES = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Costs:
    """Of one engine, in microseconds of CPU, the database's and the kernel's share included.

    message: all that is done once for a message. delivery: for each member who receives it. reading: the
    model on a text that it has not seen. change: what each further worker takes that has somebody in the
    room; 0 where one worker serves alone.
    connection_kib: memory of a silent line. base_mib: a process with nobody connected, its model included.
    """

    message: float
    delivery: float
    reading: float
    join: float
    change: float
    connection_kib: float
    base_mib: float


@dataclass(frozen=True)
class Talk:
    """How people talk. Assumed: nobody has measured a community of ours.

    per_hour: messages that one connected member writes. listeners: connected members in a room. stay_h: how
    long somebody stays, so how often joins come. peak: how much more than that the busiest minute brings.
    """

    name: str
    per_hour: float
    listeners: int
    stay_h: float = 0.5
    peak: float = 3.0

    def messages(self, members: int) -> float:
        """A second, at the peak."""
        return members * self.per_hour / 3600 * self.peak

    def joins(self, members: int) -> float:
        """A second, at the peak."""
        return members / (self.stay_h * 3600) * self.peak


@dataclass(frozen=True)
class Machine:
    """cores, busy: how much of them may be in use at the peak before answers begin to wait."""

    cores: int = 8
    memory_gib: int = 16
    busy: float = 0.6


TALKS = (
    Talk("quiet: rooms of 20, 2 messages an hour each", 2, 20),
    Talk("lively: rooms of 50, 6 messages an hour each", 6, 50),
    Talk("an event: rooms of 500, 12 messages an hour each", 12, 500),
)
CHANGE_US = 901.0
"""Measured by `python -m tests.bench.scale change`; docs/scale.md says of what, and how far it goes."""


def read_results(path: Path = RESULTS) -> list[dict[str, Any]]:
    """The rows of the last benchmark."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def costs_of(rows: list[dict[str, Any]], engine: str) -> Costs:
    """From the runs at a fixed rate in rooms of 100 and 500: a message costs `message + n * delivery`.

    On SQLite a message of a small room stands for all: there each one is a commit of its own.
    """
    server = {"sqlite": "hearth", "postgres": "hearth-postgres"}[engine]
    small, large = (_per_message(rows, server, n) for n in (100, 500))
    read = [
        _per_message(rows, "hearth-assessing", n) - _per_message(rows, "hearth", n)
        for n in (100, 500)
    ]
    delivery = (large - small) / 400
    message = small - 100 * delivery
    if engine == "sqlite":
        message = max(message, _per_message(rows, server, 10, "rooms") - 10 * delivery)
    joined = _row(rows, server, 500, "join")
    return Costs(
        message=message,
        delivery=delivery,
        reading=sum(read) / 2,
        join=joined["us_per_join"],
        change=CHANGE_US if engine == "postgres" else 0.0,
        connection_kib=joined["kib_per_connection"],
        base_mib=joined["kib_before"] / 1024,
    )


def _per_message(
    rows: list[dict[str, Any]], server: str, members: int, phase: str = "fixed"
) -> float:
    row = _row(rows, server, members, phase)
    return float(row["server_cpu_s"] / row["sent"] * 1e6)


def _row(rows: list[dict[str, Any]], server: str, members: int, phase: str) -> dict[str, Any]:
    return next(
        r for r in rows if (r["server"], r["members"], r["phase"]) == (server, members, phase)
    )


def workers_reached(listeners: int, workers: int) -> float:
    """How many of the workers have somebody of a room, when members come to any of them: its mean."""
    return workers * (1 - (1 - 1 / workers) ** listeners)


@dataclass(frozen=True)
class Needs:
    """At the peak. chat, model: cores that are fully busy. per_second: messages."""

    members: int
    per_second: float
    deliveries: float
    chat: float
    model: float
    workers: int
    memory_gib: float
    machines: int


def needs(costs: Costs, talk: Talk, members: int, machine: Machine, *, by_room: bool) -> Needs:
    """What that many connected members need. by_room: if a room's members came to one worker; Hearth has no such way.

    A worker is one process of Python and uses one core. Else each message comes to every worker
    that has somebody of its room; their number and that cost depend on each other, so it is worked out in rounds.
    """
    per_second = talk.messages(members)
    deliveries = per_second * talk.listeners
    alone = (
        per_second * costs.message + deliveries * costs.delivery + talk.joins(members) * costs.join
    )
    workers = 1
    for _ in range(50):
        reached = 1.0 if by_room else workers_reached(talk.listeners, workers)
        chat = (alone + per_second * (reached - 1) * costs.change) / 1e6
        wanted = max(1, math.ceil(chat / machine.busy))
        if wanted == workers:
            break
        workers = wanted
    model = per_second * costs.reading / 1e6
    memory = (members * costs.connection_kib / 1024 + workers * costs.base_mib) / 1024
    cores = (chat + model) / machine.busy
    return Needs(
        members, per_second, deliveries, chat, model, workers, memory,
        machines=max(math.ceil(cores / machine.cores), math.ceil(memory / machine.memory_gib)),
    )  # fmt: skip


def most_of_one(costs: Costs, talk: Talk, machine: Machine) -> int:
    """How many connected members one process carries on its core, the model on another."""
    a_member = (
        needs(replace(costs, change=0), talk, 1_000_000, machine, by_room=True).chat / 1_000_000
    )
    return int(machine.busy / a_member)


# --- simulation ---


@dataclass(frozen=True)
class Delivered:
    """Milliseconds from a member's words to another's screen, without the network. busy: the busiest worker."""

    p50_ms: float
    p99_ms: float
    busy: float
    mean_busy: float
    reached: float


def simulate(
    costs: Costs,
    talk: Talk,
    members: int,
    workers: int,
    *,
    by_room: bool,
    seconds: float = 10.0,
    seed: int = 1,
) -> Delivered:
    """Workers that do one thing after another, and messages that come as they like.

    Each room's members are spread over workers, or sit on one. A message costs its author's worker the
    writing and its own deliveries; HINT_S later every other worker that has somebody there takes it up and delivers.
    """
    chance = Random(seed)
    rooms = [
        _seats(chance, talk.listeners, workers, by_room=by_room)
        for _ in range(max(1, members // talk.listeners))
    ]
    free, spent = [0.0] * workers, [0.0] * workers
    waits: list[tuple[float, int]] = []
    reached = came = 0
    queue: list[
        tuple[float, int, int, int, float]
    ] = []  # when, order, room, worker (-1: it is written), begun
    rate, at, order = talk.messages(members), 0.0, 0
    while (at := at + chance.expovariate(rate)) < seconds:
        order += 1
        queue.append((at, order, chance.randrange(len(rooms)), -1, at))
    heapq.heapify(queue)
    while queue:
        at, _, room, worker, begun = heapq.heappop(queue)
        seats = rooms[room]
        if worker < 0:
            worker = chance.choices(list(seats), list(seats.values()))[0]
            work = costs.message + seats[worker] * costs.delivery
            came, reached = came + 1, reached + len(seats)
            for other in seats.keys() - {worker}:
                order += 1
                heapq.heappush(
                    queue, (max(free[worker], at) + work / 1e6 + HINT_S, order, room, other, begun)
                )
        else:
            work = costs.change + seats[worker] * costs.delivery
        start = max(free[worker], at)
        free[worker] = start + work / 1e6
        spent[worker] += work / 1e6
        waits.append((free[worker] - begun, seats[worker]))
    return Delivered(
        _quantile(waits, 0.5) * 1000, _quantile(waits, 0.99) * 1000,
        max(spent) / seconds, sum(spent) / seconds / workers, reached / max(came, 1),
    )  # fmt: skip


HINT_S = 0.0006
"""From a commit to another worker's ears: Redis pub/sub, half a millisecond, and the loop's turn (toolchain.md, 6)."""


def _seats(chance: Random, listeners: int, workers: int, *, by_room: bool) -> dict[int, int]:
    """How many of one room each worker has."""
    if by_room:
        return {chance.randrange(workers): listeners}
    seats: dict[int, int] = {}
    for _ in range(listeners):
        worker = chance.randrange(workers)
        seats[worker] = seats.get(worker, 0) + 1
    return seats


def _quantile(waits: list[tuple[float, int]], share: float) -> float:
    """Of deliveries: each wait counts for as many as were in it."""
    left = share * sum(count for _, count in waits)
    for wait, count in sorted(waits):
        left -= count
        if left <= 0:
            return wait
    return 0.0


# --- what is printed ---


def tables(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The lines of docs/scale.md between its markers."""
    machine, engines = (
        Machine(),
        {engine: costs_of(rows, engine) for engine in ("sqlite", "postgres")},
    )
    yield from _costs_table(engines)
    yield from (
        "",
        "### One process, one core at 60 %",
        "",
        "| | SQLite | PostgreSQL |",
        "| --- | --- | --- |",
    )
    for talk in TALKS:
        most = [f"{most_of_one(costs, talk, machine):,}" for costs in engines.values()]
        yield f"| connected members, {talk.name} | {most[0]} | {most[1]} |"
    yield from ("", "### Several processes on PostgreSQL", "")
    yield (
        "| members, talk | messages, deliveries a second | any worker, as it is: workers, machines "
        "| by room, if it were built: workers, machines | model, cores | memory, GiB |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    for talk in TALKS:
        for members in SIZES:
            spread, sharded = (
                needs(engines["postgres"], talk, members, machine, by_room=by_room)
                for by_room in (False, True)
            )
            yield (
                f"| {members:,}, {talk.name.partition(':')[0]} | {spread.per_second:,.0f}, {spread.deliveries:,.0f} "
                f"| {spread.workers:,}, {spread.machines:,} | {sharded.workers:,}, {sharded.machines:,} "
                f"| {spread.model:,.1f} | {spread.memory_gib:,.1f} |"
            )


def _costs_table(engines: Mapping[str, Costs]) -> Iterator[str]:
    yield from (
        "### Costs",
        "",
        "| microseconds of CPU | SQLite | PostgreSQL |",
        "| --- | --- | --- |",
    )
    for name, words in (
        ("message", "once for a message"), ("delivery", "for each member who receives it"),
        ("reading", "the model on a new text"), ("join", "somebody comes into a room"),
        ("change", "another worker hears it"),
    ):  # fmt: skip
        yield (
            f"| {words} | "
            + " | ".join(
                f"{cost:,.1f}" if (cost := getattr(c, name)) else "" for c in engines.values()
            )
            + " |"
        )
    yield (
        "| KiB of memory for a silent line | "
        + " | ".join(f"{c.connection_kib:.1f}" for c in engines.values())
        + " |"
    )
    yield (
        "| MiB of a process and its model | "
        + " | ".join(f"{c.base_mib:,.0f}" for c in engines.values())
        + " |"
    )


def _simulated_table(costs: Costs, machine: Machine) -> Iterator[str]:
    yield from ("", "### Simulated, lively", "")
    yield "| members | members come to | workers | each message reaches | p50 ms | p99 ms | workers busy: mean, most |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    talk = TALKS[1]
    for members in SIZES:
        for by_room in (False, True):
            workers = needs(costs, talk, members, machine, by_room=by_room).workers
            seconds = min(20.0, 20_000 / talk.messages(members))
            found = simulate(costs, talk, members, workers, by_room=by_room, seconds=seconds)
            way = "their room’s worker, if it were built" if by_room else "any worker, as it is"
            yield (
                f"| {members:,} | {way} | {workers:,} "
                f"| {found.reached:.1f} workers | {found.p50_ms:.1f} | {found.p99_ms:.1f} "
                f"| {found.mean_busy:.0%}, {found.busy:.0%} |"
            )


_BY_ROOM = "by room, if it were built"


def pictures(rows: list[dict[str, Any]]) -> dict[str, str]:
    """Each as SVG, by its file's name."""
    costs, machine, talk = costs_of(rows, "postgres"), Machine(), TALKS[1]
    sizes = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
    cores = {
        name: [
            (float(m), (found.chat + found.model) / m * 10_000)
            for m in sizes
            for found in [needs(costs, talk, m, machine, by_room=by_room)]
        ]
        for name, by_room in (("any worker, as it is", False), (_BY_ROOM, True))
    }
    loads = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    waits = {
        name: [
            (load * 100, found.p99_ms)
            for load in loads
            for found in [_at_load(costs, talk, load, by_room=by_room)]
        ]
        for name, by_room in (("any worker, as it is", False), (_BY_ROOM, True))
    }
    return {
        "cores.svg": lines(
            "Busy cores for each 10,000 connected members, model included",
            "by how many are connected in all; lively talk, PostgreSQL",
            cores,
            _BY_ROOM,
        ),
        "waits.svg": lines(
            "The slowest of 100 deliveries, ms",
            "by how busy workers are in the mean, %; 300,000 members, lively talk, simulated",
            waits,
            _BY_ROOM,
        ),
    }


def _at_load(costs: Costs, talk: Talk, load: float, *, by_room: bool) -> Delivered:
    """300,000 members on as few workers as that load allows."""
    chat = needs(costs, talk, 300_000, replace(Machine(), busy=load), by_room=by_room)
    return simulate(costs, talk, 300_000, chat.workers, by_room=by_room, seconds=4)


_BEGIN, _END = "<!-- tables -->", "<!-- end of tables -->"


def write_page(found: list[str], path: Path = DOCS / "scale.md") -> None:
    """Put the tables between their markers."""
    before, _, rest = path.read_text("utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    path.write_text(f"{before}{_BEGIN}\n" + "\n".join(found) + f"\n{_END}{after}", "utf-8")


def main(arguments: list[str]) -> int:
    """The exit status."""
    if arguments == ["change"]:
        from tests.bench.crossing import measure

        print(json.dumps(measure()))
        return 0
    rows = read_results()
    found = [*tables(rows), *_simulated_table(costs_of(rows, "postgres"), Machine())]
    print("\n".join(found))
    write_page(found)
    folder = DOCS / "scale"
    folder.mkdir(exist_ok=True)
    for name, picture in pictures(rows).items():
        (folder / name).write_text(picture, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
