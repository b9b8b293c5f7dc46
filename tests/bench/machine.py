"""The machine that figures come from, described."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from server.bootstrap import ROOT, node

_PACKAGES = (
    "fastapi",
    "uvicorn",
    "websockets",
    "uvloop",
    "aiosqlite",
    "picows",
    "granian",
    "wsproto",
)


def describe() -> dict[str, Any]:
    """CPU, memory, kernel, versions, what one fsync takes, and what else is running."""
    return {
        "server": "", "members": 0, "phase": "machine",
        "at": clock(),
        "commit": _said("git", "describe", "--always", "--dirty=, with changes") or "unknown",
        "cpu": _cpu(), "cores": os.cpu_count(), "memory_gib": round(_memory_gib()),
        "kernel": platform.release(), "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
        "node": _said(str(node()), "--version"),
        "fsync_ms": _fsync_ms(), "load": round(os.getloadavg()[0], 1),
        "settings": {k: v for k, v in sorted(os.environ.items()) if k.startswith("BENCH_")},
    }  # fmt: skip


def clock() -> str:
    """Now, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _fsync_ms(times: int = 100) -> dict[str, float]:
    """Of 4 KiB, where the servers write."""
    waits = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            waits.append((time.perf_counter() - began) * 1000)
    return {"p50": round(statistics.median(waits), 2), "max": round(max(waits), 2)}
