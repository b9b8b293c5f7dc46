"""`hearth serve` and `hearth migrate`."""

import argparse
import gc
from typing import Any

from server.settings import Settings


def add(commands: Any) -> None:
    """Two commands without options of their own: everything is a setting."""
    serve = commands.add_parser(
        "serve", help="serve on http://localhost:8000", description=_serve.__doc__
    )
    serve.set_defaults(run=_serve)
    migration = commands.add_parser(
        "migrate", help="bring the database to the newest shape", description=_migrate.__doc__
    )
    migration.add_argument(
        "revision", nargs="?", default="head", help="default: head; -1: one step back"
    )
    migration.set_defaults(run=_migrate)


def _serve(_: argparse.Namespace, settings: Settings) -> None:
    """Migrate, then serve until told to stop. The first start prints a one-time link for the first steward."""
    gc.disable()  # nearly all that is built now stays; `serve` goes on with it
    from server.serve import serve

    serve(settings)


def _migrate(asked: argparse.Namespace, settings: Settings) -> None:
    """Bring the database to the newest shape. Safe to run again."""
    from server.store.migrating import migrate
    from server.store.occupied import in_use

    with in_use(settings):
        migrate(settings, asked.revision)
