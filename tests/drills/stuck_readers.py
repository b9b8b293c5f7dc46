"""2 of 50 members stop reading: the others get all, as fast as before, and the two are gone within 20 s."""

import asyncio
import itertools
import json
import statistics
import tempfile
import time
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from server.ids import new_id
from server.replay.ledger import percentile
from tests.bench.processes import resident_bytes
from tests.drills._crowd import gather
from tests.drills._lean import Reader, Tally, marked
from tests.drills._sizes import size
from tests.drills._textbook import textbook
from tests.drills._waiting import has_become
from tests.server.live_server import LiveServer

_GONE_S = 20.0
_MOST_S = 40.0
_SLOWER = 1.2
_MOST_BYTES = 1024 * 1024
_SETTLE_S = 30.0
_SPEAKERS = 8
_TEXT_BYTES = 1_000
_CONTROL_TEXT_BYTES = 60_000
"""Longer: what a system buffers for one line must be full before anybody waits for it."""
_CONTROL_RATE, _CONTROL_S, _CONTROL_MEMBERS = 20, 6, 10
_TIME_WAIT = "06"
_BLOCK = 100_000
_blocks = itertools.count()
"""Each stretch numbers its texts from the next block on."""
_CARRIED_MS, _CARRIED_S, _LEAST_RATE = 250.0, 4, 10.0


@dataclass(slots=True)
class Round:
    """What one stretch of talk came to. grew_bytes: the server's memory, at its most, from where it began.

    kernel_bytes: the most that waited in the system for one line of those who are stuck.
    """

    expected: int = 0
    delivered: int = 0
    doubled: int = 0
    took_ms: "array[float]" = field(default_factory=lambda: array("d"))
    posted_per_s: float = 0.0
    grew_bytes: int = 0
    kernel_bytes: int = 0
    gone_s: float | None = None

    @property
    def p99_ms(self) -> float:
        """Delivery to those who read."""
        return percentile(self.took_ms, 0.99) or 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happens. pid: whose memory is watched; None: nobody's."""

    url: str
    room: UUID
    tokens: list[str]
    pid: int | None = None


class Talk:
    """Members who read, some who stop, and texts posted at a steady pace."""

    def __init__(
        self, place: Place, rate: float, seconds: float, text_bytes: int = _TEXT_BYTES
    ) -> None:
        self._place, self._rate, self._seconds = place, rate, seconds
        self._text_bytes = text_bytes
        self._count = int(rate * seconds)
        self._first = next(_blocks) * _BLOCK
        self._tally = Tally(self._first, self._count)
        self._round = Round()

    async def run(self, stuck: int) -> Round:
        """One stretch. stuck: how many stop reading as it begins."""
        readers = await self._come_in(stuck)
        silent, reading = readers[:stuck], readers[stuck:]
        for one in silent:
            one.stop_reading()
        watching = asyncio.create_task(self._watch({one.port for one in silent}))
        try:
            await self._talk(reading)
            await self._count_up(reading)
            await watching
        finally:
            watching.cancel()
            for one in readers:
                one.close()
        return self._round

    async def _come_in(self, stuck: int) -> list[Reader]:
        tokens = self._place.tokens
        readers = []
        for number, token in enumerate(tokens):
            small = number < stuck
            reader = await Reader.open(self._place.url, token, self._tally, small=small)
            reader.send(json.dumps({"type": "join", "room": str(self._place.room)}))
            readers.append(reader)
        await asyncio.sleep(0.5)
        return readers

    async def _talk(self, readers: list[Reader]) -> None:
        began = time.perf_counter()
        for turn in range(self._count):
            await asyncio.sleep(began + turn / self._rate - time.perf_counter())
            self._tally.sending(self._first + turn)
            readers[turn % _SPEAKERS].send(self._post(self._first + turn))
        self._round.posted_per_s = round(self._count / (time.perf_counter() - began), 1)

    def _post(self, number: int) -> str:
        post = {"type": "post", "room": str(self._place.room), "client_id": str(uuid4())}
        return json.dumps(post | {"text": marked(number, self._text_bytes)})

    async def _count_up(self, readers: list[Reader]) -> None:
        everything = len(readers) * self._count
        await has_become(lambda: sum(len(one.took_ms) for one in readers) >= everything, _SETTLE_S)
        found = self._round
        found.expected = everything
        found.delivered = sum(len(one.heard) - one.heard.count(0) for one in readers)
        found.doubled = sum(len(one.took_ms) for one in readers) - found.delivered
        for one in readers:
            found.took_ms.extend(one.took_ms)

    async def _watch(self, ports: set[int]) -> None:
        """Memory while there is talk, and until the silent ones are gone."""
        began, found = time.perf_counter(), self._round
        memory_bytes = _memory_bytes(self._place.pid)
        while (elapsed := time.perf_counter() - began) < (_MOST_S if ports else self._seconds):
            lines = _lines_of(self._place.url, ports)
            found.kernel_bytes = max([found.kernel_bytes, *lines])
            if ports and not lines:
                found.gone_s = round(elapsed, 1)
                ports = set()
            grew = _memory_bytes(self._place.pid) - memory_bytes
            found.grew_bytes = max(found.grew_bytes, grew)
            await asyncio.sleep(0.25)


