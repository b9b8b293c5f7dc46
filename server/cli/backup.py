"""`hearth backup` and `hearth restore`: the community in one sealed file, and back."""

import argparse
import asyncio
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from server.cli import copying
from server.errors import Misconfigured
from server.settings import Settings
from server.store import audit, beside
from server.store.copies.backup import Contents, Totals, back_up, verify
from server.store.copies.restoring import BegunAnew, Restored, begin_anew, restore

_WHAT_ELSE = (
    "It holds no keys: without them nobody can read a word of it. Copy those with `hearth keys backup`, after this, "
    "and keep them apart. Copy your settings too (HEARTH_...), and {heads}.newest."
)


def add(commands: Any) -> None:
    """Two commands, and a verb of the first."""
    backup = commands.add_parser(
        "backup", help="copy the community into one sealed file", description=_backup.__doc__
    )
    backup.add_argument("--to", type=Path, metavar="FILE", help="where to; never over another file")
    copying.add_passphrase(backup)
    backup.set_defaults(run=_backup)
    verbs = backup.add_subparsers(title="verbs", metavar="VERB")
    verifying = verbs.add_parser(
        "verify", help="read all of a file and check it", description=_verify.__doc__
    )
    verifying.add_argument("file", type=Path, metavar="FILE")
    copying.add_passphrase(verifying)
    verifying.set_defaults(run=_verify)
    restoring = commands.add_parser(
        "restore", help="put a backup back", description=_restore.__doc__
    )
    restoring.add_argument("file", type=Path, metavar="FILE", nargs="?")
    restoring.add_argument(
        "--by-other-means",
        action="store_true",
        help="no file: the database was already put back, by a standby, its own logs or a copy of the disk",
    )
    restoring.add_argument(
        "--replace", action="store_true", help="set the community that is here aside"
    )
    restoring.add_argument(
        "--log-everybody-out", action="store_true", help="end every session that was put back"
    )
    copying.add_passphrase(restoring)
    restoring.set_defaults(run=_restore)


def _backup(asked: argparse.Namespace, settings: Settings) -> None:
    """Copy everything but the keys, beside a server that may be running, as it is at this moment."""
    if asked.to is None:
        raise Misconfigured("--to FILE: say where to.")
    passphrase = copying.read_passphrase(asked, new=True)
    progress, began = copying.Progress(), time.perf_counter()
    with copying.refusals_of_the_disk():
        totals = asyncio.run(
            back_up(
                settings,
                asked.to,
                passphrase,
                version=version("hearth"),
                now=datetime.now(UTC),
                tell=progress.tell,
            )
        )
    progress.done()
    beside.do(settings, lambda work: audit.append(work, None, "backup.make", None))
    size_mb = asked.to.stat().st_size / 1e6
    print(
        f"{asked.to}: {_in_words(totals)}, {size_mb:.1f} MB, in {time.perf_counter() - began:.0f} s."
    )
    print(_WHAT_ELSE.format(heads=settings.heads_path))


def _verify(asked: argparse.Namespace, _: Settings) -> None:
    """Read the whole file and check every checksum. Nothing is written, and no key is needed."""
    passphrase = copying.read_passphrase(asked, new=False)
    progress = copying.Progress()
    with copying.refusals_of_the_disk():
        contents, totals = verify(asked.file, passphrase, progress.tell)
    progress.done()
    print(f"{asked.file} is whole: {_in_words(totals)}. {_origin(contents)}")


def _restore(asked: argparse.Namespace, settings: Settings) -> None:
    """Put a backup back, of either database into either. Stop Hearth first; the keys must be here.

    Every row is written and read again before anything that is here is touched. Interrupted, it leaves what was there.
    """
    if (asked.file is None) != asked.by_other_means:
        raise Misconfigured("Say which: a FILE, or --by-other-means.")
    if asked.by_other_means:
        _begin_anew(asked, settings)
        return
    passphrase = copying.read_passphrase(asked, new=False)
    progress, began = copying.Progress(), time.perf_counter()
    with copying.refusals_of_the_disk():
        restored = asyncio.run(
            restore(
                settings,
                asked.file,
                passphrase,
                replace=asked.replace,
                end_sessions=asked.log_everybody_out,
                now=datetime.now(UTC),
                tell=progress.tell,
            )
        )
    progress.done()
    print("\n".join(_lines(restored, settings, time.perf_counter() - began)))


def _begin_anew(asked: argparse.Namespace, settings: Settings) -> None:
    with copying.refusals_of_the_disk():
        begun = asyncio.run(
            begin_anew(settings, end_sessions=asked.log_everybody_out, now=datetime.now(UTC))
        )
    print(f"The newest that is written down here is of {begun.back_to:%Y-%m-%d %H:%M:%S} UTC.")
    if not asked.log_everybody_out:
        print("Sessions that ended after that stand again: --log-everybody-out ends all of them.")
    print("\n".join(_what_follows(begun, settings)))


def _lines(restored: Restored, settings: Settings, took_s: float) -> list[str]:
    lines = [
        f"Put back in {took_s:.0f} s, each row as it was written: {_in_words(restored.totals)}. "
        f"{_origin(restored.contents)}"
    ]
    if restored.aside:
        lines.append(f"What was here is kept: {restored.aside}. Delete it when you are sure.")
    return lines + _what_follows(restored, settings)


def _what_follows(restored: Restored | BegunAnew, settings: Settings) -> list[str]:
    lines = []
    if restored.heads_aside:
        lines.append(
            f"The audit log's signed heads spoke of later rows; they are kept: {settings.heads_path}.until-*"
        )
    if restored.erased:
        lines.append(f"Erased since they wrote, and still unreadable: {restored.erased} members.")
    lines.append(
        "Whoever comes back reads their rooms anew. Start Hearth, and run `hearth doctor`."
    )
    return lines


def _in_words(totals: Totals) -> str:
    rows = sum(total.rows for total in totals.values())
    messages = totals["message"].rows if "message" in totals else 0
    return f"{messages:,} messages, {rows:,} rows in {len(totals)} tables"


def _origin(contents: Contents) -> str:
    return (
        f"Made on {contents.made_at:%Y-%m-%d %H:%M} UTC from {contents.engine} by Hearth {contents.version}; "
        f"its key file is {contents.key_file}."
    )
