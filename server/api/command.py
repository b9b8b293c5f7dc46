"""The steward's own command, which reaches people who are away. No shell, bounded time, nothing kept of it."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress

from server.settings import PREFIX

DONE = "done"
LIMIT_S = 10.0


async def run_command(words: Sequence[str], limit_s: float = LIMIT_S) -> str:
    """Run a program with these words. Returns `done`, `exit_N`, `late` or `not_started`.

    It sees our environment without our own settings, of which some are secret. When it takes longer
    than `limit_s`, or we are cancelled, it is ended with everything it started.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env=environment,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError):
        return "not_started"
    try:
        async with asyncio.timeout(limit_s):
            status = await process.wait()
    except TimeoutError:
        return "late"
    finally:
        await _end(process)
    return DONE if status == 0 else f"exit_{status}"


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
