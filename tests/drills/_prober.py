"""Somebody who holds the place to three promises while things fail: a limit, an ended session, a first answer.

They speak at a worker under the public limits, faster than those allow; end one session after the other, and knock
with it at every worker; and say again at another worker, under the same client_id, what was answered.
"""

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

from server.client import Client, ClientError, Http, SessionOver
from server.limits import Limits
from server.protocol import frames
from tests.drills._crowd import Crowd, gather
from tests.drills._servers import DrillServer
from tests.drills._services import Workers
from tests.server.live_server import hasty

FIRST_S = 5.0
"""Until somebody has said as much as they may."""
_AT_ONCE = 6
"""So many of their posts are on their way together: one after the other would be slower than the limit."""
_PAUSE_S = 0.1
_PATIENCE_S = 90.0
_UP_WITHIN_S = 240.0
_RULES = [Limits("normal").rule(kind) for kind in ("post_burst", "post")]


class Prober:
    """strict: speaks under the public limits; other: says it again elsewhere. refused: by their limit, by fault."""

    def __init__(self, urls: list[str], crowd: Crowd, strict: Client, other: Client) -> None:
        self.refused: Counter[str] = Counter()
        self.knocked: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.came_in = 0
        self.answered_otherwise = 0
        self._urls, self._crowd, self._strict, self._other = urls, crowd, strict, other
        self._spare = crowd.tokens[1:]
        self._ended: list[str] = []
        self._said: list[tuple[float, float]] = []
        self._fault = "none"

    @contextlib.contextmanager
    def during(self, fault: str) -> Iterator[None]:
        """What is found meanwhile stands under its name."""
        self._fault = fault
        try:
            yield
        finally:
            self._fault = "none"

    async def go_on(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._speak())
            group.create_task(self._knock())

    @property
    def over_limit(self) -> int:
        """Messages more than were allowed, by the longest that each stretch may have been."""
        said = sorted(self._said)
        stretches = [
            (said[first : first + rule.most + 1], rule.within_s)
            for rule in _RULES
            for first in range(len(said) - rule.most)
        ]
        return sum(max(end for _, end in some) - some[0][0] < most_s for some, most_s in stretches)

    def figures(self) -> dict[str, Any]:
        """What came of it."""
        return {
            "probed": {
                "said": len(self._said),
                "over_limit": self.over_limit,
                "ended_sessions_that_came_in": self.came_in,
                "answered_otherwise": self.answered_otherwise,
                "refused": dict(self.refused),
                "knocked": dict(self.knocked),
                "repeated": dict(self.repeated),
            }
        }

    async def _speak(self) -> None:
        while True:
            fault, post = self._fault, self._post()
            began = time.perf_counter()
            answer = await self._say(self._strict, post)
            if isinstance(answer, frames.Posted):
                self._said.append((began, time.perf_counter()))
                await self._say_again(post, answer)
            elif isinstance(answer, frames.Refused) and answer.code == "too_fast":
                self.refused[fault] += 1
            await asyncio.sleep(_PAUSE_S)

    async def _say_again(self, post: frames.Post, first: frames.Posted) -> None:
        fault = self._fault
        again = await self._say(self._other, post)
        if isinstance(again, frames.Posted):
            self.repeated[fault] += 1
            self.answered_otherwise += again != first

    async def _say(self, client: Client, post: frames.Post) -> object:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await client.say(post)
        except TimeoutError:
            return None

    def _post(self) -> frames.Post:
        text = f"I put the washing out before the rain. ({uuid4().hex[:12]})"
        return frames.Post(type="post", room=self._crowd.room, client_id=uuid4(), text=text)

    async def _knock(self) -> None:
        for number in itertools.count():
            if self._spare:
                await self._end(self._spare.pop(), self._urls[number % len(self._urls)])
            for url in self._urls:
                await self._come_in(self._ended[number % len(self._ended)], url)
            await asyncio.sleep(_PAUSE_S)

    async def _end(self, token: str, url: str) -> None:
        """Ended once it was answered, or the answer was lost and it is."""
        while True:
            try:
                await Http(url, token).call("DELETE", "/api/sessions/current")
                break
            except SessionOver:
                break
            except ClientError:
                await asyncio.sleep(_PAUSE_S)
        self._ended.append(token)

    async def _come_in(self, token: str, url: str) -> None:
        fault = self._fault
        try:
            await Http(url, token).call("GET", "/api/sessions")
        except SessionOver:
            self.knocked[fault] += 1
        except ClientError:
            pass  # nobody answered, or the database did not: they did not come in
        else:
            self.came_in += 1


@contextlib.asynccontextmanager
async def probing(workers: Workers, sessions: int, **settings: str) -> AsyncIterator[Prober]:
    """While a community is served. sessions: how many are ended on the way. settings: as its workers have."""
    crowd = await gather(workers.first, 1 + sessions)
    server = DrillServer(workers.first.folder, None, limits="normal", **settings)
    server.launch()
    try:
        await server.ready(_UP_WITHIN_S)
        urls = [*(one.url for one in workers.servers), server.url]
        async with (
            Client(server.url, crowd.tokens[0], back_off=hasty()) as strict,
            Client(workers.url(0), crowd.tokens[0], back_off=hasty()) as other,
        ):
            for client in (strict, other):
                await client.join(crowd.room)
            prober = Prober(urls, crowd, strict, other)
            task = asyncio.create_task(prober.go_on())
            try:
                yield prober
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    finally:
        server.kill()


def kept_its_word(figures: dict[str, Any], faults: set[str]) -> bool:
    """No limit, session or promise was lost, and each was asked of while each of these failed."""
    found = figures["probed"]
    broken = (
        found["over_limit"] + found["ended_sessions_that_came_in"] + found["answered_otherwise"]
    )
    asked = all(found["refused"].get(fault) and found["knocked"].get(fault) for fault in faults)
    return not broken and asked and sum(found["repeated"].values()) > 0
