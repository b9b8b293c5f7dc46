"""The classifier, in processes of its own: off the loop, in batches, under a deadline.

It asks a child of its own, or those that listen elsewhere: whichever is free takes what waits next. Late and
broken are 'not assessed', which is never 'safe': the message is published, the lexicon has read it, and it is
read again when that is possible.
"""

import asyncio
import contextlib
import itertools
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from moderation.classifier import Assessment, Passage
from server.classifiers.address import Address
from server.classifiers.lines import Line, Opens, call, own_process
from server.counting import COUNTS

log = logging.getLogger(__name__)

_BATCH = 16
_BATCH_OF_LATE = 4
"""What was missed is read in small portions: whoever speaks now does not wait behind it."""
_WAITING = 512
_OWN_BACK_OFF_S = (0.1, 0.5, 2.0, 10.0)
_CALL_BACK_OFF_S = (0.1, 0.5, 1.0, 2.0)
_SILENT_S = 2.0
"""One that has owed an answer for so long is not waited for: nobody's message is to be late because of it."""
_HUNG_S = 10.0
"""One that has owed an answer for so long is frozen: a child is replaced, another is called anew."""
_TRIES = 2
"""A text that ends a process is not given to all of them."""
_AGAIN, _NOW, _LATER = 0, 1, 2

State = Literal["ready", "starting", "down"]


@dataclass(order=True, slots=True)
class _Ask:
    """rank: who goes first. Whoever does not wait any more has a done answer."""

    rank: int
    number: int
    passage: Passage = field(compare=False)
    answer: asyncio.Future[Assessment] = field(compare=False)
    tries: int = field(default=0, compare=False)

    def settle(self, assessment: Assessment) -> None:
        """The first answer counts."""
        if not self.answer.done():
            self.answer.set_result(assessment)


@dataclass(slots=True)
class _Process:
    """One that reads, or is away. asked_at: since when it owes an answer, in seconds of the monotonic clock."""

    opens: Opens
    back_off_s: Sequence[float]
    line: Line | None = None
    version: str = ""
    has_failed: bool = False
    asked_at: float | None = None

    @property
    def answers(self) -> bool:
        """It is there, and does not owe an answer for long."""
        if self.line is None:
            return False
        return self.asked_at is None or time.monotonic() - self.asked_at < _SILENT_S


