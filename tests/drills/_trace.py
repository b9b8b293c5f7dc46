"""What strace saw of one server: for each message, whether the disk had it before anybody was told.

Read in the order of the trace: a system call stands where it began, and its end where it is `resumed`.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

CALLS = "pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync"
_MOST_BYTES = 1_000_000
_MARK = "feedface"
"""The first characters of each client_id here, so that they are found in raw pages."""

_LINE = re.compile(rb"(\d+) +(?:(\w+)\((\d+)<([^>]*)>|<\.\.\. (\w+) resumed>)")
_STORED = re.compile(rb"feedface[0-9a-f]{24}")
_SENT = re.compile(rb"feedface-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TYPE = rb"\"type\":\""
_LOG = b"/hearth.sqlite3-wal"
_SYNCS = frozenset({b"fsync", b"fdatasync"})
_TOLD = ("posted", "message")


def strace(program: Path, log: Path) -> list[str | Path]:
    """The words that start a server under strace, itself the process that was started."""
    quiet = ("-D", "-f", "-y", "-qq", "--seccomp-bpf", "-e", f"trace={CALLS}", "-e", "signal=none")
    return [program, *quiet, "-s", str(_MOST_BYTES), "-o", log]


def marked_id(number: int) -> UUID:
    """A client_id that a trace is searched for."""
    return UUID(f"{_MARK}-cafe-4000-8000-{number:012x}")


@dataclass(slots=True)
class Order:
    """syncs: of the write-ahead log. told: frames that left, by type. early: those that left too soon."""

    syncs: int = 0
    told: Counter[str] = field(default_factory=Counter)
    early: Counter[str] = field(default_factory=Counter)
    stored: set[UUID] = field(default_factory=set)
    """Seen in the write-ahead log."""
    _durable: set[UUID] = field(default_factory=set)
    _syncing: dict[bytes, set[UUID]] = field(default_factory=dict)

    def read(self, lines: Iterable[bytes]) -> "Order":
        """The whole trace, from its beginning."""
        for line in lines:
            if found := _LINE.match(line):
                thread, call, _, place, resumed = found.groups()
                if resumed in _SYNCS:
                    self._synced(thread)
                elif call in _SYNCS and place.endswith(_LOG):
                    self._syncing[thread] = set(self.stored)
                    if b"<unfinished" not in line:
                        self._synced(thread)
                elif call == b"pwrite64" and place.endswith(_LOG):
                    self.stored |= {UUID(id_.decode()) for id_ in _STORED.findall(line)}
                elif place and place.startswith((b"socket:", b"TCP")):
                    self._left(line)
        return self

    def _synced(self, thread: bytes) -> None:
        covered = self._syncing.pop(thread, None)
        if covered is not None:
            self.syncs += 1
            self._durable |= covered

    def _left(self, line: bytes) -> None:
        for found in _SENT.finditer(line):
            # The type stands before the id in a frame.
            start = line.rfind(_TYPE, 0, found.start()) + len(_TYPE)
            kind = line[start : line.find(b"\\", start)].decode()
            if kind in _TOLD:
                self.told[kind] += 1
                if UUID(found[0].decode()) not in self._durable:
                    self.early[kind] += 1
