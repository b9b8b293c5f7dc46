"""Replays of policies that stewards asked for: each in a process of its own, one at a time."""

import asyncio
import contextlib
import logging
import sys
from dataclasses import dataclass
from uuid import UUID

import orjson

from server.errors import ServerError, Unavailable
from server.ids import new_id
from server.protocol.policy import NewPolicyReplay, PolicyReplay, PolicyReport
from server.services import policies
from server.settings import Settings
from server.store.work import Database

log = logging.getLogger(__name__)

_LINE_BYTES = 4 * 1024 * 1024
_LONGEST_S = 3_600.0
_TOLD_EVERY_S = 1.0


@dataclass(slots=True)
class _Job:
    """One replay, and how far it is."""

    id: UUID
    by: UUID
    new: NewPolicyReplay
    done: int = 0
    total: int | None = None


class Replays:
    """Started by a steward; what they are up to is in the database, where each worker finds it."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, by: UUID, new: NewPolicyReplay) -> PolicyReplay:
        """Begin. Raises TooFast while another one runs."""
        job = _Job(new_id(), by, new)
        begun = await self._database.do(lambda work: policies.begin_replay(work, job.id))
        task = asyncio.create_task(self._run(job), name="policy-replay")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return begun

    async def find(self, replay_id: UUID) -> PolicyReplay:
        """How it stands. Raises NotFound."""
        return await self._database.read(lambda work: policies.find_replay(work, replay_id))

    async def close(self) -> None:
        """End what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: _Job) -> None:
        telling = asyncio.create_task(self._tell(job), name="policy-replay-telling")
        try:
            async with asyncio.timeout(_LONGEST_S):
                report = await self._in_child(job)
            await self._database.do(
                lambda work: policies.keep_replay(work, job.by, job.id, job.new.text, report)
            )
        except (ServerError, OSError, TimeoutError, ValueError, _Failed) as error:
            log.warning("a policy replay failed: %s", type(error).__name__)
            await self._fail(job)
        except asyncio.CancelledError:
            await self._fail(job)
            raise
        finally:
            telling.cancel()

    async def _tell(self, job: _Job) -> None:
        while True:
            await asyncio.sleep(_TOLD_EVERY_S)
            with contextlib.suppress(Unavailable):
                await self._database.do(
                    lambda work: policies.tell_replay(work, job.id, job.done, job.total)
                )

    async def _fail(self, job: _Job) -> None:
        with contextlib.suppress(Unavailable):
            await self._database.do(lambda work: policies.fail_replay(work, job.id))

    async def _in_child(self, job: _Job) -> PolicyReport:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server.replay.job",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
        )
        try:
            return await self._talk(job, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _talk(self, job: _Job, process: asyncio.subprocess.Process) -> PolicyReport:
        assert process.stdin is not None  # noqa: S101 - PIPE
        assert process.stdout is not None  # noqa: S101 - PIPE
        settings = self._settings.model_dump(mode="json")
        asked = {"settings": settings, "text": job.new.text, "days": job.new.days}
        process.stdin.write(orjson.dumps(asked) + b"\n")
        await process.stdin.drain()
        async for line in process.stdout:
            said = orjson.loads(line)
            if "report" in said:
                return PolicyReport.model_validate_json(orjson.dumps(said["report"]))
            if "failed" in said:
                raise _Failed
            job.done, job.total = said["done"], said["total"]
        raise _Failed


class _Failed(Exception):
    """The child could not do it."""
