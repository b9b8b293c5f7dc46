"""One replay from beginning to end: people come in, talk, and are counted."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from server.client import Answer, BackOff, Client, ClientError, Http
from server.protocol import frames
from server.replay.conversations import Conversation
from server.replay.ledger import Ledger, percentile
from server.replay.plan import Plan, Turn
from server.replay.staff import Clinician, Moderator
from server.replay.staging import Stage

_SETTLE_S = 60.0
_STRAY_S = 0.5
_LATE_READING_S = 30.0
_MOST_TRIES = 200
_STILL_S = 4.0


@dataclass(frozen=True, slots=True)
class Options:
    """rate: messages a second in all; None: as fast as they are acknowledged."""

    url: str
    rate: float | None = None
    first_wait_s: float = 0.5
    most_wait_s: float = 30.0

    def back_off(self) -> BackOff:
        """One for each client."""
        return BackOff(first_s=self.first_wait_s, most_s=self.most_wait_s)


class Replay:
    """Runs once. `ledger` may be looked at meanwhile. client: what each member's socket is made of."""

    client: type[Client] = Client

    def __init__(self, options: Options, stage: Stage) -> None:
        self.options = options
        self.stage = stage
        self.ledger = Ledger()
        self.began_s = 0.0
        self._moderator: Moderator | None = None
        self._clinician: Clinician | None = None
        self._next_at_s = 0.0

    async def run(self, conversations: Iterable[Conversation], tokens: list[str]) -> dict[str, Any]:
        """The figures. tokens: one for each member who talks."""
        await self._take_seats(tokens)
        async with contextlib.AsyncExitStack() as stack:
            watching = await stack.enter_async_context(self._staff())
            clients = [await self._listen(stack, token) for token in tokens]
            plan = Plan(conversations, self.stage.rooms, len(clients))
            self.began_s = time.perf_counter()
            await asyncio.gather(
                *(self._talk(plan, number, client) for number, client in enumerate(clients))
            )
            seconds = time.perf_counter() - self.began_s
            await self._settle()
            return await self._figures(seconds) | {"staff_failed": _failed(watching)}

    # --- coming in ---

    async def _take_seats(self, tokens: list[str]) -> None:
        for token in tokens:
            for room in self.stage.rooms:
                await Http(self.options.url, token).take_seat(room)

    async def _listen(
        self, stack: contextlib.AsyncExitStack, token: str, moderator: Moderator | None = None
    ) -> Client:
        """A socket whose every frame is checked, listening to all rooms."""
        ear = self.ledger.ear()

        def tap(frame: frames.ServerFrame) -> None:
            self.ledger.hear(ear, frame, time.perf_counter())
            if moderator:
                moderator.hear(frame)

        client = self.client(self.options.url, token, back_off=self.options.back_off(), tap=tap)
        await stack.enter_async_context(client)
        for room in self.stage.rooms:
            await client.join(room)
        return client

    @contextlib.asynccontextmanager
    async def _staff(self) -> AsyncIterator[list["asyncio.Task[None]"]]:
        """The moderator's and the clinician's sockets, and what they do meanwhile."""
        async with contextlib.AsyncExitStack() as stack:
            tasks = []
            if self.stage.moderator:
                self._moderator = Moderator(Http(self.options.url, self.stage.moderator))
                await self._listen(stack, self.stage.moderator, self._moderator)
                tasks.append(asyncio.create_task(self._moderator.open_cases()))
                tasks.append(asyncio.create_task(self._moderator.watch_unassessed()))
            if self.stage.clinician:
                http = Http(self.options.url, self.stage.clinician)
                self._clinician = Clinician(http, self.stage.rooms)
                await self._listen(stack, self.stage.clinician)
                tasks.append(asyncio.create_task(self._clinician.read_weeks()))
            yield tasks
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- talking ---

    async def _talk(self, plan: Plan, person: int, client: Client) -> None:
        while turn := await plan.take(person):
            await self._pace()
            plan.said(turn, person, await self._say(client, turn))

    async def _say(self, client: Client, turn: Turn) -> UUID | None:
        """Until the server's last word: a nudge is answered with `insist`, a limit with patience."""
        frame = frames.Post(
            type="post", room=turn.room, client_id=uuid4(), text=turn.text, reply_to=turn.reply_to
        )
        for _ in range(_MOST_TRIES):
            self.ledger.sending(frame, time.perf_counter())
            answer = await client.say(frame)
            if isinstance(answer, frames.Nudge):
                self.ledger.counts["nudged"] += 1
                frame = frame.model_copy(update={"insist": True})
            elif isinstance(answer, frames.Refused) and answer.retryable:
                self.ledger.counts["tried_again"] += 1
                await asyncio.sleep(answer.retry_after_s or 0.5)
            else:
                break
        return self._note(answer, turn)

    def _note(self, answer: Answer, turn: Turn) -> UUID | None:
        if isinstance(answer, frames.Nudge):
            answer = frames.Refused(code="nudged", detail="Nudged again and again.")
        self.ledger.answered(answer, time.perf_counter())
        if isinstance(answer, frames.Posted):
            return answer.id
        self.ledger.counts["skipped"] += len(turn.replies)
        return None

    async def _pace(self) -> None:
        if self.options.rate:
            now = time.perf_counter()
            self._next_at_s = max(now, self._next_at_s + 1 / self.options.rate)
            await asyncio.sleep(self._next_at_s - now)

    # --- counting ---

    async def _settle(self) -> None:
        """Until everybody has heard everything, or has had the time to; then a moment for doubles."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S):
                while not self.ledger.all_heard():  # noqa: ASYNC110 - a condition, not an event
                    await asyncio.sleep(0.05)
        await asyncio.sleep(_STRAY_S)

    async def _figures(self, seconds: float) -> dict[str, Any]:
        unassessed = await self._unassessed()
        ledger, moderator, clinician = self.ledger, self._moderator, self._clinician
        return ledger.figures() | {
            "cases": len(moderator.cases) if moderator else None,
            "unassessed": unassessed,
            "p50_ms": percentile(ledger.answer_ms, 0.5),
            "p99_ms": percentile(ledger.answer_ms, 0.99),
            "delivery_p50_ms": percentile(ledger.delivery_ms, 0.5),
            "delivery_p99_ms": percentile(ledger.delivery_ms, 0.99),
            "seconds": round(seconds, 2),
            "messages_per_s": round(ledger.counts["acknowledged"] / seconds, 1),
            "resets": ledger.faults["resets"],
            "skipped": ledger.counts["skipped"],
            "tried_again": ledger.counts["tried_again"],
            "unassessed_peak": moderator.unassessed_peak if moderator else None,
            "queue_frames": moderator.queue_frames if moderator else None,
            "cases_opened": moderator.opened if moderator else None,
            "weeks_read": clinician.weeks_read if clinician else None,
            "weeks_refused": clinician.refused if clinician else None,
        }

    async def _unassessed(self) -> int | None:
        """What the moderator's queue says when late reading has had its time."""
        if self._moderator is None:
            return None
        count, still_since = None, time.perf_counter()
        end = still_since + _LATE_READING_S
        while time.perf_counter() < end and time.perf_counter() - still_since < _STILL_S:
            with contextlib.suppress(ClientError):
                now = await self._moderator.read_all(self.stage.rooms)
                still_since = time.perf_counter() if now != count else still_since
                count = now
                if count == 0:
                    break
            await asyncio.sleep(0.5)
        return count


def is_clean(figures: dict[str, Any]) -> bool:
    """Nothing lost, doubled, out of order, altered, or out of nowhere."""
    faults = ("lost", "doubled", "out_of_order", "altered", "phantom", "staff_failed")
    return figures["acknowledged"] > 0 and not any(figures[fault] for fault in faults)


def _failed(tasks: list["asyncio.Task[None]"]) -> int:
    """How many of the staff's tasks ended by an error of their own."""
    return sum(1 for task in tasks if task.done() and not task.cancelled() and task.exception())