def run() -> dict[str, Any]:
    """RATE (300) messages a second of 1 kB, or as many as the machine carries; MEMBERS (50), STUCK (2).

    SECONDS (15): of each of ROUNDS (3) without and with stuck ones, in turns.

    ok: with two who do not read, the others get 100 %, their p99 is at most 1.2 times that of the
    rounds without (medians), each stuck one costs at most 1 MiB of the server's memory and is gone
    within 20 s; and the control, the server of the tutorials, does not deliver to the others.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    stuck = size("STUCK", 2)
    without, with_stuck = await _rounds(stuck)
    async with textbook() as url:
        place = Place(url, new_id(), ["any"] * _CONTROL_MEMBERS)
        guard, control = [
            await Talk(place, _CONTROL_RATE, _CONTROL_S, _CONTROL_TEXT_BYTES).run(count)
            for count in (0, stuck)
        ]
    figures = _figures(without, with_stuck, stuck)
    caught = guard.delivered == guard.expected and control.delivered < control.expected
    return figures | {
        "control_delivered_percent_without": _percent(guard),
        "control_delivered_percent": _percent(control),
        "control_caught": caught,
        "ok": _is_well(figures) and caught,
    }


async def _rounds(stuck: int) -> tuple[list[Round], list[Round]]:
    """In turns, so that whatever else the machine does falls on both."""
    seconds = size("SECONDS", 15)
    without: list[Round] = []
    with_stuck: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="hearth-stuck-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            crowd = await gather(server, size("MEMBERS", 50))
            place = Place(server.url, crowd.room, crowd.tokens, server.pid)
            rate = await _carried(place, size("RATE", 300))
            for _ in range(size("ROUNDS", 3)):
                without.append(await Talk(place, rate, seconds).run(0))
                with_stuck.append(await Talk(place, rate, seconds).run(stuck))
        finally:
            server.kill()
    return without, with_stuck


async def _carried(place: Place, rate: float) -> float:
    """The rate, or as much of it as this machine carries now. Caches fill, and memory settles."""
    while rate > _LEAST_RATE:
        tried = await Talk(place, rate, _CARRIED_S).run(0)
        if tried.delivered == tried.expected and tried.p99_ms <= _CARRIED_MS:
            break
        rate /= 1.5
    return rate


def _figures(without: list[Round], with_stuck: list[Round], stuck: int) -> dict[str, Any]:
    p99, p99_stuck = (statistics.median(r.p99_ms for r in rs) for rs in (without, with_stuck))
    grew, grew_stuck = (
        statistics.median(one.grew_bytes for one in rounds) for rounds in (without, with_stuck)
    )
    gone = [one.gone_s for one in with_stuck]
    return {
        "posted_per_s": with_stuck[0].posted_per_s,
        "delivered_percent": min(map(_percent, with_stuck)),
        "delivered_percent_without": min(map(_percent, without)),
        "doubled": sum(one.doubled for one in with_stuck),
        "p99_ms_without": p99,
        "p99_ms": p99_stuck,
        "p99_ratio": round(p99_stuck / p99, 2) if p99 else None,
        "memory_kib_each": round(max(0, grew_stuck - grew) / stuck / 1024),
        "kernel_kib_each": round(max(one.kernel_bytes for one in with_stuck) / 1024),
        "gone_s": max((one for one in gone if one is not None), default=None),
        "stayed": gone.count(None),
    }


def _is_well(figures: dict[str, Any]) -> bool:
    return (
        figures["delivered_percent"] == 100.0
        and figures["doubled"] == 0
        and (figures["p99_ratio"] or 0) <= _SLOWER
        and figures["memory_kib_each"] * 1024 <= _MOST_BYTES
        and figures["stayed"] == 0
        and (figures["gone_s"] or _MOST_S) <= _GONE_S
    )


def _percent(one: Round) -> float:
    """Rounded down: 100 is everything."""
    return int(10_000 * one.delivered / one.expected) / 100 if one.expected else 0.0


def _memory_bytes(pid: int | None) -> int:
    if pid is None:
        return 0
    return resident_bytes(pid)


def _lines_of(url: str, ports: set[int]) -> list[int]:
    """For each line to one of these ports that the server's system still has: bytes that wait to be taken."""
    port = int(url.rsplit(":", 1)[1])
    found = []
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, state, queues, *_ = row.split()
        ours = int(here.rpartition(":")[2], 16) == port
        if ours and int(there.rpartition(":")[2], 16) in ports and state != _TIME_WAIT:
            found.append(int(queues.partition(":")[0], 16))
    return found
