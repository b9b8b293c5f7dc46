"""The floor: a process that writes a ready-made frame to each member in turn with write(2), nothing else.

Its CPU per write is the least for any server that writes once per delivery. One round over all members
per period, as one message to each; or as fast as it can.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final

from tests.bench.engine import Engine, now
from tests.bench.processes import Sample
from tests.bench.progress import keep, say
from tests.bench.servers.common import server_frame
from tests.bench.sessions import WsSession
from tests.bench.texts import make_text

_ORDER: Final = struct.Struct("=ld")  # rounds, seconds between their beginnings


class MuteSession(WsSession):
    """Reads frames, and says nothing, not even hello."""

    def start(self) -> None:
        self.upgraded = True
        self.set_joined()


class Floor:
    """So many members of a process that only writes."""

    def __init__(self, members: int) -> None:
        self.members = members
        self.engine = Engine()
        reads, self._orders = os.pipe()
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            _in_child(lambda: _write_to_all(listener, members, reads))
        os.close(reads)
        sessions = [MuteSession(self.engine, i) for i in range(members)]
        self.engine.connect_all(sessions, listener.getsockname()[1], at_once=64)
        listener.close()
        self.engine.run_for(0.5)

    def measure(self, *, rounds: int, period_s: float) -> dict[str, Any]:
        """Write so many rounds; CPU of writer and reader for each write."""
        engine = self.engine
        due = rounds * self.members
        engine.reset_figures()
        engine.new_seq(1 << 30)
        engine.cycle = 1  # each frame carries the same marker
        before, began = Sample([self.pid]), now()
        os.write(self._orders, _ORDER.pack(rounds, period_s))
        engine.run_until(lambda: len(engine.delivery_us) >= due, 60.0)
        wall = (now() - began) / 1e9
        used = Sample([self.pid]).since(before)
        n = len(engine.delivery_us)
        return {
            "server": "floor",
            "durable": "none",
            "members": self.members,
            "phase": "fixed" if period_s else "saturate",
            "rate": 1 / period_s if period_s else 0.0,
            **used,
            "deliveries": n,
            "expected": due,
            "deliveries_per_s": n / wall,
            "us_per_delivery": used["server_cpu_s"] * 1e6 / n if n else None,
            "client_us_per_delivery": used["client_cpu_s"] * 1e6 / n if n else None,
        }

    def close(self) -> None:
        """End the process."""
        self.engine.close()
        os.close(self._orders)
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def main(arguments: list[str]) -> int:
    """The floor, and what the generator itself costs: so many members (500)."""
    floor = Floor(int(arguments[0]) if arguments else 500)
    try:
        for rounds, period_s in ((max(1, 500_000 // floor.members), 0.0), (100, 0.04), (50, 0.1)):
            row = floor.measure(rounds=rounds, period_s=period_s)
            keep(row)
            say(f"generator {row['client_us_per_delivery']:.2f} us per delivery")
    finally:
        floor.close()
    return 0


def _in_child(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        os._exit(0)


def _write_to_all(listener: socket.socket, members: int, orders: int) -> None:
    lines = [listener.accept()[0] for _ in range(members)]
    for line in lines:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    frame, fds, write = _frame(), [line.fileno() for line in lines], os.write
    while order := os.read(orders, _ORDER.size):
        rounds, period_s = _ORDER.unpack(order)
        began = time.perf_counter()
        for i in range(rounds):
            for fd in fds:
                write(fd, frame)
            wait_s = began + (i + 1) * period_s - time.perf_counter()
            if wait_s > 0:
                time.sleep(wait_s)


def _frame() -> bytes:
    """As the reference servers write it, some 230 bytes."""
    said = '{"type":"message","id":1,"room":"r1","from":"u1","ts":1763755555.123,"text":"%s"}'
    return server_frame((said % make_text(0)).encode())
