"""Several workers on one listening socket: started, watched, and replaced one after the other.

The supervisor holds the socket and serves nobody. A worker that ends is started again; SIGHUP starts a new
one in the place of each, waits until it serves, and only then lets the old one go: nobody finds the door
closed. One that stands still is ended, and started again. Workers end when the supervisor is gone.
"""

import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Final, Protocol

log = logging.getLogger(__name__)

MOST_WORKERS: Final = 64
_READY_S = 60.0
"""A worker on its way that says for so long neither that it serves nor that it goes on does not come up."""
_GOES_S = 25.0
"""Time for a worker to say good-bye, and to write what was accepted."""
_AGAIN_S = 1.0
_MOST_AGAIN_S = 30.0
_STEADY_S = 60.0
_LOOK_S = 0.5
BEAT_S: Final = 1
"""How often a worker says that it goes on."""
_SILENT_S = 60.0
"""A worker of which nothing is heard for so long serves nobody: nothing that is sound takes its loop so long."""
_MOST_HEARD = 4_096
_SERVES: Final = b"1"
_HEARS: Final = "SUPERVISOR_HEARS"
"""In the environment of workers: that beats may come before they serve. An update leaves the supervisor as it is."""
_COMMAND = (
    sys.executable,
    "-c",
    "import sys; from server.cli import main; sys.exit(main())",
    "serve",
    "--worker",
)


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """What a worker is given: descriptors of the sockets, one to say that it serves and goes on, one that ends
    with the supervisor; how many serve, and which of them this is, from 0 up."""

    sockets: tuple[int, ...]
    ready: int
    alive: int
    of: int
    number: int

    @classmethod
    def read(cls, text: str) -> "WorkerPlace":
        """As `text` wrote it."""
        sockets, *numbers = text.split(":")
        return cls(tuple(map(int, sockets.split(","))), *map(int, numbers))

    def text(self) -> str:
        """For a command line."""
        sockets = ",".join(map(str, self.sockets))
        return f"{sockets}:{self.ready}:{self.alive}:{self.of}:{self.number}"

    def say_ready(self) -> None:
        """It serves."""
        os.write(self.ready, _SERVES)

    def say_alive(self) -> None:
        """Each BEAT_S, from the loop that serves. Never waits for a supervisor that does not listen."""
        os.set_blocking(self.ready, False)
        with suppress(OSError):
            os.write(self.ready, b".")

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """While something is done that may rightly take long, and that has no loop to say so.

        A supervisor from before this was there takes any word for "it serves": that one is told nothing.
        """
        if _HEARS not in os.environ:
            yield
            return
        over = threading.Event()

        def say_so() -> None:
            while not over.wait(BEAT_S):
                self.say_alive()

        saying = threading.Thread(target=say_so, name="going on", daemon=True)
        saying.start()
        try:
            yield
        finally:
            over.set()
            saying.join()

    def release(self) -> None:
        """It serves no more."""
        os.close(self.ready)

    def end_with_supervisor(self) -> None:
        """However that ends: a worker that nobody watches would never be replaced."""

        def wait() -> None:
            os.read(self.alive, 1)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=wait, name="supervisor", daemon=True).start()


class Beside(Protocol):
    """Processes that workers need and that nobody comes to: looked at as workers are."""

    def look(self) -> None:
        """Often; never waits for long."""
        ...

    def replace(self) -> None:
        """Each by a new one, the old one last."""
        ...

    def end(self) -> None:
        """All of them."""
        ...


@dataclass(slots=True)
class _Worker:
    """A process, and the end of the pipe on which it says that it serves. silent_s: since it last said something."""

    process: "subprocess.Popen[bytes]"
    number: int
    ready: int
    began: float
    serves: bool = False
    silent_s: float = 0.0
    replaces: "_Worker | None" = None
    goes_since: float | None = None


@dataclass(slots=True)
class _Crew:
    """All workers. again_s: how long to wait before the next one is started in the place of one that ended."""

    sockets: Sequence[socket.socket]
    size: int
    alive: int
    command: Sequence[str]
    environment: Mapping[str, str]
    workers: list[_Worker] = field(default_factory=list)
    to_replace: list[_Worker] = field(default_factory=list)
    again_s: float = _AGAIN_S
    start_at: float = 0.0
    looked_at: float = field(default_factory=time.monotonic)

    def start(self, replaces: _Worker | None = None) -> None:
        """One more process."""
        reading, writing = os.pipe()
        numbers = tuple(bound.fileno() for bound in self.sockets)
        number = replaces.number if replaces else self._free_number()
        place = WorkerPlace(numbers, writing, self.alive, self.size, number)
        process = subprocess.Popen(
            [*self.command, place.text()],
            pass_fds=(*numbers, writing, self.alive),
            env=os.environ | dict(self.environment) | {_HEARS: "beats"},
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which lets them go in order
        )
        os.close(writing)
        os.set_blocking(reading, False)
        self.workers.append(_Worker(process, number, reading, time.monotonic(), replaces=replaces))

    def _free_number(self) -> int:
        taken = {one.number for one in self.workers if one.goes_since is None}
        return next(number for number in range(self.size + 1) if number not in taken)

    def let_go(self, worker: _Worker) -> None:
        """It says good-bye to its members, and ends."""
        if worker.goes_since is None:
            worker.goes_since = time.monotonic()
            worker.process.terminate()


