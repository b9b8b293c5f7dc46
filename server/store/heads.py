"""Signed heads of the audit log, in a file outside the database: what was signed is not cut off unseen.

One line for each head: number, hash, time, the place's epoch, and a signature that covers the line
before as well. A second file holds the newest line alone, under a signature of its own: lines cut
from the end of the first are missed there, and it cannot be made anew out of them.
"""

import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from pathlib import Path
from typing import BinaryIO, Literal

from server.errors import ServerError
from server.store.durable import make_durable, write_durably
from server.store.keys import KeyFile

HeadsFault = Literal[
    "heads_missing", "heads_edited", "heads_cut", "newest_missing", "newest_edited"
]
_LONGEST_BYTES = 1_024
_NONE = "-"


class HeadsBroken(ServerError):
    """The signed heads do not fit each other, or the database: nothing more is signed on top of them."""

    code = "audit_heads_broken"
    detail = "The audit log and its signed heads do not fit: run `hearth audit verify`."


@dataclass(frozen=True, slots=True)
class Head:
    """The newest row of the audit log at some time. epoch: the place's."""

    number: int
    hash: bytes
    at: datetime
    epoch: str


@dataclass(frozen=True, slots=True)
class Line:
    """A signed head. before: the signature of the line before it."""

    head: Head
    before: str
    signature: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What the files say. lines: how many hold, from the first on. newest: the newest that holds."""

    lines: int
    newest: Line | None
    fault: HeadsFault | None


class Heads:
    """The two files. Safe to use from several processes. Raises OSError when the disk refuses."""

    def __init__(self, path: Path, key_file: KeyFile) -> None:
        self.path = path
        self._newest_path = path.with_name(f"{path.name}.newest")
        self._key_file = key_file

    def newest(self) -> Line | None:
        """The last line. Looks at the end alone. Raises HeadsBroken when that does not hold."""
        while True:
            try:
                with self.path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_SH)  # nobody is between the two files
                    return _end(self._last(file), self._noted())
            except FileNotFoundError:
                noted = self._noted()
                if not self.path.exists():  # nor has anybody begun meanwhile
                    return _end(None, noted)

    def append(self, head: Head, after: Line | None) -> bool:
        """Sign and keep a head, durable on return. False when somebody else has signed after `after`."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if self._last(file) != after:
                return False
            file.truncate(_whole_bytes(file))  # what a crash left of a line was never a line
            file.seek(0, os.SEEK_END)
            line = self._sign(head, after.signature if after else _NONE)
            if after is None:
                self._note(line)  # lines without a note are never right, not even after a crash
            file.write(f"{_words(head)} {line.signature}\n".encode())
            file.flush()
            os.fsync(file.fileno())
            self._note(line)
        return True

    def check(self) -> Checked:
        """Read all of it, a line at a time."""
        noted: Line | None = None
        last: Line | None = None
        fault: HeadsFault | None = None
        count, found = 0, False
        try:
            noted = self._noted()
        except HeadsBroken:
            fault = "newest_edited"
        try:
            for last in self.lines():
                count, found = count + 1, found or last == noted
        except HeadsBroken:
            fault = "heads_edited"
        if fault is None and not found:
            fault = self._why_not_found(last, noted)
        is_later = noted and (last is None or noted.head.number > last.head.number)
        return Checked(count, noted if is_later else last, fault)

    def lines(self) -> Iterator[Line]:
        """Every line in order. Raises HeadsBroken at the first that does not hold."""
        if not self.path.exists():
            return
        before, former = _NONE, True
        with self.path.open("rb") as file:
            while text := file.readline(_LONGEST_BYTES):
                if len(text) < _LONGEST_BYTES and not text.endswith(b"\n"):
                    return  # what a crash left of a line
                line = self._read(text, before, former=former)
                # After a line of today's key none of an older one can follow.
                former = former and not self._is_todays(line)
                before = line.signature
                yield line

    def set_aside(self, stamp: str) -> None:
        """Begin anew. The old files stay, under names that end with the stamp."""
        for path in (self._newest_path, self.path):
            if path.exists():
                path.rename(path.with_name(f"{path.name}.until-{stamp}"))
        make_durable(self.path.parent)

    def count_set_aside(self) -> int:
        """How often that was done."""
        found = self.path.parent.glob(f"{self.path.name}*.until-*")
        return len({path.name.rpartition("-")[2] for path in found})

    def _last(self, file: BinaryIO) -> Line | None:
        end = _whole_bytes(file)
        begin = max(0, end - 2 * _LONGEST_BYTES)
        file.seek(begin)
        lines = file.read(end - begin).splitlines(keepends=True)
        if not lines:
            return None
        if len(lines) == 1:
            return self._read(lines[0], _NONE)
        before = lines[-2].rpartition(b" ")[2].strip().decode("ascii", "replace")
        return self._read(lines[-1], before)

    def _noted(self) -> Line | None:
        """The newest line, as the second file has it."""
        if not self._newest_path.exists():
            return None
        text, _, seal = self._newest_path.read_bytes()[: 2 * _LONGEST_BYTES].rpartition(b" ")
        if not self._is_sealed(text, seal):
            raise HeadsBroken
        before, _, line = text.partition(b" ")
        return self._read(line + b"\n", before.decode())

    def _note(self, line: Line) -> None:
        text = f"{line.before} {_words(line.head)} {line.signature}".encode()
        write_durably(self._newest_path, text + b" " + self._seal(text))

    def _why_not_found(self, last: Line | None, noted: Line | None) -> HeadsFault | None:
        if noted is None:
            return "newest_missing" if last else None
        if last is None and noted.before == _NONE:  # a crash came before the very first line
            return None
        return "heads_cut" if self.path.exists() else "heads_missing"

    def _sign(self, head: Head, before: str) -> Line:
        message = f"{before}|{_words(head)}".encode()
        return Line(head, before, self._key_file.sign_head(message).hex())

    def _seal(self, text: bytes) -> bytes:
        return self._key_file.sign_head(b"newest|" + text).hex().encode() + b"\n"

    def _is_sealed(self, text: bytes, seal: bytes) -> bool:
        for _ in range(2):
            for signed in self._key_file.head_signatures(b"newest|" + text, former=False):
                if compare_digest(signed.hex().encode() + b"\n", seal):
                    return True
            if not self._key_file.reload():  # it may have been changed while we run
                break
        return False

    def _is_todays(self, line: Line) -> bool:
        return compare_digest(self._sign(line.head, line.before).signature, line.signature)

    def _read(self, text: bytes, before: str, *, former: bool = False) -> Line:
        try:
            number, hash_, at, epoch, _ = text.decode("ascii").removesuffix("\n").split(" ")
            head = Head(int(number), bytes.fromhex(hash_), datetime.fromisoformat(at), epoch)
        except ValueError:
            raise HeadsBroken from None
        message = f"{before}|{_words(head)}".encode()
        for _ in range(2):
            for signed in self._key_file.head_signatures(message, former=former):
                if compare_digest(f"{_words(head)} {signed.hex()}\n".encode(), text):
                    return Line(head, before, signed.hex())
            if not self._key_file.reload():  # it may have been changed while we run
                break
        raise HeadsBroken


def _words(head: Head) -> str:
    return f"{head.number} {head.hash.hex()} {head.at.isoformat()} {head.epoch}"


def _end(last: Line | None, noted: Line | None) -> Line | None:
    """Where both files end alike. A crash between the two leaves the second one line behind."""
    if last is None:
        alike = noted is None or noted.before == _NONE
    else:
        alike = noted is not None and noted.signature in (last.signature, last.before)
    if not alike:
        raise HeadsBroken
    return last


def _whole_bytes(file: BinaryIO) -> int:
    """Up to the end of the last whole line."""
    size = file.seek(0, os.SEEK_END)
    begin = max(0, size - _LONGEST_BYTES)
    file.seek(begin)
    newline = file.read().rfind(b"\n")
    return begin + newline + 1 if newline >= 0 else begin
