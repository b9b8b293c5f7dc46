"""`hearth move`: from the embedded database to PostgreSQL, while the community goes on."""

import argparse
import asyncio
from datetime import UTC, datetime
from typing import Any

from server.cli import copying
from server.settings import Settings
from server.store.copies.moving import Moved, move


def add(commands: Any) -> None:
    """One option."""
    parser = commands.add_parser(
        "move", help="take the community to PostgreSQL", description=_move.__doc__
    )
    parser.add_argument(
        "--to", metavar="URL", required=True, help="postgresql://... ; an empty database"
    )
    parser.set_defaults(run=_move)


def _move(asked: argparse.Namespace, settings: Settings) -> None:
    """Copy a running community from SQLite to PostgreSQL, and compare every row.

    At its end nobody can write for a short time, and Hearth is started anew on the other database. Was it
    interrupted? Give the same command again: it goes on where it was. The old database stays as it is, and is
    marked, so that nobody serves it by mistake.
    """
    progress = copying.Progress()
    with copying.refusals_of_the_disk():
        moved = asyncio.run(
            move(settings, asked.to, now=datetime.now(UTC), tell=progress.tell, say=progress.say)
        )
    progress.done()
    print("\n".join(_lines(moved, settings)))


def _lines(moved: Moved, settings: Settings) -> list[str]:
    if not moved.totals:
        return ["This community has moved already; its references were looked at once more."]
    lines = [
        f"{table}: {total.rows:,} rows, {total.sha256}" for table, total in moved.totals.items()
    ]
    lines.append("Each table has the same rows and the same checksum on both sides: 0 differences.")
    if moved.mended:
        lines.append(f"{moved.mended} parts had not arrived as they left, and were copied again.")
    lines.append(
        f"Writing was refused for {moved.stop_s + moved.away_s:.1f} s: {moved.stop_s:.1f} s to compare and copy the "
        f"rest, {moved.away_s:.1f} s until Hearth had ended."
    )
    lines.append(
        f"{settings.sqlite_path} is as it was, and marked as moved ({settings.moved_path}). "
        "The keys stay where they are: keep keys.sqlite3 and the key file."
    )
    return lines
