"""Servers in other circumstances than usual: started by another program, or with something changed in it."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from server.replay.command import sign_up_all
from server.replay.staging import Stage, new_tag, stage_here
from tests.server.live_server import ROOT, LiveServer

_SOUND = ("-c", "import sys; from server.cli import main; sys.exit(main())", "serve")
_CHANGED = ("-m", "tests.drills._changed")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """before: words that start it, e.g. those of prlimit. environment: for it and its children.

    changed: what tests.drills._changed makes of it; nothing: the product as it is.
    """

    before: Sequence[str | Path] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)


class DrillServer(LiveServer):
    """A LiveServer that is started in its circumstances."""

    def __init__(
        self,
        folder: Path,
        circumstances: Circumstances | None = None,
        options: Sequence[str] = (),
        **settings: str,
    ) -> None:
        super().__init__(folder, **settings)
        self._options = options
        self._circumstances = circumstances or Circumstances()

    @property
    def is_alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self._process is not None and self._process.poll() is None

    def launch(self) -> None:
        """Start the process; does not wait until it serves."""
        assert self._process is None
        given = self._circumstances
        serve = _CHANGED if given.changed else _SOUND
        environment = self.environment() | dict(given.environment) | dict(given.changed)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*given.before, sys.executable, *serve, *self._options],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )


async def take_stage(
    server: LiveServer, people: int, *, rooms: int = 3, staffed: bool = True
) -> tuple[list[str], Stage]:
    """Tokens of so many new members, and rooms for them; with a moderator and a clinician, or without."""
    tokens = await sign_up_all(server.url, new_tag(), people)
    stage = await asyncio.to_thread(stage_here, server.settings, rooms)
    return tokens, stage if staffed else replace(stage, moderator=None, clinician=None)
