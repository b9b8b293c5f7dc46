"""The disk is full, and healed: each send is durable or refused as retryable, reads go on, nobody has to act.

Some of those who are refused try again until they are through; others give up, and what they said must
never appear. The data lie on a small file system that a file fills up.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import takewhile
from pathlib import Path
from typing import Any

from server.client import Answer, Client
from server.protocol import frames
from server.replay.performance import Options, Replay, is_clean
from tests.drills._disks import claim_mounts, fill, make_image, mounted, scratch
from tests.drills._invented import conversations
from tests.drills._kept import Kept, compare, read_kept
from tests.drills._reading import Reader
from tests.drills._servers import Circumstances, DrillServer, take_stage
from tests.drills._sizes import size
from tests.drills._waiting import has_become, until
from tests.drills._witness import Witness

_IMAGE_MIB = 48
_MOST_MESSAGES = 20_000
_RATE = 30.0
_START_S = 300.0
_CALM_S = 3.0
_ROOM_LEFT_S = 10.0
_GOAL_S = 5.0
_MOST_S = 60.0
_GAVE_UP = "gave_up"
_SHOWN = ("posted", "acknowledged", "doubled", "out_of_order", "altered", "tried_again")


class HalfPatient(Client):
    """Gives every other message up when the server cannot take it right now."""

    async def say(self, frame: frames.Post | frames.Edit, *, retries: int = 0) -> Answer:
        answer = await super().say(frame, retries=retries)
        if isinstance(answer, frames.Refused) and answer.retryable and frame.client_id.int % 2:
            return answer.model_copy(update={"retryable": False, "code": _GAVE_UP})
        return answer


class HalfPatientReplay(Replay):
    """A replay with such clients."""

    client = HalfPatient


class FullWitness(Witness):
    """Tells who gave up from whom the server refused for good."""

    def answered(self, answer: frames.Posted | frames.Held | frames.Refused, now_s: float) -> None:
        super().answered(answer, now_s)
        if isinstance(answer, frames.Refused):
            self.counts[_GAVE_UP if answer.code == _GAVE_UP else "refused_for_good"] += 1

    @property
    def refusals(self) -> int:
        """How often the server could not take something right now."""
        return self.counts["tried_again"] + self.counts[_GAVE_UP]


class Fillings:
    """The disk of one server, filled and healed under a replay."""

    def __init__(
        self, disk: Path, server: DrillServer, witness: FullWitness, reader: Reader
    ) -> None:
        self._disk = disk
        self._server = server
        self._witness = witness
        self._reader = reader
        self.recovered_s: list[float] = []
        self.full_s = 0.0
        self.full_lines = 0

    async def fill_and_heal(self, full_s: float) -> None:
        """Calm, then full for so long after the first refusal, then healed until something is through."""
        await asyncio.sleep(_CALM_S)
        await self._reader.go_away()
        before = self._witness.refusals
        filler = await asyncio.to_thread(fill, self._disk)
        # Room that SQLite had taken before lasts a moment; a server that lies never says that it is out.
        await has_become(lambda: self._witness.refusals > before, _ROOM_LEFT_S)
        await self._read_while_full(full_s)
        filler.unlink()
        healed, through = time.perf_counter(), self._witness.counts["acknowledged"]
        await has_become(lambda: self._witness.counts["acknowledged"] > through, _MOST_S)
        self.recovered_s.append(time.perf_counter() - healed)
        print(f"healed: talking again after {self.recovered_s[-1]:.2f} s", flush=True)

    async def _read_while_full(self, full_s: float) -> None:
        began, lines = time.perf_counter(), self._lines()
        reading = asyncio.create_task(self._reader.read())
        await asyncio.sleep(full_s)
        self.full_s += time.perf_counter() - began
        self.full_lines += self._lines() - lines
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    def _lines(self) -> int:
        return self._server.log.read_bytes().count(b"\n")


def run() -> dict[str, Any]:
    """TIMES (2), FULL_S (10), CLIENTS (12), CLASSIFIER (embedded).

    ok: nothing acknowledged is lost, nothing else is kept or heard, all refusals were retryable, reads
    went on, the process is the same, and it took messages again within 5 s. The control's server says
    `posted` also when the disk refused, and must be caught.
    """
    claim_mounts()
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    figures = await _drill(size("TIMES", 2), {})
    control = await _drill(1, {"DRILL_LIES": "1"})
    caught = control["kept_lost"] > 0
    return figures | {
        "control_kept_lost": control["kept_lost"],
        "control_caught": caught,
        "ok": _holds(figures) and caught,
    }


def _holds(figures: Mapping[str, Any]) -> bool:
    wrong = (
        "lost",
        "phantom",
        "kept_lost",
        "kept_phantom",
        "corrupt",
        "refused_for_good",
        "reads_failed",
    )
    return (
        figures["clean_for_clients"]
        and not any(figures[name] for name in wrong)
        and figures["refused_retryable"] > 0
        and figures["reads"] > 0
        and figures["same_process"]
        and figures["recovery_max_s"] <= _GOAL_S
    )


async def _drill(times: int, changed: Mapping[str, str]) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-diskfull-")))
        image = Path(stack.enter_context(scratch()), "disk.image")
        make_image(image, _IMAGE_MIB)
        disk = stack.enter_context(mounted(image, folder / "data"))
        server = DrillServer(
            folder,
            Circumstances(changed=changed),
            classifier=os.environ.get("CLASSIFIER", "embedded"),
        )
        stack.callback(server.kill)
        await server.start()
        return await _replay(server, disk, times)


async def _replay(server: DrillServer, disk: Path, times: int) -> dict[str, Any]:
    tokens, stage = await take_stage(server, size("CLIENTS", 12))
    replay = HalfPatientReplay(Options(server.url, rate=_RATE), stage)
    replay.ledger = witness = FullWitness()
    reader = await Reader.sign_up(server, stage)
    fillings = Fillings(disk, server, witness, reader)
    filled = asyncio.create_task(_fill_all(fillings, witness, times))
    said = takewhile(lambda _: not filled.done(), conversations(_MOST_MESSAGES))
    figures = await replay.run(said, tokens)
    await filled
    kept = await server.on_database(read_kept)
    return _figures(figures, witness, kept) | {
        "fillings": len(fillings.recovered_s),
        "recovery_max_s": round(max(fillings.recovered_s), 2),
        "full_s": round(fillings.full_s, 1),
        "log_lines_per_full_s": round(fillings.full_lines / fillings.full_s, 1),
        "reads": reader.counts["present"] + reader.counts["returning"] + reader.counts["join"],
        "reads_failed": reader.failed,
        "same_process": server.is_alive,
    }


async def _fill_all(fillings: Fillings, witness: FullWitness, times: int) -> None:
    await until(lambda: witness.counts["acknowledged"] > 0, _START_S)
    for _ in range(times):
        await fillings.fill_and_heal(size("FULL_S", 10))
    await asyncio.sleep(_CALM_S)


def _figures(figures: dict[str, Any], witness: FullWitness, kept: Kept) -> dict[str, Any]:
    promised = witness.promised()
    wrong = compare(promised, witness.shown(), kept)
    ids = {said.message for said in promised}
    return {name: figures[name] for name in _SHOWN} | {
        "refused_retryable": witness.refusals,
        "gave_up": witness.counts[_GAVE_UP],
        "refused_for_good": witness.counts["refused_for_good"],
        "lost": figures["lost"],
        "phantom": figures["phantom"],
        "kept_lost": wrong["lost"] + wrong["shown_lost"] + wrong["altered"],
        "kept_phantom": sum(1 for message, _ in kept.places.values() if message not in ids),
        "corrupt": wrong["corrupt"] + wrong["gaps"],
        "clean_for_clients": is_clean(figures),
    }
