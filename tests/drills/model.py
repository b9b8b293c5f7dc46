"""Random talk, retries, hides, departures and restarts against a model in memory: never another outcome."""

import asyncio
import contextlib
import random
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from server.protocol import frames
from server.store.work import Announcement, SeatEnded, ToRoom
from tests.drills._community import Community, Spoil
from tests.drills._sizes import size
from tests.drills._talk import Talk
from tests.server.store_fixture import TestClock, open_sqlite

_RUNS, _STEPS = 2_000, 50
_CONTROL_RUNS = 100
_DROPS_ONE_IN = 13
_CONTROL_SETTLE_S = 2.0
_MEMORY = Path("/dev/shm")  # noqa: S108 - what the disk keeps is shown by other drills
_SHOWN = (
    "posted", "said_again", "edited", "reacted", "withdrawn", "hidden", "shown", "left", "removed",
    "resumed", "restarts", "heard",
)  # fmt: skip


def run() -> dict[str, Any]:
    """RUNS (2000) of STEPS (50); SEED: of a run before, to see it again.

    ok: nothing diverged; and each control diverged: a hub that drops an event now and then, one
    that forgets that a seat ended, and one that does not tell that a message was hidden.
    """
    chosen = size("SEED", random.SystemRandom().randrange(2**31))
    began = time.perf_counter()
    diverged, counts = _check(size("RUNS", _RUNS), size("STEPS", _STEPS), chosen)
    seconds = round(time.perf_counter() - began, 1)
    controls = {name: _caught(spoil, chosen) for name, spoil in _controls().items()}
    return {
        "seed": chosen,
        "runs": counts["runs"],
        "steps": counts["steps"],
        **{name: counts[name] for name in _SHOWN},
        "seconds": seconds,
        "diverged": diverged,
        "controls_caught": controls,
        "ok": diverged is None and all(controls.values()),
    }


def _check(
    runs: int, steps: int, chosen: int, spoil: Spoil | None = None
) -> tuple[str | None, Counter[str]]:
    """How it diverged, in one line; the steps that lead there are printed."""
    is_control = spoil is not None
    phases = [Phase.generate] if is_control else [Phase.generate, Phase.shrink]
    with _machine(spoil) as machine:
        try:
            run_state_machine_as_test(
                seed(chosen)(machine),
                settings=settings(
                    max_examples=runs,
                    stateful_step_count=steps,
                    deadline=None,
                    database=None,
                    print_blob=False,
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                    phases=phases,
                ),
            )
        except Exception as error:  # whatever it raises, it is not what the model does
            if not is_control:
                traceback.print_exception(error)
            return _first_words(error), machine.counts
    return None, machine.counts


def _caught(spoil: Spoil, chosen: int) -> str | None:
    with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
        return _check(size("CONTROL_RUNS", _CONTROL_RUNS), _STEPS, chosen, spoil)[0]


@contextlib.contextmanager
def _machine(spoil: Spoil | None) -> Iterator[type[Talk]]:
    """Talk in a community of its own."""
    memory = _MEMORY if _MEMORY.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="hearth-model-", dir=memory) as folder,
        asyncio.Runner() as runner,
    ):
        clock = TestClock()
        community = Community(Path(folder), clock, spoil)
        runner.run(_open(community, Path(folder), clock))

        class Machine(Talk):
            pass

        Machine.loop, Machine.community, Machine.counts = runner.get_loop(), community, Counter()
        if spoil:
            Machine.settle_s = _CONTROL_SETTLE_S
        yield Machine
        runner.run(community.close())


async def _open(community: Community, folder: Path, clock: TestClock) -> None:
    """An empty database with every table."""
    database = open_sqlite(folder, clock, [])
    await database.close()
    community.open()


def _controls() -> dict[str, Spoil]:
    def drops_an_event(told: list[Announcement]) -> list[Announcement]:
        return [one for one in told if not isinstance(one, ToRoom) or one.seq % _DROPS_ONE_IN]

    def forgets_that_a_seat_ended(told: list[Announcement]) -> list[Announcement]:
        return [one for one in told if not isinstance(one, SeatEnded)]

    def does_not_tell_of_hiding(told: list[Announcement]) -> list[Announcement]:
        return [_untold(one) if isinstance(one, ToRoom) else one for one in told]

    spoils = (drops_an_event, forgets_that_a_seat_ended, does_not_tell_of_hiding)
    return {spoil.__name__: spoil for spoil in spoils}


def _first_words(error: BaseException) -> str:
    """Where threads race, a step may diverge once and not when it is done again: that counts too."""
    if isinstance(error, BaseExceptionGroup):
        return f"{_first_words(error.exceptions[0])} (not each time)"
    return f"{type(error).__name__}: {error}"[:160]


def _untold(told: ToRoom) -> ToRoom:
    if isinstance(told.frame, frames.Changed) and told.frame.change == "hidden":
        return ToRoom(told.room, told.seq, frames.Changed(room=told.room, seq=told.seq))
    return told
