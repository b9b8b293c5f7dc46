"""The classifier, in a process of its own: off the loop, in batches, under a deadline.

It is restarted when it dies. Late and broken are 'not assessed', which is never 'safe': the message is
published, the lexicon has read it, and it is read again when that is possible.
"""

import asyncio
import contextlib
import itertools
import logging
import sys
import time
from pathlib import Path
from typing import Any, Literal

import orjson

from moderation.classifier import Assessment, Passage
from server.counting import COUNTS

log = logging.getLogger(__name__)

_BATCH = 16
_WAITING = 512
_BACK_OFF_S = (0.1, 0.5, 2.0, 10.0)
_LINE_BYTES = 1024 * 1024
_HUNG_S = 10.0
"""A process that has not answered for this long is frozen: it is replaced."""

State = Literal["ready", "starting", "down"]


class Assessor:
    """Asks the classifier process. Safe to call from any task of one loop."""

    def __init__(self, backend: str, models_dir: Path | None, *, deadline_s: float) -> None:
        self._command = [sys.executable, "-m", "server.classify", backend, str(models_dir or "")]
        self._deadline_s = deadline_s
        self._queue: asyncio.Queue[tuple[int, Passage]] = asyncio.Queue(_WAITING)
        self._asked: dict[int, asyncio.Future[Assessment]] = {}
        self._numbers = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self.state: State = "starting"
        self.version = ""
        self.process_id: int | None = None

    async def start(self) -> None:
        """Begin; does not wait until the model is loaded."""
        self._task = asyncio.create_task(self._keep_alive(), name="assessor")

    async def close(self) -> None:
        """End the process."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def assess(self, passage: Passage, *, deadline_s: float | None = None) -> Assessment:
        """One reading, or 'not assessed' with its reason; never raises, never takes longer than the deadline."""
        began = time.perf_counter()
        read = await self._assess(passage, deadline_s or self._deadline_s)
        COUNTS.readings["assessed" if read.assessed else read.why_not or "broken"] += 1
        if read.assessed:
            COUNTS.read_s.add(time.perf_counter() - began)
        return read

    async def _assess(self, passage: Passage, deadline_s: float) -> Assessment:
        if self.state != "ready":
            return Assessment.not_assessed("broken", model=self.version)
        number = next(self._numbers)
        future: asyncio.Future[Assessment] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        try:
            self._queue.put_nowait((number, passage))
            return await asyncio.wait_for(future, deadline_s)
        except (TimeoutError, asyncio.QueueFull):
            return Assessment.not_assessed("late", model=self.version)
        finally:
            self._asked.pop(number, None)

    async def _keep_alive(self) -> None:
        failures = 0
        while True:
            try:
                await self._serve()
            except Exception as error:
                log.warning("classifier process ended: %s", type(error).__name__)
            failures = 0 if self.state == "ready" else failures + 1
            self.state = "down"
            self._fail_all()
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])

    async def _serve(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
        )
        self.process_id = process.pid
        try:
            await self._talk(process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _talk(self, process: asyncio.subprocess.Process) -> None:
        self.version = (await _read(process))["version"]
        self.state = "ready"
        while True:
            batch = await self._take()
            if batch:
                async with asyncio.timeout(_HUNG_S):
                    await self._ask(process, batch)

    async def _take(self) -> list[tuple[int, Passage]]:
        """All that waits, at least one, and only what somebody still waits for."""
        batch = [await self._queue.get()]
        while len(batch) < _BATCH and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return [(number, passage) for number, passage in batch if number in self._asked]

    async def _ask(
        self, process: asyncio.subprocess.Process, batch: list[tuple[int, Passage]]
    ) -> None:
        assert process.stdin is not None  # noqa: S101 - PIPE
        passages = [[passage.text, passage.in_reply_to] for _, passage in batch]
        process.stdin.write(orjson.dumps(passages) + b"\n")
        await process.stdin.drain()
        for (number, _), stored in zip(batch, await _read(process), strict=True):
            future = self._asked.get(number)
            if future and not future.done():
                future.set_result(Assessment.from_json(stored))

    def _fail_all(self) -> None:
        for future in self._asked.values():
            if not future.done():
                future.set_result(Assessment.not_assessed("broken", model=self.version))


async def _read(process: asyncio.subprocess.Process) -> Any:
    assert process.stdout is not None  # noqa: S101 - PIPE
    line = await process.stdout.readline()
    if not line:
        raise EOFError
    return orjson.loads(line)
