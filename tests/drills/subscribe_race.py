"""200 joins while 50 messages a second are posted: history and what follows meet without a gap or a double."""

import asyncio
import contextlib
import itertools
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from server.client import Client, Http
from server.protocol import bodies, frames
from tests.drills._crowd import Crowd, gather
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.server.live_server import LiveServer

_MEMBERS = 10
_SPEAKERS = 5
_LISTENS_S = (0.1, 0.6)
_SETTLE_S = 30.0
_CONTROL_JOINS = 60
_IN_ORDER = frames.Message | frames.Changed | frames.Reacted


class Joins:
    """Members read history and join, listen a little, leave, and do it again; on the same line or a new one."""

    def __init__(self, server: LiveServer, crowd: Crowd, *, resumes: bool = True) -> None:
        self._server, self._crowd, self._resumes = server, crowd, resumes
        self._said: dict[UUID, str] = {}
        self._head = 0
        self._counts: Counter[str] = Counter()

    async def run(self, joins: int, rate: float) -> dict[str, Any]:
        """The figures."""
        members = self._crowd.tokens[_SPEAKERS:]
        numbers = iter(range(joins))
        began = time.perf_counter()
        async with self._talking(rate):
            await asyncio.gather(*(self._keep_joining(token, numbers) for token in members))
        posted_per_s = round(len(self._said) / (time.perf_counter() - began), 1)
        names = ("joins", "new_lines", "heard", "caught_up", "gaps", "doubled", "lost", "altered")
        return {"posted": len(self._said), "posted_per_s": posted_per_s} | {
            name: self._counts[name] for name in names
        }

    async def _keep_joining(self, token: str, numbers: Iterator[int]) -> None:
        while True:
            async with _Ear(self._server.url, token) as ear:
                self._counts["new_lines"] += 1
                for _ in range(random.randint(1, 4)):
                    if next(numbers, None) is None:
                        return
                    await self._join_once(ear, Http(self._server.url, token))

    async def _join_once(self, ear: "_Ear", http: Http) -> None:
        """One try: from the page of history to the last frame before leaving."""
        room = self._crowd.room
        path = f"/api/rooms/{room}/messages?limit=100"
        page = await http.read(path, bodies.History)
        ear.forget()
        joined = await ear.client.join(room, after=page.seq if self._resumes else None)
        await asyncio.sleep(random.uniform(*_LISTENS_S))
        wanted = max(self._head, joined.seq)
        if not await has_become(lambda: ear.last >= wanted, _SETTLE_S):
            self._counts["lost"] += wanted - ear.last
        heard = ear.since_joined()
        await ear.client.leave(room)
        self._counts["joins"] += 1
        self._counts["caught_up"] += max(0, joined.seq - page.seq)
        self._check(page, heard)

    def _check(self, page: bodies.History, heard: list[_IN_ORDER]) -> None:
        seqs = [page.seq, *(frame.seq for frame in heard)]
        steps = Counter(one - before for before, one in itertools.pairwise(seqs))
        self._counts["heard"] += len(heard)
        self._counts["gaps"] += sum(count for step, count in steps.items() if step > 1)
        self._counts["doubled"] += sum(count for step, count in steps.items() if step < 1)
        told = {line.id: line.text for line in page.messages}
        told |= {frame.id: frame.text for frame in heard if isinstance(frame, frames.Message)}
        self._counts["altered"] += sum(
            1 for id, text in told.items() if self._said.get(id, text) != text
        )

    @contextlib.asynccontextmanager
    async def _talking(self, rate: float) -> AsyncIterator[None]:
        """So many posts a second, until the joins are done."""
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(Client(self._server.url, token))
                for token in self._crowd.tokens[:_SPEAKERS]
            ]
            async with asyncio.TaskGroup() as posts:
                pace = asyncio.create_task(self._keep_posting(posts, clients, rate))
                yield
                pace.cancel()

    async def _keep_posting(
        self, posts: asyncio.TaskGroup, clients: list[Client], rate: float
    ) -> None:
        """At its own pace: whoever is slow to answer slows nobody."""
        began = time.perf_counter()
        for number in itertools.count():
            await asyncio.sleep(began + number / rate - time.perf_counter())
            posts.create_task(self._post(clients[number % _SPEAKERS], number))

    async def _post(self, client: Client, number: int) -> None:
        text = f"It rains, and the kettle is on. ({number}.)"
        posted = await client.post(self._crowd.room, text)
        assert isinstance(posted, frames.Posted), posted
        self._said[posted.id] = text
        self._head = max(self._head, posted.seq)


class _Ear:
    """One line, and every frame on it, doubles too."""

    def __init__(self, url: str, token: str) -> None:
        self._heard: list[frames.ServerFrame] = []
        self.client = Client(url, token, tap=lambda frame: self._heard.append(frame))

    async def __aenter__(self) -> "_Ear":
        await self.client.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    @property
    def last(self) -> int:
        """The newest `seq` heard."""
        return max((frame.seq for frame in self.since_joined()), default=0)

    def forget(self) -> None:
        """Begin anew."""
        self._heard.clear()

    def since_joined(self) -> list[_IN_ORDER]:
        """In order; what still came from an earlier listening is before the answer to the join."""
        joined = next((n for n, one in enumerate(self._heard) if one.type == "joined"), 0)
        return [frame for frame in self._heard[joined:] if isinstance(frame, _IN_ORDER)]


def run() -> dict[str, Any]:
    """JOINS (200), RATE (50) messages a second.

    ok: every join goes on exactly where its history ended; and the control, which joins without
    `after`, has gaps.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    joins, rate = size("JOINS", 200), size("RATE", 50)
    with tempfile.TemporaryDirectory(prefix="hearth-subscribe-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            crowd = await gather(server, _SPEAKERS + _MEMBERS)
            figures = await Joins(server, crowd).run(joins, rate)
            crowd = await gather(server, _SPEAKERS + _MEMBERS)
            control = await Joins(server, crowd, resumes=False).run(_CONTROL_JOINS, rate)
        finally:
            server.kill()
    caught = not _is_clean(control)
    return figures | {
        "control_gaps": control["gaps"],
        "control_caught": caught,
        "ok": _is_clean(figures) and figures["joins"] == joins and caught,
    }


def _is_clean(figures: dict[str, Any]) -> bool:
    return not any(figures[fault] for fault in ("gaps", "doubled", "lost", "altered"))
