"""Power cuts in mid-write, whatever the database: stop all of it, copy the disk, read in the copy what was promised.

Processes that are stopped (SIGSTOP) under load leave on the image what reached the disk, without what only the
kernel's memory knew.
"""

import asyncio
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from server.replay.performance import Options, Replay, is_clean
from tests.drills._disks import copy_image, mounted
from tests.drills._invented import conversations
from tests.drills._kept import Kept, compare
from tests.drills._servers import DrillServer, take_stage
from tests.drills._sizes import size
from tests.drills._waiting import until
from tests.drills._witness import Witness

_CONTROL_CUTS = 3
_CONTROL_MESSAGES = 600
_IN_FLIGHT_S = 0.15
_WRONG = ("lost", "shown_lost", "altered", "gaps", "corrupt", "unreadable")


@dataclass(frozen=True, slots=True)
class Disk:
    """A server whose data lie in an image. pids: all that write to it. read: what a mounted copy of it holds."""

    image: Path
    server: DrillServer
    pids: Callable[[], list[int]]
    read: Callable[[Path], Kept]


Opening = Callable[[bool], AbstractAsyncContextManager[Disk]]
"""Makes one; whether it waits for the disk less than it should, as a control."""


class Cuts:
    """What so many power cuts left, each compared with what had been promised by then."""

    def __init__(self, disk: Disk, witness: Witness) -> None:
        self._disk = disk
        self._witness = witness
        self.count = 0
        self.compared = 0
        self.compared_at_last = 0
        self.stopped_s = 0.0
        self.wrong: Counter[str] = Counter()

    async def cut(self) -> None:
        """Stop, copy, and note what was promised; go on, and compare meanwhile."""
        with tempfile.TemporaryDirectory(dir=self._disk.image.parent) as folder:
            copy = Path(folder, "copy.image")
            began = time.perf_counter()
            stopped: set[int] = set()
            try:
                # Whoever was begun meanwhile is stopped, too.
                while begun := set(self._disk.pids()) - stopped:
                    _tell(begun, signal.SIGSTOP)
                    stopped |= begun
                await until(lambda: all(map(_is_stopped, stopped)), every_s=0.001)
                await asyncio.to_thread(copy_image, self._disk.image, copy)
                # What had left the server before the power failed still arrives.
                await asyncio.sleep(_IN_FLIGHT_S)
                promised, shown = self._witness.promised(), self._witness.shown()
            finally:
                _tell(stopped, signal.SIGCONT)
            self.stopped_s = max(self.stopped_s, time.perf_counter() - began)
            wrong = await asyncio.to_thread(self._compare, copy, promised, shown)
        self.count += 1
        self.compared += len(promised)
        self.compared_at_last = len(promised)
        self.wrong += wrong
        print(f"cut {self.count}: {len(promised)} acknowledged, {wrong['lost']} lost", flush=True)

    def _compare(self, copy: Path, promised: Any, shown: Any) -> Counter[str]:
        """As the server would find it when the power is back."""
        with mounted(copy, copy.parent / "back") as back:
            try:
                return compare(promised, shown, self._disk.read(back))
            except Exception as error:
                print(f"the copy cannot be opened: {type(error).__name__}", flush=True)
                return Counter(unreadable=1, lost=len(promised))


async def cut_power(opening: Opening, cuts: int, messages: int) -> dict[str, Any]:
    """CUTS and MESSAGES, or so many; CLIENTS (20), SEED; then the control. Returns the figures, with "ok"."""
    cuts = size("CUTS", cuts)
    figures, seen = await _drill(opening, size("MESSAGES", messages), cuts, weak=False)
    _, control = await _drill(opening, _CONTROL_MESSAGES, _CONTROL_CUTS, weak=True)
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
        "control_cuts": control.count,
        "control_compared": control.compared,
        "control_lost": control.wrong["lost"],
        "control_caught": caught,
        "ok": seen.count == cuts and not any(wrong.values()) and is_clean(figures) and caught,
    }


async def _drill(
    opening: Opening, messages: int, cuts: int, weak: bool
) -> tuple[dict[str, Any], Cuts]:
    async with opening(weak) as disk:
        tokens, stage = await take_stage(disk.server, size("CLIENTS", 20))
        replay = Replay(Options(disk.server.url), stage)
        replay.ledger = witness = Witness()
        seen = Cuts(disk, witness)
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


def _tell(pids: Iterable[int], what: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, what)


def _is_stopped(pid: int) -> bool:
    """Whether no thread of it is in the middle of anything any more."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        states = [(thread / "stat").read_text().rpartition(")")[2].split()[0] for thread in threads]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return set(states) <= {"T", "Z"}  # Z: ended, and its parent stands still
