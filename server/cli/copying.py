"""What the commands that copy share: a passphrase, and a line that says how far it is."""

import argparse
import getpass
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from server.errors import Misconfigured, ServerError
from server.services.passphrases import check_passphrase

_EVERY_S = 0.2


class DiskRefused(ServerError):
    """Full, read-only, or not ours."""

    code = "disk_refused"


def add_passphrase(parser: argparse.ArgumentParser) -> None:
    """The option that answers before it is asked."""
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="its first line is the passphrase; without this it is asked for",
    )


def read_passphrase(asked: argparse.Namespace, *, new: bool) -> str:
    """From the file, or from whoever sits there. new: twice, and not one that everybody guesses first."""
    if asked.passphrase_file:
        passphrase = _from_file(asked.passphrase_file)
    elif sys.stdin.isatty():
        passphrase = getpass.getpass("Passphrase of the file: ")
        if new and getpass.getpass("Once more: ") != passphrase:
            raise Misconfigured("These were two different ones.")
    else:
        raise Misconfigured("--passphrase-file: needed where nobody can be asked.")
    if new:
        check_passphrase(passphrase, "")
    return passphrase


@contextmanager
def refusals_of_the_disk() -> Iterator[None]:
    """In one line, as any other refusal."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise DiskRefused(f"{where}{error.strerror or type(error).__name__}.") from None


class Progress:
    """At a terminal one line that changes; else nothing until it is done."""

    def __init__(self) -> None:
        self._told_at = 0.0
        self._shows = sys.stderr.isatty()

    def tell(self, table: str, rows: int, of: int) -> None:
        """How far one table is."""
        now = time.monotonic()
        if self._shows and (now - self._told_at > _EVERY_S or rows == of):
            self._told_at = now
            sys.stderr.write(f"\r\x1b[K{table}: {rows:,} of {of:,} rows")
            sys.stderr.flush()

    def say(self, words: str) -> None:
        """A line that stays."""
        self.done()
        print(words, flush=True)

    def done(self) -> None:
        """Nothing more comes on that line."""
        if self._shows:
            sys.stderr.write("\r\x1b[K")


def _from_file(path: Path) -> str:
    if not path.is_file():
        raise Misconfigured(f"--passphrase-file: there is no file {path}.")
    if path.stat().st_mode & 0o077:
        raise Misconfigured(
            f"--passphrase-file: others on this machine may read {path}; run: chmod 600 {path}"
        )
    lines = path.read_text().splitlines()
    if not lines or not lines[0]:
        raise Misconfigured(f"--passphrase-file: the first line of {path} is empty.")
    return lines[0]
