"""A database that loses its newest while two workers serve: nobody is left with what does not fit it any more."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from server.client import Client, Declined, Http, Unreachable
from server.protocol import bodies, frames
from server.store.tables import Audit, Message
from server.store.work import Work
from tests.drills._crowd import Crowd, gather
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import PostgresHere, community, two_workers
from tests.drills._sizes import size
from tests.server.live_server import hasty

_NEVER_ASKS = Circumstances(changed={"DRILL_WITHOUT": "going_back"})
_HEARD_S = 60.0
_CONTROL_HEARD_S = 15.0
_RETRIES = 200
_SPOKEN_S = 120.0
_PAUSE_S = 0.5
"""Some of it is said before the workers end, some after."""


def run() -> dict[str, Any]:
    """PEOPLE (16), ROUNDS (3), MESSAGES (of each, each time: 8).

    Each round people speak, PostgreSQL's files are set aside, they speak on, and the files are put back, as
    where a standby that was behind took over. ok: afterwards all hear all that is said, once and in order, or
    read it (`fetched`: times that somebody did) on the pages that they open anew; the place has one new epoch
    for each round; and workers that never ask whether the database went back are caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    rounds = size("ROUNDS", 3)
    async with AsyncExitStack() as stack:
        server, postgres = await two_workers(stack)
        figures = await _go_back(rounds, server, postgres, lambda _: server.url, _HEARD_S)
    # Each for itself: what is changed in a server does not reach the workers of a supervisor.
    async with community(2, circumstances=_NEVER_ASKS) as (workers, postgres, _):
        control = await _go_back(1, workers.first, postgres, workers.url, _CONTROL_HEARD_S)
        ran_on = all(one.is_alive for one in workers.servers) and not control["begun_anew"]
    caught = ran_on and not control["failed"] and not _holds(control)
    return figures | {
        "control_not_heard": control["not_heard"],
        "control_caught": caught,
        "ok": _holds(figures) and figures["begun_anew"] == rounds and caught,
    }


async def _go_back(
    rounds: int,
    server: DrillServer,
    postgres: PostgresHere,
    url: Callable[[int], str],
    heard_s: float,
) -> dict[str, Any]:
    each = size("MESSAGES", 8)
    figures = dict.fromkeys(("said", "failed", "forgotten", "lost", "fetched", "not_heard"), 0)
    back_s: list[float] = []
    async with AsyncExitStack() as stack:
        crowd = await gather(server, size("PEOPLE", 16))
        people = [_Person(url(number), crowd, token) for number, token in enumerate(crowd.tokens)]
        for person in people:
            await person.come_in(stack)
        for _ in range(rounds):
            await _speak(people, each)
            await postgres.set_aside()
            forgotten = await _speak(people, each)
            began = time.monotonic()
            await postgres.put_back()
            said = await _speak(people, each, _PAUSE_S)
            await _settle(people, said, heard_s)
            back_s.append(time.monotonic() - began)
            stored = await server.on_database(_stored)
            figures["said"] += len(said)
            figures["failed"] += len(people) * each - len(said)
            figures["fetched"] += sum(one.has_fetched(said) for one in people)
            figures["forgotten"] += len({one.id for one in forgotten} - stored)
            figures["lost"] += len({one.id for one in said} - stored)
            figures["not_heard"] += sum(len(one.misses(said)) for one in people)
        for person in people:
            person.count()
        begun_anew = await server.on_database(_begun_anew)
    return figures | {
        "doubled": sum(one.doubled for one in people),
        "disordered": sum(one.disordered for one in people),
        "begun_anew": begun_anew,
        "all_heard_after_s": round(max(back_s), 2),
    }


class _Person:
    """One client, and what it has heard since its room was last worth nothing; what was before, it fetches."""

    def __init__(self, url: str, crowd: Crowd, token: str) -> None:
        self._room = crowd.room
        self._heard: list[tuple[int, UUID]] = []
        self._fetched: set[UUID] = set()
        self._to_fetch = False
        self._http = Http(url, token)
        self.doubled = self.disordered = 0
        self._client = Client(url, token, back_off=hasty(), hear=self._take)

    async def come_in(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._client)
        await self._client.join(self._room)

    async def say(self) -> frames.Posted:
        post = frames.Post(
            type="post",
            room=self._room,
            client_id=uuid4(),
            text=f"The kettle is on. ({uuid4().hex})",
        )
        answer = await self._client.say(post, retries=_RETRIES)
        assert isinstance(answer, frames.Posted), answer
        return answer

    def misses(self, said: list[frames.Posted]) -> set[UUID]:
        return {one.id for one in said} - {message for _, message in self._heard} - self._fetched

    def has_fetched(self, said: list[frames.Posted]) -> int:
        heard = {message for _, message in self._heard}
        return sum(one.id in self._fetched and one.id not in heard for one in said)

    async def fetch(self) -> None:
        """The pages of history, where the room is to be read anew."""
        before: int | None = None
        with contextlib.suppress(Unreachable, Declined):
            while self._to_fetch:
                path = f"/api/rooms/{self._room}/messages?limit=100"
                page = await self._http.read(
                    path if before is None else f"{path}&before={before}", bodies.History
                )
                self._fetched.update(one.id for one in page.messages)
                before, self._to_fetch = page.before, page.before is not None

    def _take(self, frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Reset):
            self.count()
            self._heard.clear()
            self._fetched.clear()
            self._to_fetch = True
        if isinstance(frame, frames.Message):
            self._heard.append((frame.seq, frame.id))

    def count(self) -> None:
        self.doubled += len(self._heard) - len({message for _, message in self._heard})
        self.disordered += sum(a[0] >= b[0] for a, b in itertools.pairwise(self._heard))


async def _settle(people: list[_Person], said: list[frames.Posted], most_s: float) -> None:
    """Until everybody has it all, or for so long."""
    end = time.monotonic() + most_s
    while any(person.misses(said) for person in people) and time.monotonic() < end:
        await asyncio.gather(*(person.fetch() for person in people))
        await asyncio.sleep(0.05)


async def _speak(people: list[_Person], each: int, pause_s: float = 0.0) -> list[frames.Posted]:
    """What was answered; who waits for too long says no more."""
    said: list[frames.Posted] = []

    async def go(person: _Person) -> None:
        for _ in range(each):
            said.append(await person.say())
            await asyncio.sleep(pause_s)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SPOKEN_S):
            await asyncio.gather(*map(go, people))
    return said


def _stored(work: Work) -> set[UUID]:
    return set(work.session.exec(select(Message.id)).all())


def _begun_anew(work: Work) -> int:
    return len(work.session.exec(select(Audit).where(Audit.verb == "place.restore")).all())


def _holds(figures: dict[str, Any]) -> bool:
    faults = ("failed", "lost", "not_heard", "doubled", "disordered")
    return not any(figures[name] for name in faults) and figures["forgotten"] > 0
