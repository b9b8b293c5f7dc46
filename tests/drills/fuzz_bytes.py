"""Bytes that a machine makes up, led by what they reach: each parser of ours refuses them, fast, and never falls."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moderation.thresholds import SHIPPED
from tests.drills._sizes import size
from tests.server.live_server import ROOT
from tests.server.malforming.values import FRAGMENTS, NOT_JSON, WHOLE

_SECONDS = 60
_LATE_S = 600
_RUNS = re.compile(r"stat::number_of_executed_units: (\d+)")
_POST = '{"type": "post", "room": "%s", "client_id": "%s", "text": %s}'
_ID = "01932b1c-0000-7000-8000-000000000000"
_MEASURE = (ROOT / "server/measures/gad-7.toml").read_text("utf-8")
_BEGIN_WITH: dict[str, Iterable[str]] = {
    "frame": (*NOT_JSON, *WHOLE, *(_POST % (_ID, _ID, one) for one in FRAGMENTS.values())),
    "words": ("I want to k\u0456ll my$elf", "\ufdfa" * 40, "a\u0301" * 40, "\u202eabc\u202c"),
    "name": ("Ash Tree", "AAAAA-BBBBB", "\u0410sh", "😀😀"),
    "setting": ("\x00http://[", "\x05https://a.example", "\x09unix:/a,b:1"),
    "policy": (SHIPPED,),
    "measure": (_MEASURE,),
}
"""What each parser is shown first."""
_CONTROL = "careless"


def run() -> dict[str, Any]:
    """SECONDS (60) for each of NAMES (frame words name setting policy measure).

    ok: nothing but its own refusal came of any input, and none took a processor 50 ms twice. The control, a
    parser that falls over one input, is caught.
    """
    names, seconds = (
        os.environ.get("NAMES", " ".join(_BEGIN_WITH)).split(),
        size("SECONDS", _SECONDS),
    )
    figures = {name: _fuzz(name, seconds, _BEGIN_WITH[name]) for name in names}
    control = _fuzz(_CONTROL, seconds, ("{}",))
    caught = bool(control["fell_over"])
    is_clean = all(
        one["runs"] and not one["fell_over"] and not one["slow"] for one in figures.values()
    )
    return figures | {"control_caught": caught, "ok": is_clean and caught}


def _fuzz(name: str, seconds: int, begin_with: Iterable[str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-bytes-") as folder:
        for number, text in enumerate(begin_with):
            Path(folder, str(number)).write_bytes(text.encode("utf-8", "surrogatepass"))
        ended = subprocess.run(
            [sys.executable, "-m", "tests.drills._fuzzed", name, str(seconds), folder],
            cwd=ROOT, capture_output=True, timeout=seconds + _LATE_S, text=True, errors="replace",
        )  # fmt: skip
        runs = _RUNS.search(ended.stderr)
        found = sorted(Path(folder).glob("*-*"))
        slow = Path(folder, "slow")
        slow_ones = slow.read_text().split() if slow.exists() else []
        for one in found:
            print(f"{name}: {one.read_bytes()[:200]!r}\n{ended.stderr[:1_500]}", flush=True)
        for text in slow_ones[:5]:
            print(f"{name} was slow: {bytes.fromhex(text)[:200]!r}", flush=True)
    return {
        "runs": int(runs[1]) if runs else 0,
        "fell_over": len(found),
        "slow": len(slow_ones),
    }
