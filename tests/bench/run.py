"""The same work against one server after another: `python -m tests.bench run SERVER... [--members 100] ...`.

Per server: start it; take its memory; connect and join N members (rate, CPU); let it settle; take its memory
again, and its idle CPU; post at each fixed rate, open loop; then a closed loop that keeps W messages on their
way (saturation); stop it. One line of JSON per measurement.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.every_server import missing
from tests.bench.progress import keep, say
from tests.bench.standing import Standing, standing
from tests.bench.work import Row


class Plan(NamedTuple):
    """What each server is asked to do."""

    members: int
    rates: Sequence[float]
    windows: Sequence[int] = (16,)
    seconds: float = 5.0
    saturated_s: float = 4.0
    idle_s: float = 0.0


def main(arguments: list[str]) -> int:
    """Each named server in turn; one that breaks does not end the series."""
    asked = _asked(arguments)
    plan = Plan(
        asked.members,
        [float(rate) for rate in asked.rates.split(",") if rate],
        [int(window) for window in asked.windows.split(",") if window],
        asked.seconds,
        asked.saturated_s,
        idle_s=2.0,
    )
    with Path(asked.out).open("a") as out:
        for name in asked.servers:
            for row in attempt(name, plan):
                keep(row, out)
    return 0


def attempt(name: str, plan: Plan) -> Iterator[Row]:
    """The rows of one server, as they come; what breaks is said."""
    needs = missing().get(name)
    if needs:
        say(f"{name}: left out, needs {needs}")
        return
    try:
        with standing(name, [plan.members]) as server:
            yield from _rows(server, plan)
    except Exception as error:  # a broken server must not end the series
        say(f"{name}: {type(error).__name__}: {error}")


def _rows(server: Standing, plan: Plan) -> Iterator[Row]:
    yield server.joining
    if plan.idle_s:
        yield server.idle(plan.idle_s)
    for rate in plan.rates:
        row = server.fixed(0, rate=rate, seconds=plan.seconds)
        yield row
        if not row["drained"]:
            server.engine.run_for(3)
    for window in plan.windows if server.adapter.can_saturate else ():
        yield server.saturated(0, window=window, seconds=plan.saturated_s)


def _asked(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("tests.bench run", description=__doc__)
    parser.add_argument("servers", nargs="+", metavar="SERVER")
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--rates", default="20,100", help="messages a second, with commas")
    parser.add_argument("--windows", default="16", help="messages on their way; empty: none")
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--saturated-s", type=float, default=5)
    parser.add_argument("--out", default="results.jsonl")
    return parser.parse_args(arguments)
