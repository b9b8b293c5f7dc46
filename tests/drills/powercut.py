"""The power fails thirty times in mid-write: what was acknowledged, or shown, is on the disk, 0 lost.

The data lie on a file system in an image. The server is stopped (SIGSTOP) under load and the image is
copied: that holds what reached the disk, without what only the kernel's memory knew. A second Hearth
opens the copy, and reads what was promised.
"""

import asyncio
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from server.replay.performance import Options, Replay, is_clean
from server.settings import read_settings
from server.store import beside
from tests.drills._disks import claim_mounts, copy_image, mounted, server_on_a_disk
from tests.drills._invented import conversations
from tests.drills._kept import compare, read_kept
from tests.drills._servers import DrillServer, take_stage
from tests.drills._sizes import size
from tests.drills._waiting import until
from tests.drills._witness import Witness

_CUTS = 30
_MESSAGES = 11_000
"""At the last cut there are 10,000 or more."""
_CONTROL_CUTS = 3
_CONTROL_MESSAGES = 600
_IMAGE_MIB = 512
_IN_FLIGHT_S = 0.15
_WRONG = ("lost", "shown_lost", "altered", "gaps", "corrupt", "unreadable")


class Cuts:
    """What so many power cuts left, each compared with what had been promised by then."""

    def __init__(self, image: Path, server: DrillServer, witness: Witness) -> None:
        self._image = image
        self._server = server
        self._witness = witness
        self.count = 0
        self.compared = 0
        self.compared_at_last = 0
        self.stopped_s = 0.0
        self.wrong: Counter[str] = Counter()

    async def cut(self) -> None:
        """Stop, copy, and note what was promised; go on, and compare meanwhile."""
        with tempfile.TemporaryDirectory(dir=self._image.parent) as folder:
            copy = Path(folder, "copy.image")
            began = time.perf_counter()
            os.kill(self._server.pid, signal.SIGSTOP)
            try:
                await _until_stopped(self._server.pid)
                await asyncio.to_thread(copy_image, self._image, copy)
                # What had left the server before the power failed still arrives.
                await asyncio.sleep(_IN_FLIGHT_S)
                promised, shown = self._witness.promised(), self._witness.shown()
            finally:
                os.kill(self._server.pid, signal.SIGCONT)
            self.stopped_s = max(self.stopped_s, time.perf_counter() - began)
            wrong = await asyncio.to_thread(self._compare, copy, promised, shown)
        self.count += 1
        self.compared += len(promised)
        self.compared_at_last = len(promised)
        self.wrong += wrong
        print(f"cut {self.count}: {len(promised)} acknowledged, {wrong['lost']} lost", flush=True)

    def _compare(self, copy: Path, promised: Any, shown: Any) -> Counter[str]:
        """As the server would find it when the power is back."""
        with mounted(copy, copy.parent / "back") as data:
            settings = read_settings({}, data_dir=data, classifier="lexicon")
            try:
                return compare(promised, shown, beside.do(settings, read_kept))
            except Exception as error:
                print(f"the copy cannot be opened: {type(error).__name__}", flush=True)
                return Counter(unreadable=1, lost=len(promised))


def run() -> dict[str, Any]:
    """CUTS (30), CLIENTS (20), MESSAGES (11000), CLASSIFIER (embedded), CONTROL (NORMAL, or OFF), SEED.

    ok: after each cut everything acknowledged or heard by a socket is there, word for word, and the
    databases are whole; and the control, which waits less for the disk, is caught.
    """
    claim_mounts()
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    cuts = size("CUTS", _CUTS)
    figures, seen = await _drill(size("MESSAGES", _MESSAGES), cuts, {})
    level = os.environ.get("CONTROL", "NORMAL")
    weak = {"DRILL_SYNCHRONOUS": level}
    _, control = await _drill(_CONTROL_MESSAGES, _CONTROL_CUTS, weak)
    wrong = {name: seen.wrong[name] for name in _WRONG}
    caught = control.wrong["lost"] > 0
    return {
        "cuts": seen.count,
        "acknowledged": figures["acknowledged"],
        "compared": seen.compared,
        "compared_at_last": seen.compared_at_last,
        **wrong,
        "stopped_max_s": round(seen.stopped_s, 2),
        "clean_for_clients": is_clean(figures),
        "messages_per_s": figures["messages_per_s"],
        "control_synchronous": level,
        "control_cuts": control.count,
        "control_compared": control.compared,
        "control_lost": control.wrong["lost"],
        "control_caught": caught,
        "ok": seen.count == cuts and not any(wrong.values()) and is_clean(figures) and caught,
    }


async def _drill(
    messages: int, cuts: int, changed: Mapping[str, str]
) -> tuple[dict[str, Any], Cuts]:
    async with server_on_a_disk(_IMAGE_MIB, changed) as (server, image):
        return await _replay(image, server, messages, cuts)


async def _replay(
    image: Path, server: DrillServer, messages: int, cuts: int
) -> tuple[dict[str, Any], Cuts]:
    tokens, stage = await take_stage(server, size("CLIENTS", 20))
    replay = Replay(Options(server.url), stage)
    replay.ledger = witness = Witness()
    seen = Cuts(image, server, witness)
    running = asyncio.create_task(replay.run(conversations(messages), tokens))
    for moment in _moments(cuts, messages):
        while witness.counts["acknowledged"] < moment and not running.done():  # noqa: ASYNC110 - a condition
            await asyncio.sleep(0.002)
        if running.done():
            break
        await asyncio.sleep(random.uniform(0, 0.1))
        await seen.cut()
    return await running, seen


def _moments(cuts: int, messages: int) -> list[int]:
    """When to cut, in acknowledged messages: random, one in each of so many stretches."""
    drawn = random.Random(size("SEED", int(time.time())))
    stretch = messages * 0.95 / cuts
    return [max(1, int(stretch * (n + drawn.random()))) for n in range(cuts)]


async def _until_stopped(pid: int) -> None:
    """Until no thread is in the middle of anything any more."""
    await until(lambda: _is_stopped(pid), every_s=0.001)


def _is_stopped(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").iterdir()
    states = [(thread / "stat").read_text().rpartition(")")[2].split()[0] for thread in threads]
    return set(states) == {"T"}
