"""Replays of policies that stewards asked for: each in a process of its own, one at a time."""

import asyncio
import contextlib
import logging
import sys
from dataclasses import dataclass
from uuid import UUID

import orjson

from server.errors import NotFound, ServerError, TooFast
from server.ids import new_id
from server.protocol.policy import NewPolicyReplay, PolicyReplay, PolicyReport
from server.services import policies
from server.settings import Settings
from server.store.work import Database

log = logging.getLogger(__name__)

_LINE_BYTES = 4 * 1024 * 1024
_LONGEST_S = 3_600.0
_KEPT = 20


@dataclass(slots=True)
class _Job:
    """One replay, as it stands."""

    by: UUID
    new: NewPolicyReplay
    state: PolicyReplay
    task: asyncio.Task[None] | None = None


class Replays:
    """Started by a steward, looked at until they are done; kept in the database from then on."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._jobs: dict[UUID, _Job] = {}

    def start(self, by: UUID, new: NewPolicyReplay) -> PolicyReplay:
        """Begin. Raises TooFast while another one runs."""
        if any(job.state.state == "running" for job in self._jobs.values()):
            raise TooFast("A replay is running already: please wait for it.", retry_after_s=5)
        state = PolicyReplay(id=new_id(), state="running", done=0, total=None, report=None)
        job = self._jobs[state.id] = _Job(by, new, state)
        job.task = asyncio.create_task(self._run(job), name="policy-replay")
        for old in list(self._jobs)[:-_KEPT]:
            del self._jobs[old]
        return state

    async def find(self, replay_id: UUID) -> PolicyReplay:
        """How it stands; from the database when it was made before this process. Raises NotFound."""
        job = self._jobs.get(replay_id)
        if job:
            return job.state
        found = await self._database.read(lambda work: policies.find_replay(work, replay_id))
        if found is None:
            raise NotFound
        return found

    async def close(self) -> None:
        """End what runs."""
        tasks = [job.task for job in self._jobs.values() if job.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, job: _Job) -> None:
        try:
            async with asyncio.timeout(_LONGEST_S):
                report = await self._in_child(job)
            await self._database.do(
                lambda work: policies.keep_replay(work, job.by, job.state.id, job.new.text, report)
            )
            self._change(job, state="done", done=report.messages, report=report)
        except (ServerError, OSError, TimeoutError, ValueError, _Failed) as error:
            log.warning("a policy replay failed: %s", type(error).__name__)
            self._change(job, state="failed")

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
            self._change(job, done=said["done"], total=said["total"])
        raise _Failed

    @staticmethod
    def _change(job: _Job, **changes: object) -> None:
        job.state = job.state.model_copy(update=changes)


class _Failed(Exception):
    """The child could not do it."""
