"""Where the hot path's time goes: py-spy watches Hearth while a room of 100 is kept full of messages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.bench import report
from tests.bench.progress import keep, say
from tests.bench.standing import standing

_SECONDS = float(os.environ.get("BENCH_SECONDS", "10"))
_PER_S = "500"


def main() -> int:
    """docs/benchmarks/hot-path.svg. 1 when py-spy could not watch."""
    report.FOLDER.mkdir(parents=True, exist_ok=True)
    picture = report.FOLDER / "hot-path.svg"
    with standing(os.environ.get("BENCH_HEARTH", "hearth"), [100]) as server:
        watch = subprocess.Popen(
            [
                Path(sys.executable).with_name("py-spy"), "record", "--pid", str(server.adapter.roots()[-1]),
                "--duration", str(int(_SECONDS)), "--rate", _PER_S, "--nonblocking", "--output", picture,
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        keep(server.fixed(0, rate=100, seconds=_SECONDS / 2))
        keep(server.saturated(0, window=16, seconds=_SECONDS / 2))
        failed = watch.wait(60)
    if not failed:
        _retitle(picture)
    say(f"{'no flame graph' if failed else picture}")
    return 1 if failed else 0


def _retitle(picture: Path) -> None:
    """py-spy writes its command there, with the folders of this machine."""
    title = re.compile(r'(<text id="title"[^>]*>)[^<]*')
    picture.write_text(title.sub(r"\1Hearth, a room of 100", picture.read_text(), count=1))