def supervise(
    sockets: Sequence[socket.socket],
    size: int,
    ready: Callable[[], None],
    command: Sequence[str] = _COMMAND,
    environment: Mapping[str, str] | None = None,
    beside: Beside | None = None,
) -> int:
    """Until told to stop. Returns the exit status.

    ready: called once, when all of them serve. command: starts a worker; its place is added.
    environment: what workers are told besides. beside: what else is watched.
    """
    asked: list[int] = []
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def note(number: int, _: FrameType | None) -> None:
        asked.append(number)
        os.write(writer, b"1")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, note)
    alive, _ = os.pipe()  # its other end is ours alone, and closes with us
    crew = _Crew(sockets, size, alive, command, environment or {})
    try:
        return _watch(crew, reader, asked, ready, beside)
    finally:
        if beside:
            beside.end()


def _watch(
    crew: _Crew, reader: int, asked: list[int], ready: Callable[[], None], beside: Beside | None
) -> int:
    if beside:
        beside.look()
    for _ in range(crew.size):
        crew.start()
    said = False
    while True:
        _wait(crew, reader)
        if signal.SIGTERM in asked or signal.SIGINT in asked:
            return _end(crew)
        if signal.SIGHUP in asked:
            asked.clear()
            crew.to_replace = [one for one in crew.workers if one.goes_since is None]
            log.warning("%d workers are replaced, one after the other", len(crew.to_replace))
            if beside:
                beside.replace()
        if beside:
            beside.look()
        _look(crew)
        serving = sum(one.serves for one in crew.workers)
        if not said and serving == crew.size:
            said = True
            ready()
        if not said and not crew.workers and crew.again_s >= _MOST_AGAIN_S:
            return 1


def _wait(crew: _Crew, reader: int) -> None:
    """Until a worker says something, a signal comes, or it is time to look."""
    with selectors.DefaultSelector() as selector:
        selector.register(reader, selectors.EVENT_READ)
        for worker in crew.workers:
            if not worker.serves and worker.goes_since is None:
                selector.register(worker.ready, selectors.EVENT_READ)
        for key, _ in selector.select(_LOOK_S):
            if key.fd == reader:
                os.read(reader, 64)


def _look(crew: _Crew) -> None:
    now = time.monotonic()
    # A machine that stood still as a whole has heard nobody, and ends nobody for it.
    passed_s, crew.looked_at = min(now - crew.looked_at, 2 * _LOOK_S), now
    for worker in list(crew.workers):
        _look_at(crew, worker, now, passed_s)
    _replace_next(crew)
    staying = [one for one in crew.workers if one.goes_since is None and one.replaces is None]
    while len(staying) < crew.size and now >= crew.start_at:
        crew.start()
        staying.append(crew.workers[-1])


def _look_at(crew: _Crew, worker: _Worker, now: float, passed_s: float) -> None:
    if worker.process.poll() is not None:
        _note_end(crew, worker, now)
        return
    if worker.goes_since is None:
        _listen_to(worker, passed_s)
    if worker.serves and worker.replaces:
        crew.let_go(worker.replaces)
        worker.replaces = None
    if worker.goes_since is not None and now > worker.goes_since + _GOES_S:
        worker.process.kill()


def _listen_to(worker: _Worker, passed_s: float) -> None:
    """One that stands still is killed, and then looked at as any other that ended."""
    heard = _heard(worker)
    worker.serves = worker.serves or _SERVES in heard
    worker.silent_s = 0.0 if heard else worker.silent_s + passed_s
    if worker.silent_s > (_SILENT_S if worker.serves else _READY_S):
        what = "stands still, and is replaced" if worker.serves else "does not come up"
        log.error("worker %d %s", worker.process.pid, what)
        worker.process.kill()
        worker.silent_s = 0.0  # said once, however long it takes to go


def _heard(worker: _Worker) -> bytes:
    try:
        return os.read(worker.ready, _MOST_HEARD)
    except BlockingIOError:
        return b""


def _note_end(crew: _Crew, worker: _Worker, now: float) -> None:
    """Gone: as it was told to, or it is started again; the sooner, the longer it had served."""
    crew.workers.remove(worker)
    os.close(worker.ready)
    if worker in crew.to_replace:
        crew.to_replace.remove(worker)
    if worker.goes_since is not None:
        return
    log.error("worker %d ended (%s)", worker.process.pid, worker.process.returncode)
    if worker.replaces is not None:  # the old one stays: what is broken must not take its place
        crew.to_replace.clear()
        return
    is_steady = worker.serves and now - worker.began > _AGAIN_S
    crew.again_s = _AGAIN_S if is_steady else min(_MOST_AGAIN_S, crew.again_s * 2)
    crew.start_at = now if is_steady else now + crew.again_s


def _replace_next(crew: _Crew) -> None:
    """One at a time: the next only when the one before has gone."""
    busy = any(one.replaces or one.goes_since is not None for one in crew.workers)
    if crew.to_replace and not busy:
        crew.start(replaces=crew.to_replace.pop(0))


def _end(crew: _Crew) -> int:
    for worker in crew.workers:
        crew.let_go(worker)
    deadline = time.monotonic() + _GOES_S
    for worker in crew.workers:
        try:
            worker.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
    return 0
