"""CPU time and memory of a server's whole process tree.

CPU comes from the kernel's clock of each process (clock_gettime on the clock id that
clock_getcpuclockid(3) returns). It has nanosecond resolution and covers all threads, also those that
have ended; its sum is what /proc/PID/stat shows rounded to ticks of 10 ms. That file is read as well,
for the kernel's share.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_CPUS: Final = os.cpu_count() or 1
_PROCFS: Final = Path("/proc")


def descendants(roots: Iterable[int]) -> list[int]:
    """The given processes and every live process below them."""
    children: dict[int, list[int]] = {}
    for entry in _PROCFS.iterdir():
        if entry.name.isdigit() and (parent := _parent_of(entry.name)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    to_visit = list(roots)
    while to_visit:
        pid = to_visit.pop()
        if pid not in found and is_alive(pid):
            found.append(pid)
            to_visit.extend(children.get(pid, ()))
    return found


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    return (_PROCFS / str(pid)).exists()


def memory_bytes(roots: Iterable[int]) -> tuple[int, int]:
    """(RSS, PSS) of the tree. PSS shares common pages out, right for servers that fork."""
    rss = pss = 0
    for pid in descendants(roots):
        one_rss, one_pss = _memory_of(pid)
        rss += one_rss
        pss += one_pss
    return rss, pss


def resident_bytes(pid: int) -> int:
    """RSS of one process alone, cheap enough to be asked often."""
    return int((_PROCFS / str(pid) / "statm").read_text().split()[1]) * _PAGE_BYTES


def cpu_ns(pid: int) -> int:
    """CPU used so far by one process, all threads."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)  # CPUCLOCK_SCHED of the process
    except OSError:
        return 0


def prefer(pid: int) -> None:
    """Put a process before a machine's other work, by BENCH_NICE (-10, say; as root)."""
    nice = int(os.environ.get("BENCH_NICE", "0"))
    if nice:
        os.setpriority(os.PRIO_PROCESS, pid, nice)
        group = _PROCFS / str(pid) / "autogroup"  # where there is one, priority counts only inside
        if group.exists():
            group.write_text(str(nice))


class Sample:
    """A snapshot; two of them make figures with `since`."""

    def __init__(self, roots: Iterable[int]) -> None:
        self.at = time.perf_counter()
        pids = descendants(roots)
        self.cpu_ns = {pid: cpu_ns(pid) for pid in pids}
        self.user_and_kernel_s = {pid: _user_and_kernel_s(pid) for pid in pids}
        self.own_s = time.process_time()
        self.busy_s, self.steal_s = _machine_s()

    def since(self, before: Sample) -> dict[str, Any]:
        """What was used between the two. foreign_share: by neither the server nor us: the noise."""
        wall = self.at - before.at
        cpu = sum(used - before.cpu_ns.get(pid, 0) for pid, used in self.cpu_ns.items()) / 1e9
        own = self.own_s - before.own_s
        foreign = max(0.0, self.busy_s - before.busy_s - cpu - own)
        return {
            "wall_s": wall,
            "server_cpu_s": cpu,
            "server_kernel_share": self._kernel_share(before),
            "client_cpu_s": own,
            "foreign_share": foreign / (wall * _CPUS),
            "steal_share": (self.steal_s - before.steal_s) / (wall * _CPUS),
        }

    def _kernel_share(self, before: Sample) -> float:
        used = [
            [now - then for now, then in zip(pair, before.user_and_kernel_s.get(pid, (0, 0)), strict=True)]
            for pid, pair in self.user_and_kernel_s.items()
        ]  # fmt: skip
        user, kernel = sum(u for u, _ in used), sum(k for _, k in used)
        return kernel / (user + kernel) if user + kernel else 0.0


def _parent_of(pid: str) -> int | None:
    try:
        return int(_stat(pid)[1])
    except (OSError, ValueError):
        return None


def _stat(pid: int | str) -> list[str]:
    raw = (_PROCFS / str(pid) / "stat").read_text(errors="replace")
    return raw[raw.rindex(")") + 2 :].split()


def _user_and_kernel_s(pid: int) -> tuple[float, float]:
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0, 0.0
    return int(fields[11]) / _TICKS_PER_S, int(fields[12]) / _TICKS_PER_S


def _memory_of(pid: int) -> tuple[int, int]:
    try:
        lines = (_PROCFS / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0, 0
    kib = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return int(kib["Rss"]) * 1024, int(kib["Pss"]) * 1024


def _machine_s() -> tuple[float, float]:
    """CPU seconds of the whole machine: busy (all but idle and waiting for disks), and stolen."""
    with (_PROCFS / "stat").open() as file:
        spent = [int(word) for word in file.readline().split()[1:9]]
    return (sum(spent) - spent[3] - spent[4]) / _TICKS_PER_S, spent[7] / _TICKS_PER_S
