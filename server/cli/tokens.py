"""`hearth tokens`: what programs of staff log in with: a few operations, some days, a name in the audit log."""

import argparse
from typing import Any

from server.cli import listing
from server.services import tokens
from server.settings import Settings
from server.store import beside
from server.store.work import Work

_DAYS, _MOST_DAYS = 30, 90


def add(commands: Any) -> None:
    """Three verbs."""
    parser = commands.add_parser("tokens", help="tokens for programs that act for staff")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    adding = verbs.add_parser("add", help="make one", description=_add.__doc__)
    adding.add_argument("name", help="a-z, 0-9 and -; it stands in the audit log")
    adding.add_argument("--for", dest="pseudonym", required=True, metavar="PSEUDONYM")
    adding.add_argument(
        "--scope", action="append", required=True, metavar="OPERATION",
        help="what it may ask for, as in server/access.py: queue.read; several times for several",
    )  # fmt: skip
    adding.add_argument(
        "--days", type=_days, default=_DAYS, help=f"until it ends, at most {_MOST_DAYS} [{_DAYS}]"
    )
    adding.set_defaults(run=_add)
    everything = verbs.add_parser("list", help="those that stand")
    listing.add_json(everything)
    everything.set_defaults(run=_list)
    revoking = verbs.add_parser("revoke", help="end one, at once")
    revoking.add_argument("name")
    revoking.set_defaults(run=_revoke)


def _add(asked: argparse.Namespace, settings: Settings) -> None:
    """Make a token for a program that acts for one member of staff. It is shown this once.

    It may ask for what its scopes name and its member may do, over HTTP with `Authorization: Bearer`; it is
    no cookie, opens no socket, and nothing that is a person's own is open to it. Each request stands in the
    audit log under its name. It ends with its days, when 30 days pass without a request, and when its member
    changes role or leaves.
    """
    token = beside.do(
        settings,
        lambda work: tokens.add(work, asked.name, asked.pseudonym, asked.scope, asked.days),
    )
    print(token)


def _list(asked: argparse.Namespace, settings: Settings) -> None:
    listing.show(beside.do(settings, _rows), _line, as_json=asked.json)


def _revoke(asked: argparse.Namespace, settings: Settings) -> None:
    beside.do(settings, lambda work: tokens.revoke(work, asked.name))
    print(f"{asked.name} opens nothing any more.")


def _rows(work: Work) -> list[listing.Row]:
    return [
        {
            "name": token.name or "",
            "for": pseudonym,
            "scopes": token.scopes or "",
            "made": f"{token.created_at:%Y-%m-%d}",
            "used": f"{token.last_seen_at:%Y-%m-%d}",
            "until": f"{token.expires_at:%Y-%m-%d}",
        }
        for token, pseudonym in tokens.list_all(work)
    ]


def _line(row: listing.Row) -> str:
    return (
        f"{row['name']:<24} for {row['for']:<20} until {row['until']}  used {row['used']}  "
        f"{row['scopes']}"
    )


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"1 to {_MOST_DAYS}")
    return days