class Assessor:
    """Asks the classifier processes. Safe to call from any task of one loop.

    addresses: where they listen; none: a child of its own. secret: what opens the way to those on other machines.
    """

    def __init__(
        self,
        backend: str,
        models_dir: Path | None,
        *,
        deadline_s: float,
        addresses: Sequence[Address] = (),
        secret: Callable[[], bytes] = bytes,
    ) -> None:
        command = [sys.executable, "-m", "server.classify", backend, str(models_dir or "")]
        self._deadline_s = deadline_s
        self._waiting: asyncio.PriorityQueue[_Ask] = asyncio.PriorityQueue(_WAITING)
        self._numbers = itertools.count()
        self._tasks: list[asyncio.Task[None]] = []
        self._free = 0
        self._version = ""
        self._processes = [
            _Process(partial(call, address, secret), _CALL_BACK_OFF_S) for address in addresses
        ] or [_Process(partial(own_process, command), _OWN_BACK_OFF_S)]

    @property
    def state(self) -> State:
        """Of all together: ready when one of them answers."""
        if any(process.answers for process in self._processes):
            return "ready"
        return "down" if any(process.has_failed for process in self._processes) else "starting"

    @property
    def version(self) -> str:
        """Of the first that answers; where none does, of the last that did. Each reading names its own."""
        found = next((process.version for process in self._processes if process.answers), None)
        self._version = found or self._version
        return self._version

    @property
    def answering(self) -> list[str]:
        """The versions of those that answer, one for each process."""
        return [process.version for process in self._processes if process.answers]

    @property
    def wanted(self) -> int:
        """How many processes should answer."""
        return len(self._processes)

    @property
    def process_id(self) -> int | None:
        """Of the child."""
        line = self._processes[0].line
        return line.process_id if line else None

    async def start(self) -> None:
        """Begin; does not wait until a model is loaded."""
        self._tasks = [
            asyncio.create_task(self._keep(process), name="assessor") for process in self._processes
        ]

    async def close(self) -> None:
        """End the child, and every line."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def assess(self, passage: Passage, *, deadline_s: float | None = None) -> Assessment:
        """One reading, or 'not assessed' with its reason; never raises, never takes longer than the deadline.

        deadline_s: whoever gives more time than usual lets others go first.
        """
        began = time.perf_counter()
        read = await self._assess(passage, deadline_s or self._deadline_s)
        COUNTS.readings["assessed" if read.assessed else read.why_not or "broken"] += 1
        if read.assessed:
            COUNTS.read_s.add(time.perf_counter() - began)
        return read

    async def _assess(self, passage: Passage, deadline_s: float) -> Assessment:
        if self.state != "ready":
            return self._not_read("broken")
        rank = _NOW if deadline_s <= self._deadline_s else _LATER
        answer: asyncio.Future[Assessment] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait(_Ask(rank, next(self._numbers), passage, answer))
            return await asyncio.wait_for(answer, deadline_s)
        except (TimeoutError, asyncio.QueueFull):
            return self._not_read("late")

    def _not_read(self, why: str) -> Assessment:
        return Assessment.not_assessed(why, model=self.version)

    async def _keep(self, process: _Process) -> None:
        """For ever: open a line, and open it again when it broke."""
        failures = 0
        while True:
            try:
                async with process.opens() as line:
                    process.line, process.version = line, line.version
                    failures = 0
                    await self._serve(process, line)
            except Exception as error:
                if failures == 0:  # said once, not at each try
                    log.warning("a classifier process is away: %s", type(error).__name__)
            process.line, process.has_failed = None, True
            if not any(other.line for other in self._processes):
                self._fail_waiting()
            await asyncio.sleep(process.back_off_s[min(failures, len(process.back_off_s) - 1)])
            failures += 1

    async def _serve(self, process: _Process, line: Line) -> None:
        while True:
            batch = await self._take()
            if batch:
                await self._ask(process, line, batch)

    async def _take(self) -> list[_Ask]:
        """What waits, of one rank, at least one; and only what somebody still waits for."""
        self._free += 1
        try:
            batch = [await self._waiting.get()]
        finally:
            self._free -= 1
        most = _BATCH_OF_LATE if batch[0].rank == _LATER else _BATCH
        while len(batch) < most and not self._waiting.empty():
            ask = self._waiting.get_nowait()
            if ask.rank == _LATER and batch[0].rank != _LATER:
                self._waiting.put_nowait(ask)
                break
            batch.append(ask)
        return [ask for ask in batch if not ask.answer.done()]

    async def _ask(self, process: _Process, line: Line, batch: list[_Ask]) -> None:
        loop = asyncio.get_running_loop()
        process.asked_at = time.monotonic()
        impatient = loop.call_later(self._deadline_s / 2, self._ask_another, batch)
        try:
            async with asyncio.timeout(_HUNG_S):
                found = await line.ask([ask.passage for ask in batch])
        except Exception:
            process.line = None
            self._ask_again(batch)
            raise
        finally:
            impatient.cancel()
            process.asked_at = None
        for ask, assessment in zip(batch, found, strict=True):
            ask.settle(assessment)

    def _ask_another(self, batch: list[_Ask]) -> None:
        """Half the time is over: whoever is free and has nothing to do may answer first."""
        if self._free:
            self._ask_again(batch)

    def _ask_again(self, batch: list[_Ask]) -> None:
        """Of another process, while somebody still waits; where there is none, they are told at once."""
        others = any(process.line for process in self._processes)
        for ask in batch:
            if ask.answer.done():
                continue
            ask.tries += 1
            if ask.tries < _TRIES and others and not self._waiting.full():
                self._waiting.put_nowait(
                    _Ask(_AGAIN, ask.number, ask.passage, ask.answer, ask.tries)
                )
            elif not others:
                ask.settle(self._not_read("broken"))

    def _fail_waiting(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait().settle(self._not_read("broken"))
