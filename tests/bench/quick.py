"""The quick run: Hearth, the textbook that commits each message, and the bare write; ends with one JSON line.

Rooms of 100 and 500. The servers stand side by side and take turns, so that what else the machine does
meets all of them; CPU is the least of the turns (noise only ever adds), saturation the best.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tests.bench.engine import CYCLE, quiet_gc
from tests.bench.figures import Figures, Row, ratio
from tests.bench.floor import Floor
from tests.bench.progress import keep, say
from tests.bench.standing import Standing, standing

GOALS: Final = {
    "cpu_vs_textbook_durable_100": 0.70,
    "cpu_vs_floor_500": 1.5,
    "saturation_vs_textbook_durable_100": 3.0,
    "kib_per_connection": 24.0,
    "lost": 0,
}
"""At most so much; of saturation, at least."""
HEARTH: Final = os.environ.get("BENCH_HEARTH", "hearth")
TEXTBOOK: Final = "fastapi-sqlite-full"
FLOOR: Final = "floor"
_WINDOW: Final = 16
_TEXTS: Final = min(CYCLE, 128)
"""Few, so that the model has read all of them soon."""
_TURNS: Final = int(os.environ.get("BENCH_TURNS", "3"))
_SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "3"))


def main(measured: Callable[[], Sequence[Row]] | None = None) -> int:
    """0 when the goals are met, 1 when they are not; the last line of the output is the figures."""
    figures = summary((measured or run)())
    print(json.dumps(figures), flush=True)
    return 0 if figures["ok"] else 1


def run() -> list[Row]:
    """Everything that is measured, one row each."""
    began = time.monotonic()
    rows: list[Row] = []
    with (
        standing(HEARTH, [100, 500], cycle=_TEXTS) as hearth,
        standing(TEXTBOOK, [100], cycle=_TEXTS) as textbook,
    ):
        rows += [hearth.joining, textbook.joining]
        say(f"both servers stand after {time.monotonic() - began:.0f} s")
        quiet_gc()
        for row in (*_rooms_of_100(hearth, textbook), *_rooms_of_500(hearth, textbook)):
            rows.append(row)
    say(f"took {time.monotonic() - began:.0f} s; load {os.getloadavg()[0]:.1f}")
    return rows


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The JSON line, of rows as `run` makes them. A figure that could not be had is None, and not ok."""
    of = Figures(rows)
    cpu, most = "us_per_delivery", "deliveries_per_s"
    figures: dict[str, Any] = {
        "cpu_vs_textbook_durable_100": ratio(
            of.least(cpu, HEARTH, 100, "fixed"), of.least(cpu, TEXTBOOK, 100, "fixed")
        ),
        "cpu_vs_floor_500": ratio(
            of.least(cpu, HEARTH, 500, "fixed"), of.least(cpu, FLOOR, 500, "fixed")
        ),
        "saturation_vs_textbook_durable_100": ratio(
            of.most(most, HEARTH, 100, "saturate"), of.most(most, TEXTBOOK, 100, "saturate")
        ),
        "kib_per_connection": of.least("kib_per_connection", HEARTH, 600, "join"),
        "lost": sum(row.get("lost", 0) for row in rows if row["server"] == HEARTH),
    }
    rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in figures.items()}
    return {"ok": meets_goals(rounded)} | rounded


def meets_goals(figures: Mapping[str, Any]) -> bool:
    """Whether every goal is met; a figure that is missing meets none."""
    return all(_meets(name, figures[name]) for name in GOALS)


def _meets(name: str, figure: float | None) -> bool:
    if figure is None:
        return False
    return figure >= GOALS[name] if name.startswith("saturation") else figure <= GOALS[name]


def _rooms_of_100(hearth: Standing, textbook: Standing) -> Iterable[Row]:
    for _ in range(_TURNS):
        for server in (textbook, hearth):
            server.breathe()
            yield _kept(server.fixed(0, rate=100, seconds=_SECONDS))
    for _ in range(max(1, _TURNS - 1)):
        for server in (textbook, hearth):
            server.breathe()
            yield _kept(server.saturated(0, window=_WINDOW, seconds=_SECONDS))


def _rooms_of_500(hearth: Standing, textbook: Standing) -> Iterable[Row]:
    floor = Floor(500)
    try:
        for _ in range(_TURNS):
            yield _kept(floor.measure(rounds=int(40 * _SECONDS), period_s=1 / 40))
            textbook.breathe()
            hearth.breathe()
            yield _kept(hearth.fixed(1, rate=40, seconds=_SECONDS))
    finally:
        floor.close()


def _kept(row: Row) -> Row:
    keep(row)
    return row
