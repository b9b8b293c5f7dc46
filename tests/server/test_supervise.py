"""Several workers on one socket: replaced one after the other, started again, and never left alone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.errors import Misconfigured
from server.serve import check_may_be_several
from server.settings import read_settings

_WORKER = """
import signal, sys, threading
from server.supervise import WorkerPlace
place = WorkerPlace.read(sys.argv[1])
gone = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: gone.set())
place.end_with_supervisor()
place.say_ready()
while not gone.wait(0.02): place.say_alive()
"""
_MIGRATES_S = 12.0
_SLOW = f"""
import sys, time
from server.supervise import WorkerPlace
place = WorkerPlace.read(sys.argv[1])
place.end_with_supervisor()
with place.going_on():
    time.sleep({_MIGRATES_S})
place.say_ready()
while True: time.sleep(0.02); place.say_alive()
"""
_FROZEN = """
import os, signal, sys, time
from server.supervise import WorkerPlace
with WorkerPlace.read(sys.argv[1]).going_on():
    time.sleep(2)
    os.kill(os.getpid(), signal.SIGSTOP)
"""
_SILENT = "import time; time.sleep(600)"
_SUPERVISOR = """
import socket, sys
from server import supervise as supervising
from server.supervise import supervise
supervising._SILENT_S = 3.0
supervising._READY_S = float(sys.argv[2])
with socket.socket() as bound:
    bound.bind(("127.0.0.1", 0)); bound.listen()
    sys.exit(supervise([bound], 2, lambda: print("ready", flush=True), (sys.executable, "-c", sys.argv[1])))
"""


@contextmanager
def supervising(worker: str, ready_s: float = 60.0) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-c", _SUPERVISOR, worker, str(ready_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def supervisor() -> Iterator["subprocess.Popen[bytes]"]:
    with supervising(_WORKER) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield process


def workers(process: "subprocess.Popen[bytes]") -> set[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return {int(child) for child in children.split()}


def until(is_so: Callable[[], bool], within_s: float = 30.0) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_workers_are_replaced_started_again_and_end_with_their_supervisor(
    supervisor: "subprocess.Popen[bytes]",
) -> None:
    first = workers(supervisor)
    assert len(first) == 2
    fewest = 2
    supervisor.send_signal(signal.SIGHUP)

    def are_others() -> bool:
        nonlocal fewest
        now = workers(supervisor)
        fewest = min(fewest, len(now))
        return len(now) == 2 and not now & first

    until(are_others)
    assert fewest == 2, "a new one is there before an old one goes"
    second = workers(supervisor)
    killed = min(second)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(workers(supervisor)) == 2 and killed not in workers(supervisor))
    left = workers(supervisor)
    supervisor.kill()
    supervisor.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))


def test_a_worker_that_stands_still_is_replaced_and_the_other_stays(
    supervisor: "subprocess.Popen[bytes]",
) -> None:
    frozen, other = sorted(workers(supervisor))
    os.kill(frozen, signal.SIGSTOP)
    until(lambda: frozen not in workers(supervisor) and len(workers(supervisor)) == 2)
    assert other in workers(supervisor)


def test_one_that_migrates_for_longer_than_it_may_be_silent_is_waited_for() -> None:
    began = time.monotonic()
    with supervising(_SLOW, ready_s=8.0) as process:
        until(lambda: len(workers(process)) == 2)
        first = workers(process)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        assert time.monotonic() - began > _MIGRATES_S, "that it goes on is not that it serves"
        assert workers(process) == first


@pytest.mark.parametrize("worker", [_FROZEN, _SILENT], ids=["frozen", "silent"])
def test_one_that_does_not_come_up_is_ended_also_in_the_middle_of_a_migration(worker: str) -> None:
    with supervising(worker, ready_s=8.0) as process:
        until(lambda: len(workers(process)) == 2)
        first = workers(process)
        until(lambda: not workers(process) & first, within_s=60)
        until(lambda: len(workers(process)) == 2, within_s=60)
        left = workers(process)
        process.kill()
        process.wait()
        for pid in left:
            os.kill(pid, signal.SIGKILL)


def test_nobody_is_replaced_because_the_whole_machine_stood_still(
    supervisor: "subprocess.Popen[bytes]",
) -> None:
    before = workers(supervisor)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in (supervisor.pid, *before):
            os.kill(pid, number)
        time.sleep(4.0)
    assert workers(supervisor) == before


def test_it_ends_when_told_to(supervisor: "subprocess.Popen[bytes]") -> None:
    left = workers(supervisor)
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)


def test_the_embedded_database_is_served_by_one(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as refused:
        check_may_be_several(read_settings({}, data_dir=tmp_path))
    assert "PostgreSQL" in refused.value.detail
