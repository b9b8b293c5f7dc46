"""What do two members who stop reading do to the rest of the room? `python -m tests.bench stall SERVER...`.

They keep their connections open with a small receive buffer and never read again (a phone in a tunnel).
Says, over the last third of the run, how much of what was posted the healthy members received, and how soon;
and how much the server's memory grew. A run with everybody healthy stands beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.bench.engine import Engine, Session, quantiles_ms, quiet_gc
from tests.bench.every_server import find_server, missing
from tests.bench.processes import memory_bytes
from tests.bench.progress import keep, say
from tests.bench.work import Row, fixed_rate

_SMALL_BUFFER_BYTES: Final = 4_096
_TEXTS: Final = 128


class Stall(NamedTuple):
    """Who talks how much to whom, and for how long."""

    members: int = 50
    stalled: int = 2
    rate: float = 100.0
    size_bytes: int = 1_000
    seconds: float = 18.0


def main(arguments: list[str]) -> int:
    """Each named server, with and without stalled members."""
    asked = _asked(arguments)
    plan = Stall(asked.members, asked.stalled, asked.rate, asked.size, asked.seconds)
    with Path(asked.out).open("a") as out:
        for name in asked.servers:
            for row in attempt(name, plan):
                keep(row, out)
    return 0


def attempt(name: str, plan: Stall) -> Iterator[Row]:
    """Two rows of one server: nobody stalled, then some; what breaks is said."""
    needs = missing().get(name)
    if needs:
        say(f"{name}: left out, needs {needs}")
        return
    for one in (plan._replace(stalled=0), plan):
        try:
            yield measure(name, one)
        except Exception as error:  # a broken server must not end the series
            say(f"{name}: {type(error).__name__}: {error}")


def measure(name: str, plan: Stall) -> Row:
    """One run."""
    server = find_server(name)([plan.members])
    server.text_bytes = plan.size_bytes
    # Where nothing is read, no marker comes again: whoever stands still may not hold up the posting.
    engine = Engine(unique=not server.reads_texts, cycle=_TEXTS)
    try:
        server.start()
        sessions = [server.session(engine, i) for i in range(plan.members)]
        healthy, stalled = _join(engine, server.port, sessions, plan, at_once=server.joins_at_once)
        server.in_room(engine, sessions)
        engine.run_for(server.settle_s)
        for session in stalled:
            engine.ignore(session)
        memory = memory_bytes(server.roots())[0]
        quiet_gc()
        due = len(healthy) if server.echoes else len(healthy) - 1
        sent = _talk(engine, healthy, due, plan)
        missing = engine.missing()
        grown = memory_bytes(server.roots())[0] - memory
    finally:
        engine.close()
        server.stop()
    return {
        "server": name, "durable": server.durable, "members": plan.members, "phase": "stall",
        "note": server.note,
        "stalled": plan.stalled, "rate": plan.rate, "size_bytes": plan.size_bytes,
        "share_of_last_third": 1 - missing / (sent * due) if sent else 0.0,
        "delivery_ms": quantiles_ms(engine.delivery_us),
        "memory_grown_mib": grown / 2**20,
        "dropped_sessions": engine.dropped,
        "errors": engine.errors[:3],
    }  # fmt: skip


def _join(
    engine: Engine, port: int, sessions: list[Session], plan: Stall, *, at_once: int
) -> tuple[list[Session], list[Session]]:
    """The healthy and the stalled; these get a small buffer, before they connect."""
    healthy = sessions[: plan.members - plan.stalled]
    stalled = sessions[plan.members - plan.stalled :]
    engine.connect_all(healthy[:1], port)
    engine.run_for(0.3)
    engine.connect_all(healthy[1:], port, at_once=at_once)
    engine.receive_buffer_bytes = _SMALL_BUFFER_BYTES
    engine.connect_all(stalled, port, at_once=at_once)
    return healthy, stalled


def _talk(engine: Engine, healthy: list[Session], due: int, plan: Stall) -> int:
    """How many were posted in the last third, whose figures the engine holds."""
    third = plan.seconds / 3
    said = {"rate": plan.rate, "size_bytes": plan.size_bytes}
    fixed_rate(engine, healthy[:10], due, seconds=2 * third, **said)  # type: ignore[arg-type]
    engine.reset_figures()
    sent = fixed_rate(engine, healthy[:10], due, seconds=third, **said)["sent"]  # type: ignore[arg-type]
    engine.run_for(1.0)
    return int(sent)


def _asked(arguments: list[str]) -> argparse.Namespace:
    plan = Stall()
    parser = argparse.ArgumentParser("tests.bench stall", description=__doc__)
    parser.add_argument("servers", nargs="+", metavar="SERVER")
    parser.add_argument("--members", type=int, default=plan.members)
    parser.add_argument("--stalled", type=int, default=plan.stalled)
    parser.add_argument("--rate", type=float, default=plan.rate)
    parser.add_argument("--size", type=int, default=plan.size_bytes)
    parser.add_argument("--seconds", type=float, default=plan.seconds)
    parser.add_argument("--out", default="stall.jsonl")
    return parser.parse_args(arguments)
