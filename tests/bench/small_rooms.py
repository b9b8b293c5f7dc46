"""Many small rooms, each with one message a second: what one message costs there.

In a small room the price is per message (parse, check, commit, wake-up), so here it counts whether rooms
share a commit, not how a message is fanned out.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.engine import now, quiet_gc
from tests.bench.every_server import missing
from tests.bench.progress import say
from tests.bench.standing import Standing, standing
from tests.bench.work import Row, measure

SERVERS = ("hearth", "socket.io")
"""The others know no rooms."""


def attempt(name: str, rooms: int, members: int, seconds: float) -> Iterator[Row]:
    """One row: so many rooms of so many, each with one message a second; what breaks is said."""
    needs = missing().get(name)
    if needs:
        say(f"{name}: left out, needs {needs}")
        return
    try:
        with standing(name, [members] * rooms) as server:
            quiet_gc()
            yield server.joining
            _talk(server, 3.0)  # everybody's key is made at their first word
            server.engine.run_for(1.0)
            yield _row(server, seconds)
    except Exception as error:  # a broken server must not end the series
        say(f"{name}: {type(error).__name__}: {error}")


def _row(server: Standing, seconds: float) -> Row:
    members = server.adapter.rooms[0]
    figures = measure(
        server.engine, server.adapter.roots(), lambda: _talk(server, seconds), members
    )
    return server.row("rooms", members) | {
        **figures,
        "rooms": len(server.rooms),
        "rate": float(len(server.rooms)),
        "us_per_message": figures["server_cpu_s"] * 1e6 / max(1, figures["sent"]),
    }


def _talk(server: Standing, seconds: float) -> Row:
    """Room after room, one message each second in each, always by the same member of it."""
    engine, rooms = server.engine, server.rooms
    began, total = now(), int(len(rooms) * seconds)
    for i in range(total):
        due_at = began + int(i * 1e9 / len(rooms))
        while (left := due_at - now()) > 0:
            engine.poll(left / 1e9)
        room = rooms[i % len(rooms)]
        engine.post_when_free(room[0], len(room))
        if left <= -5_000_000:  # we are late: read before posting more
            engine.poll(0)
    return {"sent": total}
