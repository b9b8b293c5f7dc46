"""`hearth serve` and `hearth migrate`."""

import argparse
import gc
from typing import Any

from server.settings import Settings
from server.supervise import MOST_WORKERS, WorkerPlace


def add(commands: Any) -> None:
    """Two commands; how they do it is a setting."""
    serve = commands.add_parser(
        "serve", help="serve on http://localhost:8000", description=_serve.__doc__
    )
    serve.add_argument(
        "--workers",
        type=int,
        default=1,
        choices=range(1, MOST_WORKERS + 1),
        metavar="N",
        help=f"processes that serve, up to {MOST_WORKERS}; more than one needs PostgreSQL (default: 1)",
    )
    serve.add_argument(
        "--classifiers",
        type=int,
        choices=range(1, MOST_WORKERS + 1),
        metavar="K",
        help="with --workers: processes that read for them (default: one for four workers)",
    )
    serve.add_argument("--worker", help=argparse.SUPPRESS)  # the supervisor's own
    serve.set_defaults(run=_serve)
    migration = commands.add_parser(
        "migrate", help="bring the database to the newest shape", description=_migrate.__doc__
    )
    migration.add_argument(
        "revision", nargs="?", default="head", help="default: head; -1: one step back"
    )
    migration.set_defaults(run=_migrate)


def _serve(asked: argparse.Namespace, settings: Settings) -> int:
    """Migrate, then serve until told to stop. The first start prints a one-time link for the first steward.

    With several workers, SIGHUP replaces them one after the other: new code serves, and nobody is cut off.
    One alone ends as it does on SIGTERM, for its service manager to start again.
    """
    if asked.workers == 1:
        gc.disable()  # nearly all that is built now stays; `serve` goes on with it
    from server.serve import serve, work

    if asked.worker is None:
        return serve(settings, asked.workers, asked.classifiers)
    work(settings, WorkerPlace.read(asked.worker))
    return 0


def _migrate(asked: argparse.Namespace, settings: Settings) -> None:
    """Bring the database to the newest shape. Safe to run again."""
    from server.store.migrating import migrate
    from server.store.occupied import in_use

    with in_use(settings):
        migrate(settings, asked.revision)
