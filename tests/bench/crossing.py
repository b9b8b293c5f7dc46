"""What it costs that a room's members sit at two workers and not at one: CPU, the database's included."""

from __future__ import annotations

import asyncio
import statistics
from contextlib import AsyncExitStack

from tests.bench.processes import cpu_ns, descendants
from tests.drills._chorus import Chorus
from tests.drills._crowd import Crowd, gather
from tests.drills._services import PostgresHere, RedisHere, Workers, community
from tests.server.live_server import hasty

_MEMBERS, _WRITERS = 24, 8
_PAUSE_S = 0.2
"""Some 36 messages a second in all, as twenty lively rooms say."""
_EACH = 50
_WARM_ROUNDS = 1


def measure(rounds: int = 7) -> dict[str, float]:
    """Microseconds for a message, the model apart, with all members at one of two workers; what more it
    takes when every other one is at the other, in turns; and that mean's standard error."""
    return asyncio.run(_measure(rounds))


async def _measure(rounds: int) -> dict[str, float]:
    async with community(2) as (workers, postgres, redis):
        crowd = await gather(workers.first, _MEMBERS)
        processes = _Processes(workers, postgres, redis)
        pairs = [
            [await _per_message(workers, crowd, spread, processes) for spread in (1, 2)]
            for _ in range(_WARM_ROUNDS + rounds)
        ][_WARM_ROUNDS:]
    more = [two - one for one, two in pairs]
    return {
        "at_one_us": round(statistics.mean(one for one, _ in pairs)),
        "more_at_two_us": round(statistics.mean(more)),
        "standard_error_us": round(statistics.stdev(more) / len(more) ** 0.5),
    }


async def _per_message(workers: Workers, crowd: Crowd, spread: int, processes: _Processes) -> float:
    async with AsyncExitStack() as stack:
        chorus = Chorus(lambda number: workers.url(number % spread), crowd, _WRITERS, hasty)
        await chorus.come_in(stack)
        before = processes.cpu_ns()
        await chorus.speak(lambda said: said < _EACH, _PAUSE_S)
        used = processes.cpu_ns() - before
        assert await chorus.settle()
    return used / (_WRITERS * _EACH) / 1000


class _Processes:
    """Those of the place, without the model's."""

    def __init__(self, workers: Workers, postgres: PostgresHere, redis: RedisHere) -> None:
        self._servers = [server.pid for server in workers.servers]
        self._services = [postgres.pid, redis.pid]

    def cpu_ns(self) -> int:
        """Used so far."""
        return sum(map(cpu_ns, [*self._servers, *descendants(self._services)]))
