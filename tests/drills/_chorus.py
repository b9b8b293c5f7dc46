"""People at several workers who speak and listen in one room, and the sum of what came of it."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sqlmodel import col, select

from server.client import BackOff, Client
from server.protocol import frames
from server.replay.ledger import percentile
from server.store.tables import Message, RoomEvent
from server.store.work import Work
from tests.drills._crowd import Crowd, gather
from tests.drills._services import Workers
from tests.drills._waiting import has_become
from tests.drills._witness import Witness

_SETTLE_S = 60.0
_ANSWER_S = 90.0
_RETRIES = 200


class Chorus:
    """All of them listen, and the first `writers` speak as well; one after the other at each worker.

    answer_s: how long each waits for an answer before it counts as failed.
    """

    def __init__(
        self,
        urls: Callable[[int], str],
        crowd: Crowd,
        writers: int,
        back_off: Callable[[], BackOff],
        answer_s: float = _ANSWER_S,
    ) -> None:
        self.answer_s = answer_s
        self.ledger = Witness()
        self.failed = 0
        self.gaps_s: list[float] = []
        self.acknowledged_at_s: list[float] = []
        self._urls, self._crowd, self._writers = urls, crowd, writers
        self._back_off = back_off
        self.clients: list[Client] = []

    async def come_in(self, stack: contextlib.AsyncExitStack) -> None:
        """Each on its line."""
        for number, token in enumerate(self._crowd.tokens):
            client = Client(self._urls(number), token, back_off=self._back_off(), tap=self._tap())
            await stack.enter_async_context(client)
            await client.join(self._crowd.room)
            self.clients.append(client)

    async def speak(self, going: Callable[[int], bool], pause_s: float = 0.0) -> None:
        """Each writer, one message after the other. going: asked before each, with how many they said."""
        await asyncio.gather(
            *(self._speak(client, going, pause_s) for client in self.clients[: self._writers])
        )

    async def settle(self) -> bool:
        """Whether everybody came to hear everything."""
        return await has_become(self.ledger.all_heard, _SETTLE_S)

    def resumed_after_s(self, moment_s: float) -> float | None:
        """How long after a moment the next message was acknowledged."""
        later = [at for at in self.acknowledged_at_s if at >= moment_s]
        return round(min(later) - moment_s, 2) if later else None

    def figures(self) -> dict[str, Any]:
        """What is asked of every drill here."""
        found = self.ledger.figures()
        ms = self.ledger.delivery_ms
        return {
            **{name: found[name] for name in (
                "posted", "acknowledged", "delivered", "expected", "lost", "doubled", "out_of_order",
                "altered", "phantom",
            )},
            "failed": self.failed,
            "p50_ms": percentile(ms, 0.5),
            "p99_ms": percentile(ms, 0.99),
            "slowest_ms": round(max(ms), 1) if ms else None,
        }  # fmt: skip

    def _tap(self) -> Callable[[frames.ServerFrame], None]:
        ear, last, joins = self.ledger.ear(), 0.0, 0

        def tap(frame: frames.ServerFrame) -> None:
            nonlocal last, joins
            now = time.perf_counter()
            if isinstance(frame, frames.Joined):
                joins += 1
                if joins > 1:
                    self.gaps_s.append(now - last)
            if not isinstance(frame, frames.Hello):
                last = now
            self.ledger.hear(ear, frame, now)

        return tap

    async def _speak(self, client: Client, going: Callable[[int], bool], pause_s: float) -> None:
        said = 0
        while going(said):
            said += 1
            post = frames.Post(
                type="post",
                room=self._crowd.room,
                client_id=uuid4(),
                text=f"The kettle is on, and the window is open. ({uuid4().hex[:12]})",
            )
            self.ledger.sending(post, time.perf_counter())
            try:
                async with asyncio.timeout(self.answer_s):
                    answer = await client.say(post, retries=_RETRIES)
            except TimeoutError:
                self.failed += 1
                continue
            now = time.perf_counter()
            if isinstance(answer, frames.Posted):
                self.acknowledged_at_s.append(now)
                self.ledger.answered(answer, now)
            else:
                self.failed += 1
            await asyncio.sleep(pause_s)


@contextlib.asynccontextmanager
async def chorus(
    workers: Workers,
    writers: int,
    readers: int,
    back_off: Callable[[], BackOff],
    *,
    writers_together: bool = False,
) -> Any:
    """Seated and listening. writers_together: at the first worker, so that all they say has to cross to the others."""
    crowd = await gather(workers.first, writers + readers)

    def url(number: int) -> str:
        return workers.url(0 if writers_together and number < writers else number)

    async with contextlib.AsyncExitStack() as stack:
        singers = Chorus(url, crowd, writers, back_off)
        await singers.come_in(stack)
        yield singers, crowd


def is_whole(figures: dict[str, Any]) -> bool:
    """Nothing acknowledged was lost, doubled, out of order or changed, and nothing else appeared."""
    faults = ("lost", "doubled", "out_of_order", "altered", "phantom", "failed", "gaps_in_seq")
    return not any(figures[name] for name in faults) and figures["acknowledged"] > 0


def gaps_in_seq(work: Work, crowd: Crowd) -> int:
    """Numbers of the room that are missing or there twice, as the database has them."""
    found = work.session.exec(
        select(RoomEvent.seq).where(RoomEvent.room_id == crowd.room).order_by(col(RoomEvent.seq))
    ).all()
    return sum(1 for before, after in itertools.pairwise(found) if after != before + 1)


def count_not_stored(work: Work, ledger: Witness) -> int:
    """Messages that were acknowledged and are not in the database."""
    promised = {said.message for said in ledger.promised()}
    stored = set(work.session.exec(select(Message.id)).all())
    return len(promised - stored)
