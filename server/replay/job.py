"""A replay's own process, for a steward's page: one job in, lines of progress and a report out.

`python -m server.replay.job`

The loop of the server is never held up by it, and its text never leaves it: figures are all it says.
"""

import asyncio
import contextlib
import os
import sys
from typing import Any

import orjson

from moderation.errors import ModerationError
from server.errors import ServerError
from server.replay.policy import Asked, replay_history
from server.settings import Settings
from server.store import beside

_NICE = 10


def main() -> None:
    """Read the job from standard input, do it, and say how it goes on standard output."""
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    job = orjson.loads(sys.stdin.buffer.readline())
    settings = Settings.model_validate(job["settings"])
    asked = Asked(days=job["days"], text=job["text"])
    try:
        report = asyncio.run(
            beside.open_and(
                settings,
                lambda database: replay_history(database, settings, asked, _progress),
            )
        )
    except (ServerError, ModerationError) as error:
        _say({"failed": error.code})
        return
    _say({"report": report.model_dump(mode="json")})


def _progress(done: int, total: int | None) -> None:
    _say({"done": done, "total": total})


def _say(value: Any) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
