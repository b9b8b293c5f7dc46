"""`hearth privacy`: the papers that a data protection officer asks for, made from the register of data."""

import argparse
import sys
from pathlib import Path
from typing import Any

from server.services import papers
from server.settings import Settings


def add(commands: Any) -> None:
    """Write them, or check that they are the newest."""
    parser = commands.add_parser(
        "privacy",
        help="records of processing, made from the register of data",
        description=_privacy.__doc__,
    )
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write them there")
    parser.add_argument(
        "--check", type=Path, metavar="FOLDER", help="exit 1 when those there differ"
    )
    parser.set_defaults(run=_privacy)


def _privacy(asked: argparse.Namespace, _: Settings) -> int:
    """The record of processing, the flow of data, how long things are kept, and the risks, as Markdown.

    They say what the software does. What your own place does beside it is yours to add.
    """
    made = papers.all_papers()
    if asked.check:
        old = [name for name, text in made.items() if not _is(asked.check / name, text)]
        for name in old:
            print(f"{asked.check / name} is not what the register says.", file=sys.stderr)
        return 1 if old else 0
    if asked.write is None:
        print("\n".join(made.values()))
        return 0
    asked.write.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (asked.write / name).write_text(text, encoding="utf-8")
        print(asked.write / name)
    return 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
