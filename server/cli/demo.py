"""`hearth demo`: a throw-away community full of talk, with printed logins."""

import argparse
from pathlib import Path
from typing import Any

from server.demo.runner import Options, run
from server.settings import Settings

_ABOUT = """Serves a community of its own from a temporary folder, which is removed at the end. Real
clients fill it through the public interface with conversations that were written for it, and then
go on talking. Logins for a peer, a moderator, a clinician and a steward are printed."""


def add(commands: Any) -> None:
    """One command."""
    parser = commands.add_parser(
        "demo",
        help="a throw-away community full of talk, with printed logins",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=None, help="[HEARTH_PORT, or any free one]")
    parser.add_argument(
        "--no-talk", action="store_true", help="people fall silent once it is filled"
    )
    parser.add_argument("--data", type=Path, default=None, help="an empty folder, which is kept")
    parser.set_defaults(run=_demo)


def _demo(asked: argparse.Namespace, settings: Settings) -> int:
    return run(Options(port=asked.port, data=asked.data, talk=not asked.no_talk), settings)
