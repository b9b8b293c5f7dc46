"""`hearth accounts`: a way back for somebody who has lost every other."""

import argparse
from typing import Any

from server.services import recovering
from server.settings import Settings
from server.store import beside


def add(commands: Any) -> None:
    """One verb."""
    parser = commands.add_parser("accounts", help="a way back for who has lost every other")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    recover = verbs.add_parser(
        "recover",
        help="make a link by which a member comes back, once",
        description=_recover.__doc__,
    )
    recover.add_argument("pseudonym")
    recover.set_defaults(run=_recover)


def _recover(asked: argparse.Namespace, settings: Settings) -> None:
    """Make a link that opens once, within 24 hours, for a member who has lost passphrase, passkeys and codes.

    Be sure who asks: whoever has the link has the account. It stands in the audit log, and the member is told.
    """
    code = beside.do(settings, lambda work: recovering.make_link(work, asked.pseudonym))
    print(f"{settings.origin}/recover#{code}")
    print(
        f"It opens once, within {recovering.LINK_LIFE.total_seconds() / 3600:.0f} hours, and lets in whoever has it. "
        "Then a new passphrase is chosen; passkeys, codes and sessions from before are over."
    )
