"""`hearth serve`, which also says how long the garbage collector stood in the way, in CPU time: others may be busy too.

SIGUSR1: look through everything, and write what was seen to BENCH_COLLECTED as JSON. longest_ms: of what the
collector did by itself since the last time; full_ms: of this one.
"""

import gc
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from server.cli import main


class Collected:
    """Seconds of each collection."""

    def __init__(self) -> None:
        self._began = 0.0
        self.seconds: list[float] = [0.0]
        gc.callbacks.append(self._note)
        signal.signal(signal.SIGUSR1, self._tell)

    def _note(self, phase: str, _: dict[str, Any]) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.seconds.append(time.thread_time() - self._began)

    def _tell(self, *_: Any) -> None:
        longest = max(self.seconds)
        gc.collect()
        seen = {"longest_ms": longest * 1e3, "full_ms": self.seconds[-1] * 1e3}
        self.seconds[:] = [0.0]
        waiting = Path(os.environ["BENCH_COLLECTED"] + ".new")
        waiting.write_text(json.dumps(seen))
        waiting.rename(os.environ["BENCH_COLLECTED"])


if __name__ == "__main__":
    collected = Collected()
    sys.exit(main(["serve"]))
