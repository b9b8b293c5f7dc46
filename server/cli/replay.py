"""`hearth replay`: real conversations through the public interface, counted."""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from server.client import ClientError
from server.replay.command import Asked, replay_file
from server.replay.performance import Options, is_clean
from server.replay.report import in_words
from server.settings import Settings

_ABOUT = """Registers members, opens a socket for each, and posts every `post` and `reply` of a file of
JSON lines (lines with the same `post_id` share their post) while a moderator and a clinician watch.
Counts, from what each socket received: lost, doubled, out of order. Exit 0 only if all are 0.

Rooms and staff are made in the database when the server is on this machine (same HEARTH_DATA_DIR);
otherwise give the tokens of a moderator and a clinician who keep rooms (`hearth members token`)."""


def add(commands: Any) -> None:
    """One command."""
    parser = commands.add_parser(
        "replay",
        help="post real conversations through the public interface, and count",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="JSON lines with `post` and `reply`")
    parser.add_argument("--url", default=None, help="the server [http://127.0.0.1:HEARTH_PORT]")
    parser.add_argument("--clients", type=_count, default=40, help="members who talk [40]")
    parser.add_argument("--rooms", type=_count, default=3, help="rooms; everybody sits in each [3]")
    parser.add_argument("--limit", type=_count, default=None, help="at most so many messages")
    parser.add_argument("--rate", type=float, default=None, help="messages a second [no limit]")
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.add_argument("--moderator-token", default=None, help="a moderator of the rooms to use")
    parser.add_argument("--clinician-token", default=None, help="a clinician of these rooms")
    parser.set_defaults(run=_replay)


def _replay(asked: argparse.Namespace, settings: Settings) -> int:
    url = asked.url or f"http://127.0.0.1:{settings.port}"
    wanted = Asked(
        file=asked.file,
        clients=asked.clients,
        rooms=asked.rooms,
        options=Options(url, rate=asked.rate),
        limit=asked.limit,
        moderator=asked.moderator_token,
        clinician=asked.clinician_token,
    )
    try:
        figures = asyncio.run(replay_file(wanted, settings))
    except ClientError as error:
        print(f"hearth replay: {url}: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures) if asked.json else in_words(figures))
    return 0 if is_clean(figures) else 1


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number
