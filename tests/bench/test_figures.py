"""The quick run's line, the tables and the charts, of rows that nobody measured."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.bench import charts, quick, report
from tests.bench.figures import Figures
from tests.bench.quick import GOALS, meets_goals, summary


def fixed(
    server: str, members: int, cpu: float, *, rate: float, kept: float = 1.0
) -> dict[str, Any]:
    return {
        "server": server, "members": members, "phase": "fixed", "rate": rate, "durable": "fsync",
        "us_per_delivery": cpu, "deliveries_per_s": rate * members * kept, "lost": 0,
        "delivery_ms": {"p50": 5.0, "p99": 10.0}, "foreign_share": 0.1,
    }  # fmt: skip


def saturate(server: str, members: int, per_s: float) -> dict[str, Any]:
    return {
        "server": server, "members": members, "phase": "saturate", "window": 16,
        "us_per_delivery": 2.0, "deliveries_per_s": per_s, "lost": 0,
    }  # fmt: skip


def join(server: str, members: int) -> dict[str, Any]:
    row = {"server": server, "members": members, "phase": "join", "us_per_join": 500.0}
    return row | {"kib_per_connection": 20.0, "joins_per_s": 1000.0}


ROWS = [
    fixed("hearth", 100, 12.0, rate=100), fixed("hearth", 100, 11.0, rate=100),
    fixed("fastapi-sqlite-full", 100, 22.0, rate=100),
    fixed("hearth", 500, 9.0, rate=40), fixed("floor", 500, 7.5, rate=40),
    saturate("hearth", 100, 150_000), saturate("hearth", 100, 160_000),
    saturate("fastapi-sqlite-full", 100, 40_000), join("hearth", 600),
]  # fmt: skip


def test_the_line_has_each_figure_of_the_best_of_the_turns():
    assert summary(ROWS) == {
        "ok": True,
        "cpu_vs_textbook_durable_100": 0.5,
        "cpu_vs_floor_500": 1.2,
        "saturation_vs_textbook_durable_100": 4.0,
        "kib_per_connection": 20.0,
        "lost": 0,
    }


@pytest.mark.parametrize("name", GOALS)
def test_each_goal_that_is_missed_or_was_not_measured_is_not_ok(name):
    met = dict(GOALS)
    assert meets_goals(met)
    worse = GOALS[name] - 0.1 if name.startswith("saturation") else GOALS[name] + 1
    assert not meets_goals(met | {name: worse})
    assert not meets_goals(met | {name: None})


def test_a_turn_that_was_late_counts_only_when_all_were():
    late = fixed("hearth", 100, 3.0, rate=100, kept=0.5)
    assert summary([*ROWS, late])["cpu_vs_textbook_durable_100"] == 0.5
    only_late = [row for row in ROWS if row["server"] != "hearth"] + [late]
    assert summary(only_late)["cpu_vs_textbook_durable_100"] == round(3 / 22, 3)


def test_lost_deliveries_are_added_up_over_everything_hearth_did():
    lossy = [row | {"lost": 2} for row in ROWS if row["phase"] == "saturate"]
    figures = summary([*ROWS, *lossy])
    assert figures["lost"] == 4
    assert not figures["ok"]


def test_nothing_measured_is_not_ok():
    figures = summary([])
    assert set(figures) == {"ok", *GOALS}
    assert not figures["ok"]


def test_the_quick_run_ends_with_one_line_of_json(capsys):
    assert quick.main(lambda: ROWS) == 0
    assert json.loads(capsys.readouterr().out) == summary(ROWS)


def test_the_page_and_its_charts_are_made_of_the_rows(tmp_path):
    machine = {
        "server": "", "members": 0, "phase": "machine", "at": "2026-11-26 01:00 UTC",
        "commit": "abc", "cpu": "a CPU", "cores": 2, "memory_gib": 23, "kernel": "6", "python": "3",
        "packages": {"fastapi": "0"}, "node": "v24", "fsync_ms": {"p50": 0.2, "max": 4.0}, "load": 0.1,
    }  # fmt: skip
    needs = {"server": "ejabberd", "members": 0, "phase": "missing", "needs": "erl"}
    curve = [fixed("hearth", n, 10.0, rate=50) | {"phase": "curve-fixed"} for n in (10, 2_000)]
    past = [fixed("hearth", 500, 9.0, rate=40) | {"phase": "history", "history": n} for n in (0, 9)]
    stalled = fixed("hearth", 50, 9.0, rate=40) | {
        "phase": "stall", "stalled": 2, "share_of_last_third": 1.0, "memory_grown_mib": 0.5,
    }  # fmt: skip
    rooms = fixed("hearth", 10, 9.0, rate=9) | {
        "phase": "rooms", "rooms": 9, "us_per_message": 300.0,
    }  # fmt: skip
    rows = [machine, needs, *ROWS, *curve, *past, stalled, rooms]
    (tmp_path / "results.jsonl").write_text("\n".join(map(json.dumps, rows)))
    report.write(tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "| **hearth** | on disk first | 11.0 | 0.50 | 5.0 | 10.0 | 160,000 |" in page
    assert "| saturation, room of 100, times fastapi-sqlite-full | 4.00 | at least 3 |" in page
    assert "| ejabberd | erl |" in page
    for name in ("cpu-100", "cpu-500", "saturation-100", "members"):
        ElementTree.parse(tmp_path / f"{name}.svg")  # noqa: S314 - our own


def test_labels_of_charts_are_escaped():
    drawn = charts.bars("a < b", "", [("x & y", 1.0, True), ("none", 0.0, False)])
    ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert "x &amp; y" in drawn


def test_latency_is_the_median_of_the_repeats():
    rows = [fixed("s", 10, 1.0, rate=1) | {"delivery_ms": {"p50": ms}} for ms in (1.0, 9.0, 2.0)]
    assert Figures(rows).latency_ms("p50", "s", 10) == 2.0
    assert Figures(rows).latency_ms("p99", "s", 10) is None


def test_names_of_lines_that_end_together_do_not_lie_on_each_other():
    drawn = charts.lines("t", "", {"one": [(1, 5), (10, 7)], "two": [(1, 9), (10, 7)]}, "one")
    heights = [
        float(text.attrib["y"])
        for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")  # noqa: S314 - our own
        if text.text in {"one", "two"}
    ]
    assert abs(heights[0] - heights[1]) >= 15
