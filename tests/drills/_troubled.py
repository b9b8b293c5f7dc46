"""Talk through a time in which the server can keep nothing, and after it: some try again, others give up."""

import asyncio
import time
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Protocol

from server.client import Answer, Client
from server.protocol import frames
from server.replay.performance import Options, Replay, is_clean
from tests.drills._invented import conversations
from tests.drills._kept import Kept, compare, read_kept
from tests.drills._reading import Reader
from tests.drills._servers import DrillServer, take_stage
from tests.drills._sizes import size
from tests.drills._waiting import has_become, until
from tests.drills._witness import Witness

_MOST_MESSAGES = 20_000
_RATE = 30.0
_START_S = 300.0
_CALM_S = 3.0
_ROOM_LEFT_S = 10.0
_GOAL_S = 5.0
_MOST_S = 60.0
_GAVE_UP = "gave_up"
_SHOWN = ("posted", "acknowledged", "doubled", "out_of_order", "altered", "tried_again")


class Trouble(Protocol):
    """What keeps a server from keeping anything."""

    async def begin(self) -> None:
        """From now on."""

    async def end(self) -> None:
        """Until now."""


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


class Times:
    """How often one server was in trouble under a replay, and came out of it."""

    def __init__(
        self, trouble: Trouble, server: DrillServer, witness: FullWitness, reader: Reader
    ) -> None:
        self._trouble = trouble
        self._server = server
        self._witness = witness
        self._reader = reader
        self.recovered_s: list[float] = []
        self.trouble_s = 0.0
        self.trouble_lines = 0

    async def go_through(self, trouble_s: float) -> None:
        """Calm, then trouble for so long after the first refusal, then healed until something is through."""
        await asyncio.sleep(_CALM_S)
        await self._reader.go_away()
        before = self._witness.refusals
        await self._trouble.begin()
        # Room that SQLite had taken before lasts a moment; a server that lies never says that it is out.
        await has_become(lambda: self._witness.refusals > before, _ROOM_LEFT_S)
        await self._read_meanwhile(trouble_s)
        await self._trouble.end()
        healed, through = time.perf_counter(), self._witness.counts["acknowledged"]
        await has_become(lambda: self._witness.counts["acknowledged"] > through, _MOST_S)
        self.recovered_s.append(time.perf_counter() - healed)
        print(f"healed: talking again after {self.recovered_s[-1]:.2f} s", flush=True)

    async def _read_meanwhile(self, trouble_s: float) -> None:
        began, lines = time.perf_counter(), self._lines()
        reading = asyncio.create_task(self._reader.read())
        await asyncio.sleep(trouble_s)
        self.trouble_s += time.perf_counter() - began
        self.trouble_lines += self._lines() - lines
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

    def _lines(self) -> int:
        return self._server.log.read_bytes().count(b"\n")


def _holds(figures: Mapping[str, Any]) -> bool:
    """Whether nothing was lost, nothing came of what was refused, and it went on by itself, fast."""
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


def beside_control(figures: dict[str, Any], control: Mapping[str, Any]) -> dict[str, Any]:
    """With what a server that lies lost, which must be caught."""
    caught = control["kept_lost"] > 0
    return figures | {
        "control_kept_lost": control["kept_lost"],
        "control_caught": caught,
        "ok": _holds(figures) and caught,
    }


async def talk_through(
    server: DrillServer, trouble: Trouble, times: int, trouble_s: float
) -> dict[str, Any]:
    """So many times, each for so long; and what came of it."""
    tokens, stage = await take_stage(server, size("CLIENTS", 12))
    replay = HalfPatientReplay(Options(server.url, rate=_RATE), stage)
    replay.ledger = witness = FullWitness()
    reader = await Reader.sign_up(server, stage)
    troubles = Times(trouble, server, witness, reader)
    over = asyncio.create_task(_go_through_all(troubles, witness, times, trouble_s))
    said = takewhile(lambda _: not over.done(), conversations(_MOST_MESSAGES))
    figures = await replay.run(said, tokens)
    await over
    kept = await server.on_database(read_kept)
    return _figures(figures, witness, kept) | {
        "times": len(troubles.recovered_s),
        "recovery_max_s": round(max(troubles.recovered_s), 2),
        "trouble_s": round(troubles.trouble_s, 1),
        "log_lines_per_trouble_s": round(troubles.trouble_lines / troubles.trouble_s, 1),
        "reads": reader.counts["present"] + reader.counts["returning"] + reader.counts["join"],
        "reads_failed": reader.failed,
        "same_process": server.is_alive,
    }


async def _go_through_all(
    troubles: Times, witness: FullWitness, times: int, trouble_s: float
) -> None:
    await until(lambda: witness.counts["acknowledged"] > 0, _START_S)
    for _ in range(times):
        await troubles.go_through(trouble_s)
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
