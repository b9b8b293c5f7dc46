"""Hearth on two machines behind a balancer: one killed, one cut off, both replaced under load: 0 lost, 0 doubled."""

import asyncio
import itertools
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from tests.drills._chorus import Chorus, gaps_in_seq, is_whole
from tests.drills._crowd import gather
from tests.drills._machines import Machine, Place, machines, missing
from tests.drills._servers import Circumstances
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.server.live_server import hasty

_PAUSE_S = 0.1
_STEADY_S = 2.0
_BACK_WITHIN_S = 600.0
_CONTROL_MESSAGES = 48
_MOST_SILENT_S = 20.0
"""A machine that is cut off in the middle of a commit holds the room until PostgreSQL gives it up, after 8 to 11 s."""
_SKIPS = Circumstances(changed={"DRILL_WITHOUT": "between"})


def run() -> dict[str, Any]:
    """ROUNDS (5), CUT_S (20), WRITERS (8), READERS (16), NETWORK (97: 10.97.0.0/24). As root.

    Each machine is a network namespace: two for Hearth with nothing in common but the key file, one for
    PostgreSQL and Redis, one for haproxy as deploy/ has it. Each round: one is killed and started again, the
    other is cut off for CUT_S without anybody being told, then both are stopped and started in turn.
    ok: nothing lost, doubled or out of order, no post failed, and the room was never silent for longer than
    20 s; and machines that do not read what the other wrote are caught.
    """
    if why := missing():
        raise SystemExit(why)
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    number = size("NETWORK", 97)
    async with machines(number, Circumstances()) as place:
        figures = await _sing(place, size("ROUNDS", 5))
    print(figures, flush=True)
    async with machines(number, _SKIPS) as place:
        control = await _sing(place, 0)
    caught = not is_whole(control)
    return figures | {
        "control_lost": control["lost"],
        "control_out_of_order": control["out_of_order"],
        "control_caught": caught,
        "ok": is_whole(figures) and figures["silent_max_s"] <= _MOST_SILENT_S and caught,
    }


async def _sing(place: Place, rounds: int) -> dict[str, Any]:
    crowd = await gather(place.one, size("WRITERS", 8) + size("READERS", 16))
    async with AsyncExitStack() as stack:
        singers = Chorus(lambda _: place.front.url, crowd, size("WRITERS", 8), hasty)
        await singers.come_in(stack)
        faults = asyncio.create_task(_harm(place, singers, rounds))
        each = _CONTROL_MESSAGES // size("WRITERS", 8)
        await singers.speak(
            lambda said: not faults.done() or (not rounds and said < each), _PAUSE_S
        )
        silent = await faults
        heard = await singers.settle()
        figures: dict[str, Any] = singers.figures()
    figures["gaps_in_seq"] = await place.two.on_database(partial(gaps_in_seq, crowd=crowd))
    gaps = sorted(singers.gaps_s)
    return figures | {
        "heard_all": heard,
        "rounds": rounds,
        "lines_moved": len(gaps),
        "gap_p50_s": _share(gaps, 0.5),
        "gap_p95_s": _share(gaps, 0.95),
        "gap_max_s": _share(gaps, 1.0),
        "silent_max_s": max(silent.values(), default=0.0),
        **{f"silent_{name}_s": seconds for name, seconds in silent.items()},
    }


async def _harm(place: Place, singers: Chorus, rounds: int) -> dict[str, float]:
    """Returns for how long nothing was acknowledged to anybody, at most, while each fault lasted."""
    silent: dict[str, float] = {}
    for _ in range(rounds):
        for name, fault in (
            ("killed", _kill(place.one)),
            ("cut_off", _cut_off(place)),
            ("replaced", _replace(place)),
        ):
            await asyncio.sleep(_STEADY_S)
            began = time.perf_counter()
            await fault
            after_s = time.perf_counter()
            await has_become(lambda at=after_s: singers.resumed_after_s(at) is not None, 30.0)  # type: ignore[misc]
            silent[name] = max(silent.get(name, 0.0), _longest(singers, began))
    await asyncio.sleep(_STEADY_S)
    return silent


def _longest(singers: Chorus, began_s: float) -> float:
    """Between two acknowledgements since then."""
    times = [
        began_s,
        *(at for at in singers.acknowledged_at_s if at > began_s),
        time.perf_counter(),
    ]
    return round(max(after - before for before, after in itertools.pairwise(times)), 2)


def _share(sorted_s: list[float], share: float) -> float | None:
    at = min(len(sorted_s) - 1, int(share * len(sorted_s)))
    return round(sorted_s[at], 2) if sorted_s else None


async def _kill(machine: Machine) -> None:
    machine.kill()
    machine.launch()
    await machine.ready(_BACK_WITHIN_S)


async def _cut_off(place: Place) -> None:
    place.network.cut_off("two")
    await asyncio.sleep(size("CUT_S", 20))
    place.network.join_again("two")
    await place.two.ready(_BACK_WITHIN_S)


async def _replace(place: Place) -> None:
    for machine in (place.one, place.two):
        await machine.stop()
        machine.launch()
        await machine.ready(_BACK_WITHIN_S)
