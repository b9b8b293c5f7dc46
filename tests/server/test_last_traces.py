"""A server that is told to stop sends its last traces first, and then ends as it did before."""

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from server import tracing
from tests.server.collector import collecting
from tests.server.live_server import COMMAND, ROOT, LiveServer

READY_S = 150.0
"""Far above what a start takes: all of Python is read anew, on a machine that may be busy."""
_UNASKED = {"OTEL_BSP_SCHEDULE_DELAY": "600000"}
"""Milliseconds: in a test, nothing is sent before the end."""


@contextmanager
def serving(place: LiveServer, *options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """`hearth serve` as a service manager starts it."""
    place.folder.mkdir(parents=True)
    environment = place.environment() | _UNASKED
    with (
        place.log.open("wb") as log,
        subprocess.Popen(
            [*COMMAND, "serve", *options], cwd=ROOT, env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            _until_it_answers(place.url)
            yield process
        finally:
            process.kill()


def _until_it_answers(url: str) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        with suppress(OSError), urllib.request.urlopen(f"{url}/readyz", timeout=2):  # noqa: S310
            return
        time.sleep(0.05)
    raise TimeoutError("it does not serve")


def _ask_for_rooms(url: str) -> None:
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"{url}/api/rooms", timeout=5)  # noqa: S310


def test_what_was_asked_last_reaches_the_collector(tmp_path: Path) -> None:
    with collecting() as collected:
        place = LiveServer(tmp_path / "hearth", traces_url=collected.url)
        with serving(place) as process:
            _ask_for_rooms(place.url)
            assert not collected.sent
            process.terminate()
            assert process.wait(60) == -signal.SIGTERM
        assert b"/api/rooms" in b"".join(collected.sent)


def test_so_it_does_from_each_of_several_workers(tmp_path: Path, postgres_url: str) -> None:
    with collecting() as collected:
        place = LiveServer(tmp_path / "hearth", traces_url=collected.url, database_url=postgres_url)
        with serving(place, "--workers", "2") as process:
            for _ in range(20):
                _ask_for_rooms(place.url)
            assert not collected.sent
            process.terminate()
            assert process.wait(60) == 0
        assert b"".join(collected.sent).count(b"/api/rooms") == 20


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a collector that takes everything and says nothing."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_collector_that_says_nothing_is_not_waited_for_long(silent: str) -> None:
    with tracing.tracing_to(silent):
        for _ in range(2_000):  # several batches: each alone would be waited for
            with tracing.span("kettle"):
                pass
        began = time.monotonic()
    assert time.monotonic() - began < 8
