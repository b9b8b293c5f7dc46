"""From rows to docs/benchmarks/README.md and its charts: `python -m tests.bench report`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from server.bootstrap import ROOT
from tests.bench import charts
from tests.bench.figures import Figures, Row, keeps_up, ratio

FOLDER: Final = ROOT / "docs/benchmarks"
RESULTS: Final = FOLDER / "results.jsonl"
HEARTH: Final = "hearth"
TEXTBOOK: Final = "fastapi-sqlite-full"
VOLATILE: Final = "fastapi-websockets-sansio"
_ROOMS: Final = ((100, 100), (500, 40))
_STORES: Final = {"none": "memory only", "cache": "written, not synced", "fsync": "on disk first"}


def main() -> int:
    """Write the page anew."""
    write()
    return 0


def write(folder: Path = FOLDER) -> None:
    """The page and its charts, of results.jsonl in that folder."""
    rows = [json.loads(line) for line in (folder / RESULTS.name).read_text().splitlines()]
    of = Figures(rows)
    parts = [
        _HEAD,
        _machine(of),
        _goals(of),
        *(_room(of, members, rate) for members, rate in _ROOMS),
        _curve(of),
        _history(of),
        _small_rooms(of),
        _stall(of),
        _missing(of),
        _FOOT,
    ]
    (folder / "README.md").write_text("\n".join(part for part in parts if part))
    _draw(of, folder)


def _machine(of: Figures) -> str:
    machine = of.phase("machine")[0]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    foreign = [row["foreign_share"] for row in of.rows if "foreign_share" in row]
    share = f"{100 * sum(foreign) / len(foreign):.0f} %" if foreign else "an unknown share"
    return (
        f"Measured {machine['at']} at commit {machine['commit']} on {machine['cores']} cores of "
        f"{machine['cpu']}, {machine['memory_gib']} GiB, Linux {machine['kernel']}, Python "
        f"{machine['python']}, Node {machine['node'].lstrip('v')}; {packages}. One fsync of 4 KiB took "
        f"{machine['fsync_ms']['p50']} ms (longest {machine['fsync_ms']['max']}). Meanwhile other work used "
        f"{share} of all cores: CPU figures stand that well, tail latencies and saturation do not. "
        "CPU is the least of the repeats that kept the rate, latency their median, saturation the best. "
        f"Settings: {_settings(machine)}.{_apart(of)}\n"
    )


def _settings(machine: Row) -> str:
    given = machine.get("settings", {})
    return ", ".join(f"{name}={value}" for name, value in given.items()) or "as they come"


def _apart(of: Figures) -> str:
    """What was not part of the one run."""
    apart = [f"`{row['part']}` at {row['at']}" for row in of.phase("apart")]
    return f" Measured apart from the others: {', '.join(apart)}." if apart else ""


def _goals(of: Figures) -> str:
    def cpu(server: str, members: int) -> float | None:
        return of.least("us_per_delivery", server, members, "fixed")

    def most(server: str, members: int) -> float | None:
        return of.most("deliveries_per_s", server, members, "saturate")

    rows = [
        ["CPU per delivery, room of 100, us", _n(cpu(HEARTH, 100)), "at most 15"],
        ["beside textbook durable", _n(ratio(cpu(HEARTH, 100), cpu(TEXTBOOK, 100)), 2), "at most 0.70"],
        ["CPU per delivery, room of 500, us", _n(cpu(HEARTH, 500)), "at most 10.5"],
        ["beside the bare write", _n(ratio(cpu(HEARTH, 500), cpu("floor", 500)), 2), "at most 1.5"],
    ]  # fmt: skip
    peers = ((TEXTBOOK, 3.0), (VOLATILE, 2.0), ("socket.io", 1.5), ("ejabberd", 5.0),
             ("ejabberd-mam-pgsql", 8.0), ("synapse-pg", 500.0))  # fmt: skip
    for members, _ in _ROOMS:
        for peer, goal in peers:
            times = ratio(most(HEARTH, members), most(peer, members))
            if times:
                what = f"saturation, room of {members}, times {peer}"
                rows.append([what, _n(times, 2), f"at least {goal:g}"])
        rows += [_latency_goal(of, members, quantile) for quantile in ("p50", "p99")]
    kib = of.least("kib_per_connection", HEARTH, 500, "join")
    join = of.least("us_per_join", HEARTH, 500, "join")
    rows += [
        ["memory per idle connection, KiB", _n(kib), "at most 24"],
        ["CPU per join, us", _n(join, 0), "at most 700"],
    ]
    for row in of.phase("gc"):
        what = f"full garbage collection, {row['members']:,} members {row['at']}, ms"
        rows.append([what, _n(row["full_ms"]), "at most 20"])
    return "## Goals\n\n" + _table(["what", "Hearth", "goal"], rows)


def _latency_goal(of: Figures, members: int, quantile: str) -> list[str]:
    ours, theirs = (of.latency_ms(quantile, server, members) for server in (HEARTH, VOLATILE))
    at_most = {100: 8, 500: 12}[members]
    goal = f"at most {at_most}, where an fsync takes 4" if quantile == "p50" else (
        f"at most 1.2 times textbook volatile's {_n(theirs)}"
    )  # fmt: skip
    return [f"{quantile}, room of {members}, ms", _n(ours), goal]


def _room(of: Figures, members: int, rate: int) -> str:
    names = {row["server"] for row in of.phase("fixed") if row["members"] == members}
    cost = {name: of.least("us_per_delivery", name, members, "fixed") or 0.0 for name in names}
    rows = [_server(of, name, members) for name in sorted(names, key=lambda name: cost[name])]
    head = ["server", "a message is", "us CPU/delivery", "times textbook durable", "p50 ms", "p99 ms",
            "most deliveries/s", "us there", "KiB/connection", "us CPU/join"]  # fmt: skip
    title = f"## Room of {members}, {rate} messages a second, then saturated (16 on their way)\n\n"
    pictures = (
        f"![CPU per delivery](cpu-{members}.svg)\n\n![Saturation](saturation-{members}.svg)\n"
    )
    return title + _table(head, rows) + "\n" + pictures


def _server(of: Figures, name: str, members: int) -> list[str]:
    fixed = of.of(name, members, "fixed")
    cpu = of.least("us_per_delivery", name, members, "fixed")
    base = of.least("us_per_delivery", TEXTBOOK, members, "fixed")
    late = "" if any(map(keeps_up, fixed)) else " (late)"
    lost = sum(row.get("lost", 0) for row in fixed)
    shown = f"**{name}**" if name.startswith(HEARTH) else name
    return [
        shown + _note(fixed) + late + (f" (lost {lost})" if lost else ""),
        _STORES.get(fixed[0].get("durable", "none"), ""),
        _n(cpu), _n(ratio(cpu, base), 2),
        _n(of.latency_ms("p50", name, members)), _n(of.latency_ms("p99", name, members)),
        _n(of.most("deliveries_per_s", name, members, "saturate"), 0),
        _n(of.least("us_per_delivery", name, members, "saturate")),
        _n(of.least("kib_per_connection", name, members, "join")),
        _n(of.least("us_per_join", name, members, "join"), 0),
    ]  # fmt: skip


def _curve(of: Figures) -> str:
    series = _curve_of(of)
    if not series:
        return ""
    sizes = sorted({members for points in series.values() for members, _ in points})
    rows = [
        [name, *(_n(dict(points).get(size)) for size in sizes)] for name, points in series.items()
    ]
    joins = [_n(of.least("us_per_join", HEARTH, int(size), "curve-join"), 0) for size in sizes]
    rows.append(["CPU per join in Hearth, us", *joins])
    head = ["us CPU/delivery", *(f"{size:g} members" for size in sizes)]
    return (
        "## Cost against members, 5,000 deliveries a second\n\n"
        + _table(head, rows)
        + "\n![Cost against members](members.svg)\n"
    )


def _curve_of(of: Figures) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for name in dict.fromkeys(row["server"] for row in of.phase("curve-fixed")):
        sizes = sorted({r["members"] for r in of.phase("curve-fixed") if r["server"] == name})
        costs = [(n, of.least("us_per_delivery", name, n, "curve-fixed")) for n in sizes]
        found[name] = [(n, cost) for n, cost in costs if cost]
    return found


def _history(of: Figures) -> str:
    sizes = sorted({row["history"] for row in of.phase("history")})
    if not sizes:
        return ""
    costs = [
        Figures([row for row in of.phase("history") if row["history"] == size]).least(
            "us_per_delivery", HEARTH, 500, "history"
        )
        for size in sizes
    ]
    head = ["messages in the room before", *(f"{size:,}" for size in sizes)]
    return "## Cost against history, room of 500\n\n" + _table(
        head, [["us CPU/delivery", *map(_n, costs)]]
    )


def _small_rooms(of: Figures) -> str:
    rows = [
        [row["server"] + _note([row]), f"{row['rooms']:,}", _n(row["us_per_message"], 0), _n(row["us_per_delivery"]),
         _n(row["delivery_ms"].get("p50")), _n(row["delivery_ms"].get("p99")), str(row["lost"])]
        for row in of.phase("rooms")
    ]  # fmt: skip
    if not rows:
        return ""
    head = [
        "server",
        "rooms of 10",
        "us CPU/message",
        "us CPU/delivery",
        "p50 ms",
        "p99 ms",
        "lost",
    ]
    return "## Many small rooms, one message a second in each\n\n" + _table(head, rows)


def _stall(of: Figures) -> str:
    rows = [
        [row["server"] + _note([row]), str(row["stalled"]), f"{100 * row['share_of_last_third']:.1f} %",
         _n(row["delivery_ms"].get("p99")), _n(row["memory_grown_mib"])]
        for row in of.phase("stall")
    ]  # fmt: skip
    if not rows:
        return ""
    head = ["server", "stalled of 50", "the others received", "p99 ms", "memory grown, MiB"]
    return (
        "## Two of 50 members stop reading: the last third of 27 s, 300 messages of 1 kB a second\n\n"
        + _table(head, rows)
    )


def _missing(of: Figures) -> str:
    rows = [[row["server"], row["needs"]] for row in of.phase("missing")]
    return "## Left out\n\n" + _table(["server", "needs"], rows) if rows else ""


def _draw(of: Figures, folder: Path) -> None:
    for members, rate in _ROOMS:
        for figure, phase, name, title, choose in (
            ("us_per_delivery", "fixed", "cpu", "Microseconds of CPU per delivery", of.least),
            ("deliveries_per_s", "saturate", "saturation", "Deliveries a second at saturation", of.most),
        ):  # fmt: skip
            names = {row["server"] for row in of.phase(phase) if row["members"] == members}
            values = [
                (n, choose(figure, n, members, phase) or 0.0, n.startswith(HEARTH)) for n in names
            ]
            values.sort(key=lambda bar: bar[1], reverse=name == "saturation")
            offered = (
                f", {rate} messages a second" if name == "cpu" else ", 16 messages on their way"
            )
            picture = charts.bars(title, f"room of {members}{offered}", values)
            (folder / f"{name}-{members}.svg").write_text(picture)
    if series := _curve_of(of):
        title = "Microseconds of CPU per delivery, 5,000 deliveries a second"
        picture = charts.lines(title, "against members of the room", series, HEARTH)
        (folder / "members.svg").write_text(picture)


def _note(rows: Sequence[Row]) -> str:
    """What must be said beside the figures of these."""
    return "".join(sorted({f" ({row['note']})" for row in rows if row.get("note")}))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _n(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


_HEAD = """# Benchmarks

Hearth beside other chat servers, on one machine, by `make bench`; the rows behind this page are in
[results.jsonl](results.jsonl). Hearth is the whole product: sessions, access checks, assessment by
the embedded model, sealing, persistence. The same 512 texts come again and again, so that their assessment is
remembered; `hearth-assessing` has each text read by the model for the first time. A delivery is one member
having received one message. CPU is that of all the server's processes, its database's and its model's too;
on loopback the receiver's half of TCP is in it. Ratios between rows are worth more than absolute figures.
"""
_FOOT = """## Again

`make bench` for this page, `make -s bench QUICK=1` for the goals in a minute, `make bench FLAME=1` for
[the hot path](hot-path.svg). How it measures, and how to add a server: [tests/bench](../../tests/bench/README.md).
"""
