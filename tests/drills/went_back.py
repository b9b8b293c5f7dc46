"""A database that loses its newest while two workers serve: nobody is left with what does not fit it any more."""

import asyncio
import itertools
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from server.client import Client
from server.protocol import frames
from server.store.tables import Audit, Message
from server.store.work import Work
from tests.drills._crowd import Crowd, gather
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._services import PostgresHere, community
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.drills.rolling import two_workers
from tests.server.live_server import hasty

_NEVER_ASKS = Circumstances(changed={"DRILL_WITHOUT": "going_back"})
_HEARD_S = 60.0
_CONTROL_HEARD_S = 15.0
_RETRIES = 200


def run() -> dict[str, Any]:
    """PEOPLE (16), ROUNDS (3), MESSAGES (each, between: 4).

    Each round people speak, PostgreSQL's files are set aside, they speak on, and the files are put back, as
    where a standby that was behind took over. ok: afterwards all hear all that is said, once and in order,
    the place has one new epoch for each round; and workers that never ask whether
    the database went back are caught.
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
    return figures | {
        "control_not_heard": control["not_heard"],
        "control_caught": not _holds(control),
        "ok": _holds(figures) and figures["begun_anew"] == rounds and not _holds(control),
    }


async def _go_back(
    rounds: int,
    server: DrillServer,
    postgres: PostgresHere,
    url: Callable[[int], str],
    heard_s: float,
) -> dict[str, Any]:
    each = size("MESSAGES", 4)
    figures = {"said": 0, "forgotten": 0, "lost": 0, "not_heard": 0}
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
            said = await _speak(people, each)
            heard = await has_become(partial(_all_have, people, said), heard_s)
            back_s.append(time.monotonic() - began)
            stored = await server.on_database(_stored)
            figures["said"] += len(said)
            figures["forgotten"] += len({one.id for one in forgotten} - stored)
            figures["lost"] += len({one.id for one in said} - stored)
            figures["not_heard"] += 0 if heard else sum(one.misses(said) for one in people)
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
    """One client, and what it has heard since its room was last worth nothing; older words it fetches."""

    def __init__(self, url: str, crowd: Crowd, token: str) -> None:
        self._room = crowd.room
        self._heard: list[tuple[int, UUID]] = []
        self._fetched_up_to = 0
        self._is_reset = False
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

    def misses(self, said: list[frames.Posted]) -> int:
        heard = {message for _, message in self._heard}
        return sum(one.id not in heard and one.seq > self._fetched_up_to for one in said)

    def _take(self, frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Reset):
            self.count()
            self._heard.clear()
            self._is_reset = True
        if isinstance(frame, frames.Joined) and self._is_reset:
            self._fetched_up_to, self._is_reset = frame.seq, False
        if isinstance(frame, frames.Message):
            self._heard.append((frame.seq, frame.id))

    def count(self) -> None:
        self.doubled += len(self._heard) - len({message for _, message in self._heard})
        self.disordered += sum(a[0] >= b[0] for a, b in itertools.pairwise(self._heard))


def _all_have(people: list[_Person], said: list[frames.Posted]) -> bool:
    return not any(person.misses(said) for person in people)


async def _speak(people: list[_Person], each: int) -> list[frames.Posted]:
    async def go(person: _Person) -> list[frames.Posted]:
        return [await person.say() for _ in range(each)]

    return [one for mine in await asyncio.gather(*map(go, people)) for one in mine]


def _stored(work: Work) -> set[UUID]:
    return set(work.session.exec(select(Message.id)).all())


def _begun_anew(work: Work) -> int:
    return len(work.session.exec(select(Audit).where(Audit.verb == "place.restore")).all())


def _holds(figures: dict[str, Any]) -> bool:
    faults = ("lost", "not_heard", "doubled", "disordered")
    return not any(figures[name] for name in faults) and figures["forgotten"] > 0
