"""Classifier processes beside several workers of one machine: started, watched, and replaced one after the other.

Workers share them: a model is in memory as often as there are processes, not as often as there are workers.
"""

import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from server.classifiers.address import Address

log = logging.getLogger(__name__)

WORKERS_TO_ONE: Final = 4
"""So many workers share a process where nobody says how many there should be."""
_AGAIN_S = 1.0
_MOST_AGAIN_S = 30.0
_GOES_S = 5.0
_PROBE_EVERY_S = 5.0
_FROZEN_S = 10.0
_COMMAND: Final = (
    sys.executable,
    "-c",
    "import sys; from server.cli import main; sys.exit(main())",
    "classify",
)


@dataclass(slots=True)
class _Place:
    """One socket and the process behind it. made: which file the socket was before this process began.

    new: on its way to take the place of `process`.
    """

    path: Path
    process: "subprocess.Popen[bytes] | None" = None
    new: "subprocess.Popen[bytes] | None" = None
    made: int | None = None
    again_s: float = _AGAIN_S
    start_at: float = 0.0
    probe: socket.socket | None = None
    probed_at: float = 0.0

    @property
    def inode(self) -> int | None:
        """Of the socket as it is now."""
        try:
            return self.path.stat().st_ino
        except OSError:
            return None


@dataclass(slots=True)
class Beside:
    """All of them. Their sockets lie in a folder that only their owner may enter."""

    count: int
    command: Sequence[str] = _COMMAND
    _folder: Path = field(init=False)
    _places: list[_Place] = field(init=False)
    _alive: tuple[int, int] = field(init=False)
    _to_replace: list[_Place] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="hearth-classifiers-"))
        self._places = [_Place(self._folder / f"{number}.sock") for number in range(self.count)]
        self._alive = os.pipe()  # its writing end is ours alone, and closes with us

    @property
    def addresses(self) -> str:
        """As HEARTH_CLASSIFIERS names them."""
        return ",".join(str(Address(place.path)) for place in self._places)

    def look(self) -> None:
        """Start what is missing; let go of what was replaced. Often, and never waits."""
        now = time.monotonic()
        for place in self._places:
            self._look_at(place, now)
        if self._to_replace and not any(place.new for place in self._places):
            place = self._to_replace.pop(0)
            place.made, place.new = place.inode, self._start(place)

    def replace(self) -> None:
        """Each by a new one, which takes the socket once its model is loaded; only then the old one goes."""
        self._to_replace = list(self._places)

    def end(self) -> None:
        """All of them, and their folder."""
        left = [one for place in self._places for one in (place.process, place.new) if one]
        for process in left:
            process.terminate()
        for process in left:
            _let_go(process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _look_at(self, place: _Place, now: float) -> None:
        if place.new:
            self._look_at_new(place)
        if place.process and _is_frozen(place, now):
            log.error("a classifier process is frozen, and is replaced")
            place.process.kill()
            place.process.wait()
        if place.process and place.process.poll() is not None:
            log.error("a classifier process ended (%s)", place.process.returncode)
            place.process = None
            was_steady = place.inode not in {None, place.made}
            place.again_s = _AGAIN_S if was_steady else min(_MOST_AGAIN_S, place.again_s * 2)
            place.start_at = now if was_steady else now + place.again_s
        if place.process is None and place.new is None and now >= place.start_at:
            place.made, place.process = place.inode, self._start(place)

    def _look_at_new(self, place: _Place) -> None:
        assert place.new is not None  # noqa: S101 - whoever calls looked
        if place.new.poll() is not None:
            log.error("a new classifier process does not come up; the old one stays")
            place.new = None
            self._to_replace.clear()
        elif place.inode not in {None, place.made}:
            if place.process:
                _let_go(place.process)
            place.process, place.new = place.new, None

    def _start(self, place: _Place) -> "subprocess.Popen[bytes]":
        reading = self._alive[0]
        return subprocess.Popen(
            [*self.command, "--listen", str(Address(place.path)), "--alive", str(reading)],
            pass_fds=(reading,),
            start_new_session=True,
        )


def _is_frozen(place: _Place, now: float) -> bool:
    """Whether it has not said for long which model it reads with, to a line that we opened. Never waits."""
    if place.probe is None:
        if place.inode in {None, place.made} or now < place.probed_at + _PROBE_EVERY_S:
            return False
        place.probe, place.probed_at = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), now
        place.probe.setblocking(False)
        with suppress(OSError):
            place.probe.connect(str(place.path))
        return False
    try:
        place.probe.recv(1)
    except BlockingIOError:
        if now < place.probed_at + _FROZEN_S:
            return False
        is_frozen = True
    except OSError:  # it has ended, or lets nobody in: whoever looks at its process sees that
        is_frozen = False
    else:
        is_frozen = False
    place.probe.close()
    place.probe = None
    return is_frozen


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_GOES_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
