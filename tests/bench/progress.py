"""What is measured, said at once: a line for each row, on standard error."""

import json
import sys
from collections.abc import Mapping
from typing import Any, TextIO


def say(line: str) -> None:
    """To people, not to programs."""
    print(line, file=sys.stderr, flush=True)


def keep(row: Mapping[str, Any], file: TextIO | None = None) -> None:
    """Say a row, and write it as a line of JSON."""
    say(_line(row))
    if file:
        file.write(json.dumps(row) + "\n")
        file.flush()


def _line(row: Mapping[str, Any]) -> str:
    head = f"{row['server']:28} room of {row['members']:5} {row['phase']:8}"
    if "us_per_delivery" in row:
        return head + _deliveries(row)
    if row["phase"] == "missing":
        return f"{row['server']}: left out, needs {row['needs']}"
    if "us_per_join" in row:
        return (
            f"{head} {row['us_per_join']:6.0f} us/join {row['joins_per_s']:9.0f}/s"
            f"  {row['kib_per_connection']:.1f} KiB each"
        )
    if "share_of_last_third" in row:
        share = 100 * row["share_of_last_third"]
        grown = row["memory_grown_mib"]
        return f"{head} {row['stalled']} stalled: the others got {share:.1f} %, memory +{grown:.1f} MiB"
    shown = {k: v for k, v in row.items() if isinstance(v, int | float) and k != "members"}
    return head + " " + "  ".join(f"{name} {value:.2f}" for name, value in shown.items())


def _deliveries(row: Mapping[str, Any]) -> str:
    latency = row.get("delivery_ms") or {}
    said = f" {row['us_per_delivery'] or 0:6.2f} us/delivery {row['deliveries_per_s']:9.0f}/s"
    if latency:
        said += f"  p50 {latency.get('p50', 0):7.2f} p99 {latency.get('p99', 0):7.2f} ms"
    said += f"  lost {row.get('lost', 0)}  others' share {row['foreign_share']:.2f}"
    return said + (f"  {row['errors'][0]}" if row.get("errors") else "")
