"""`hearth eval`: every figure of the model's card, measured here and now."""

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

from server.errors import Misconfigured
from server.settings import Settings


def add(commands: Any) -> None:
    """On our own lines, and on a folder of data where there is one."""
    parser = commands.add_parser(
        "eval", help="measure the built-in model: the figures of its card", description=__doc__
    )
    parser.add_argument("--data", type=Path, help="folder with the data sets (see the card)")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.set_defaults(run=_evaluate)


def _evaluate(asked: argparse.Namespace, _: Settings) -> int:
    """In a process of its own: training and its libraries are never part of the server."""
    if importlib.util.find_spec("sklearn") is None:
        raise Misconfigured("hearth eval needs the extra `train`: pip install '.[train]'")
    options = ["--data", str(asked.data)] if asked.data else []
    options += ["--json"] if asked.json else []
    return subprocess.call([sys.executable, "-m", "moderation.training", "evaluate", *options])
