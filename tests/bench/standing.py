"""A server with its members in: what joining cost, and work that is measured on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.bench.adapters import Adapter
from tests.bench.engine import CYCLE, Engine, Session
from tests.bench.every_server import find_server
from tests.bench.processes import Sample, memory_bytes
from tests.bench.work import Row, fixed_rate, measure, saturate, spread

SENDERS = 10
_WARM_UP_PER_S = 20.0
_ENOUGH = 0.98


class Standing:
    """One server, started, its rooms full.

    cycle: how many texts differ; fewer are read sooner by a server that reads them.
    joining: the row that says what connections and joining cost.
    """

    def __init__(self, name: str, rooms: Sequence[int], *, cycle: int = CYCLE) -> None:
        self.name = name
        self.adapter: Adapter = find_server(name)(rooms)
        self.engine = Engine(unique=self.adapter.unique_texts, cycle=cycle)
        self.rooms: list[list[Session]] = []
        self.joining: Row = {}

    def start(
        self,
        *,
        join_within_s: float = 120.0,
        before_joining: Callable[[], None] = lambda: None,
    ) -> None:
        """Start it, fill its rooms, let it warm up. Raises RuntimeError when too few come in."""
        self.adapter.start()
        before_joining()
        self._join(join_within_s)
        self.adapter.in_room(self.engine, [s for room in self.rooms for s in room if s.joined])
        for room in range(min(len(self.rooms), 3)):
            self.fixed(room, rate=_WARM_UP_PER_S, seconds=0.5)

    def fixed(self, room: int, *, rate: float, seconds: float, size_bytes: int = 120) -> Row:
        """So many messages a second in one room."""
        senders, due = self.senders(room)
        figures = measure(
            self.engine,
            self.adapter.roots(),
            lambda: fixed_rate(
                self.engine, senders, due, rate=rate, seconds=seconds, size_bytes=size_bytes
            ),
            due,
        )
        return self.row("fixed", self.adapter.rooms[room]) | {"rate": rate} | figures

    def saturated(self, room: int, *, window: int, seconds: float) -> Row:
        """Always so many on their way in one room."""
        senders, due = self.senders(room)
        figures = measure(
            self.engine,
            self.adapter.roots(),
            lambda: saturate(self.engine, senders, due, window=window, seconds=seconds),
            due,
        )
        return self.row("saturate", self.adapter.rooms[room]) | {"window": window} | figures

    def idle(self, seconds: float) -> Row:
        """What it costs when nobody talks."""
        before = Sample(self.adapter.roots())
        self.engine.run_for(seconds)
        used = Sample(self.adapter.roots()).since(before)
        cores = used["server_cpu_s"] / used["wall_s"]
        return self.row("idle", sum(self.adapter.rooms)) | used | {"server_cores": cores}

    def breathe(self) -> None:
        """Answer pings that came while others had their turn."""
        while self.engine.poll(0):
            pass

    def stop(self) -> None:
        """End it."""
        self.engine.close()
        self.adapter.stop()

    def senders(self, room: int) -> tuple[list[Session], int]:
        """Who speaks in a room, and how many receive each message."""
        members = [session for session in self.rooms[room] if session.joined and not session.closed]
        count = max(SENDERS, self.adapter.least_senders)
        return spread(members, count), self.adapter.deliveries(len(members))

    def row(self, phase: str, members: int) -> Row:
        """What every row begins with."""
        adapter = self.adapter
        return {
            "server": self.name,
            "durable": adapter.durable,
            "members": members,
            "phase": phase,
            "note": adapter.note,
        }

    def _join(self, within_s: float) -> None:
        adapter, engine = self.adapter, self.engine
        count = sum(adapter.rooms)
        sessions = [adapter.session(engine, i) for i in range(count)]
        rest = iter(sessions)
        self.rooms = [[next(rest) for _ in range(size)] for size in adapter.rooms]
        memory, before = memory_bytes(adapter.roots()), Sample(adapter.roots())
        alone = 1 if adapter.first_alone else 0
        engine.connect_all(sessions[:alone], adapter.port)
        seconds = engine.connect_all(
            sessions[alone:], adapter.port, at_once=adapter.joins_at_once, timeout_s=within_s
        )
        used = Sample(adapter.roots()).since(before)
        if engine.joined < count * _ENOUGH:
            said = f"{engine.joined} of {count} joined: {engine.errors[:5]}"
            raise RuntimeError(f"{self.name}: {said}\n{adapter.log_tail()}")
        engine.run_for(adapter.settle_s)
        grown = [
            (after - then) / 1024 / engine.joined
            for after, then in zip(memory_bytes(adapter.roots()), memory, strict=True)
        ]
        waits = sorted(engine.join_ns)
        self.joining = self.row("join", count) | {
            **used,
            "joined": engine.joined,
            "joins_per_s": engine.joined / seconds,
            "us_per_join": used["server_cpu_s"] * 1e6 / engine.joined,
            "join_ms": {"p50": waits[len(waits) // 2] / 1e6, "p99": waits[-1 - len(waits) // 100] / 1e6},
            "kib_before": memory[0] // 1024,
            "kib_per_connection": grown[adapter.shares_memory],
        }  # fmt: skip


@contextmanager
def standing(name: str, rooms: Sequence[int], *, cycle: int = CYCLE) -> Iterator[Standing]:
    """Started; ended whatever happens."""
    server = Standing(name, rooms, cycle=cycle)
    try:
        server.start()
        yield server
    finally:
        server.stop()
