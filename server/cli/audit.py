"""`hearth audit`: is the audit log as it was written? And what to do when it is not."""

import argparse
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from server.errors import NotNow, ServerError
from server.services.auditing import Report, examine, time_in_words
from server.settings import Settings
from server.store import audit, beside
from server.store.heads import Heads, HeadsBroken
from server.store.keys import KeyFile
from server.store.work import Work


class NothingHere(ServerError):
    """No database yet, or none any more."""

    code = "nothing_here"
    detail = "There is no database here yet: start `hearth serve` once."


def add(commands: Any) -> None:
    """Two verbs."""
    parser = commands.add_parser("audit", help="is the audit log as it was written?")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    verifying = verbs.add_parser(
        "verify", help="read all of it and say what is wrong", description=_verify.__doc__
    )
    verifying.add_argument("--json", action="store_true", help="one JSON object, for programs")
    verifying.set_defaults(run=_verify)
    accepting = verbs.add_parser(
        "accept", help="after an older backup was put back", description=_accept.__doc__
    )
    accepting.set_defaults(run=_accept)


def look(settings: Settings) -> Report:
    """Read the whole log beside a server that may be running. Raises NothingHere, or what settings raise."""
    begun = settings.database_url or settings.sqlite_path.exists()
    if not begun:
        raise NothingHere(_GONE if settings.heads_path.exists() else None)
    heads = Heads(settings.heads_path, KeyFile.read(settings.key_path))
    try:
        return beside.read(settings, partial(examine, heads=heads))
    except OSError as error:
        raise HeadsBroken(f"{heads.path} cannot be read: {type(error).__name__}.") from None


def _verify(asked: argparse.Namespace, settings: Settings) -> int:
    """Find any change, deletion, insertion or swap in the audit log, and rows cut off behind its signed heads."""
    report = look(settings)
    if asked.json:
        print(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode())
    else:
        print("\n".join(_lines(report)))
    return 0 if report.ok else 1


def _lines(report: Report) -> list[str]:
    lines = [summary(report)] if report.ok else []
    for problem in report.problems:
        lines.append(f"WRONG ({problem.code}): {problem.words}")
        if problem.number is not None:
            good = time_in_words(problem.since) if problem.since else "there is none"
            lines.append(f"  From row {problem.number} on. Time of the last good row: {good}.")
        lines.append(f"  What to do: {problem.advice}")
    return lines


def summary(report: Report) -> str:
    """What is well, in one line."""
    signed = f"signed up to row {report.signed}" if report.signed else "none of it signed yet"
    return " ".join([f"{report.rows} rows, each as it was written; {signed}.", *report.notes])


def _accept(_: argparse.Namespace, settings: Settings) -> None:
    """Say that you know why the signed heads do not fit: an older backup was put back, or their file was lost.

    The log is signed anew as it stands. The old heads stay beside it, and the log itself says that this was done.
    """
    report = look(settings)
    if report.ok:
        raise NotNow("The audit log is well: there is nothing to accept.")
    if not report.is_acceptable:
        first = report.problems[0]
        raise NotNow(f"This is not mended by signing anew. {first.words} {first.advice}")
    codes = ",".join(problem.code for problem in report.problems)
    Heads(settings.heads_path, KeyFile.read(settings.key_path)).set_aside(
        f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    )
    beside.do(settings, lambda work: _write_down(work, codes))
    print(
        f"Signed anew as it stands ({codes}). The old heads are kept: {settings.heads_path}.until-*"
    )


_GONE = (
    "The database is gone, and the signed heads of its audit log are still here: put your newest "
    "backup back, then run `hearth audit verify`."
)


def _write_down(work: Work, codes: str) -> None:
    audit.append(work, None, "audit.accept", codes)
