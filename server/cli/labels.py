"""`hearth labels`: decisions copied out to train this place's own model, and taken out again."""

import argparse
import getpass
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import orjson

from server.errors import ServerError
from server.services import labels
from server.services.labels import Copy
from server.settings import Settings
from server.store import beside, label_file
from server.store.work import Work

MANIFEST: Final = "manifest.json"
ROWS: Final = "rows.jsonl"
_LEAST_SECRET: Final = 16
_SPAN: Final = re.compile(r"([1-9]\d{0,3})d")
_ABOUT_EXPORT: Final = """Copies the messages that people decided about, with the decision, into one sealed file. Only
of members who agreed to it, and only where a steward has turned it on. Members' pseudonyms and
contact details are masked; real names inside a text are not found. Each copy has people under new
numbers."""
_ABOUT_OPEN: Final = f"""Opens a sealed file into DIR ({MANIFEST}, {ROWS}), for `make train LABELS=DIR`. Ask for the
rows that must go first: hearth labels withdrawn FILE > gone.txt, where the file was made. Delete DIR
after the training."""
_ABOUT_WITHDRAWN: Final = """Says which rows of an earlier file must not be trained with any more, one id a line: whose
people no longer agree, have left, or took these words back. Needs no passphrase."""


class Unclear(ServerError):
    """A span of time, a list of rows or a secret that cannot be used."""

    code = "unclear"


def add(commands: Any) -> None:
    """Three verbs."""
    parser = commands.add_parser("labels", help="copy decisions out, sealed, to train a model")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    exporting = verbs.add_parser("export", help="make a sealed file", description=_ABOUT_EXPORT)
    exporting.add_argument("--to", type=Path, required=True, metavar="FILE")
    exporting.add_argument("--since", default="90d", metavar="DAYS", help="as in 90d [90d]")
    _add_secret(exporting)
    exporting.set_defaults(run=_export)
    opening = verbs.add_parser("open", help="open one for training", description=_ABOUT_OPEN)
    opening.add_argument("file", type=Path)
    opening.add_argument("--into", type=Path, required=True, metavar="DIR")
    opening.add_argument(
        "--without", type=Path, metavar="LIST", help="ids of rows to leave out, one a line"
    )
    _add_secret(opening)
    opening.set_defaults(run=_open)
    going = verbs.add_parser("withdrawn", help="which rows must go", description=_ABOUT_WITHDRAWN)
    going.add_argument("file", type=Path)
    going.set_defaults(run=_withdrawn)


def _add_secret(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="its first line is the passphrase; without it you are asked",
    )


def _export(asked: argparse.Namespace, settings: Settings) -> None:
    span = _span(asked.since)
    if asked.to.exists():
        raise label_file.FileRefused(f"{asked.to} is there already, and is left as it is.")
    secret = _secret(asked.passphrase_file, new=True)

    def verb(work: Work) -> Copy:
        return labels.copy_out(work, work.now - span)

    copy = beside.do(settings, verb)
    label_file.write(asked.to, secret, copy.id, copy.made_at, _jsonl([copy.manifest, *copy.rows]))
    rows, authors = copy.manifest["rows"], copy.manifest["authors"]
    print(f"{asked.to}: {rows} decided messages of {authors} members, sealed.")
    for why, count in copy.manifest["left_out"].items():
        print(f"left out: {count} {why}")


def _open(asked: argparse.Namespace, settings: Settings) -> None:
    without = _listed(asked.without) if asked.without else frozenset()
    content = label_file.read(asked.file, _secret(asked.passphrase_file, new=False))
    manifest, *rows = map(orjson.loads, content.splitlines())
    kept = [row for row in rows if row["id"] not in without]
    try:
        asked.into.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise label_file.FileRefused(f"{asked.into} cannot be made ({error.strerror}).") from None
    manifest |= {"rows_opened": len(kept), "rows_withdrawn": len(rows) - len(kept)}
    label_file.write_private(asked.into / ROWS, _jsonl(kept))
    label_file.write_private(asked.into / MANIFEST, _pretty(manifest))
    print(f"{asked.into}: {len(kept)} rows, {len(rows) - len(kept)} left out. Delete it after.")


def _withdrawn(asked: argparse.Namespace, settings: Settings) -> None:
    file_id = label_file.read_id(asked.file)
    gone = beside.read(settings, lambda work: labels.withdrawn(work, file_id))
    for row in gone:
        print(row)
    print(f"{len(gone)} rows of {asked.file} must go.", file=sys.stderr)


def _span(written: str) -> timedelta:
    found = _SPAN.fullmatch(written)
    if found is None:
        raise Unclear(f"--since {written}: please write days as in 90d.")
    return timedelta(days=int(found[1]))


def _secret(path: Path | None, *, new: bool) -> str:
    """The passphrase. Raises Unclear when it is too short, or was not typed alike twice."""
    secret = _typed(new=new) if path is None else _first_line(path)
    if new and len(secret) < _LEAST_SECRET:
        raise Unclear(f"The passphrase must have {_LEAST_SECRET} characters at least.")
    return secret


def _typed(*, new: bool) -> str:
    if not sys.stdin.isatty():
        raise Unclear("There is no terminal to ask at: please give --passphrase-file.")
    secret = getpass.getpass("Passphrase: ")
    if new and getpass.getpass("Once more: ") != secret:
        raise Unclear("The two are not alike.")
    return secret


def _first_line(path: Path) -> str:
    try:
        return next(iter(path.read_text("utf-8").splitlines()), "")
    except (OSError, ValueError):
        raise Unclear(f"{path} cannot be read.") from None


def _listed(path: Path) -> frozenset[str]:
    """The ids in a list. Raises Unclear for anything else in it: a wrong list must not leave rows in."""
    try:
        return frozenset(str(UUID(line)) for line in path.read_text("utf-8").split())
    except (OSError, ValueError):
        raise Unclear(f"{path} is not a list of rows, one id a line.") from None


def _jsonl(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)


def _pretty(manifest: Mapping[str, Any]) -> bytes:
    return orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
