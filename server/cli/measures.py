"""`hearth measures`: which questionnaires can be asked here, and whether a file may be."""

import argparse
import sys
from pathlib import Path
from typing import Any

from server.cli import listing
from server.measures import BadMeasureError, load, read
from server.settings import Settings


def add(commands: Any) -> None:
    """Two verbs."""
    parser = commands.add_parser("measures", help="list questionnaires, or check a file of one")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    everything = verbs.add_parser("list", help="what can be asked, and where it comes from")
    listing.add_json(everything)
    everything.set_defaults(run=_list)
    checking = verbs.add_parser("check", help="whether these files may be asked; else why not")
    checking.add_argument("files", nargs="*", type=Path, help="[those in the data directory]")
    checking.set_defaults(run=_check)


def _list(asked: argparse.Namespace, settings: Settings) -> int:
    catalogue = load(settings.measures_path)
    rows: list[listing.Row] = [
        {
            "id": one.id,
            "version": one.version,
            "questions": len(one.items),
            "highest": one.highest,
            "reliable_points": one.reliable_change.points if one.reliable_change else None,
            "publication": one.publication,
            "verified": one.verified,
        }
        for one in catalogue.definitions.values()
    ]
    listing.show(rows, _line, as_json=asked.json)
    return _tell(catalogue.problems)


def _line(row: listing.Row) -> str:
    return f"{row['id']:<10} {row['version']:<12} {row['questions']:>3} questions  {row['publication']}"


def _check(asked: argparse.Namespace, settings: Settings) -> int:
    if not asked.files:
        return _tell(load(settings.measures_path).problems)
    problems = []
    for path in asked.files:
        try:
            print(f"{path}: {read(path.read_text(encoding='utf-8')).title} may be asked")
        except (OSError, UnicodeDecodeError, BadMeasureError) as error:
            problems.append(f"{path}: {error}")
    return _tell(problems)


def _tell(problems: Any) -> int:
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0
