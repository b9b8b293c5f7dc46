"""`hearth members`: list them, add one, change a role, or make a token for a program."""

import argparse
import getpass
import sys
from typing import Any

from server.cli import listing
from server.errors import NotFound
from server.ids import digest, new_code
from server.services import names, sessions, steward
from server.services.passphrases import check_passphrase, hash_now
from server.settings import Settings
from server.store import audit, beside, people
from server.store.tables import Member
from server.store.work import Work

_ROLES = ("peer", "moderator", "clinician", "steward")


def add(commands: Any) -> None:
    """Four verbs."""
    parser = commands.add_parser(
        "members", help="list, add, change a role, or make a token for a program"
    )
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    everybody = verbs.add_parser("list", help="pseudonym, role and state of everybody")
    listing.add_json(everybody)
    everybody.set_defaults(run=_list)
    adding = verbs.add_parser(
        "add", help="add a member; asks for a passphrase, or makes a recovery code"
    )
    adding.add_argument("pseudonym")
    adding.add_argument("--role", choices=_ROLES, default="peer")
    adding.add_argument(
        "--passphrase-stdin", action="store_true", help="read the passphrase from standard input"
    )
    adding.set_defaults(run=_add)
    role = verbs.add_parser("role", help="change what a member is; ends their sessions")
    role.add_argument("pseudonym")
    role.add_argument("role", choices=_ROLES)
    role.set_defaults(run=_role)
    token = verbs.add_parser("token", help="a session token for a program that acts as this member")
    token.add_argument("pseudonym")
    token.set_defaults(run=_token)


def _list(asked: argparse.Namespace, settings: Settings) -> None:
    listing.show(beside.do(settings, _rows), _line, as_json=asked.json)


def _line(row: listing.Row) -> str:
    return f"{row['pseudonym']:<30} {row['role']:<10} {row['state']}"


def _add(asked: argparse.Namespace, settings: Settings) -> None:
    passphrase = _passphrase(asked)
    if passphrase:
        check_passphrase(passphrase, asked.pseudonym)
    code = beside.do(
        settings, lambda work: add_member(work, asked.pseudonym, asked.role, passphrase)
    )
    print(f"{asked.pseudonym} is a {asked.role} here.")
    print(f"Recovery code, shown this once: {code}")


def _role(asked: argparse.Namespace, settings: Settings) -> None:
    beside.do(settings, lambda work: _change_role(work, asked.pseudonym, asked.role))
    print(f"{asked.pseudonym} is a {asked.role} now; all their sessions have ended.")


def _token(asked: argparse.Namespace, settings: Settings) -> None:
    print(beside.do(settings, lambda work: make_token(work, asked.pseudonym)))


def add_member(work: Work, pseudonym: str, role: str, passphrase: str | None) -> str:
    """A member made at the terminal. Returns the recovery code, which exists nowhere else."""
    shown = names.check_name(pseudonym)
    code = new_code()
    member = Member(
        pseudonym=shown,
        name_key=names.name_key(shown),
        role=role,
        passphrase_hash=hash_now(passphrase) if passphrase else None,
        recovery_digest=digest(code),
        joined_at=work.now,
    )
    work.session.add(member)
    audit.append(work, None, f"member.add.{role}", member.id)
    return code


def make_token(work: Work, pseudonym: str) -> str:
    """A program's session as this member. Raises NotFound."""
    member = _find(work, pseudonym)
    token = sessions.open_session(work, member, "program").token
    audit.append(work, None, "session.token", member.id)
    return token


def _change_role(work: Work, pseudonym: str, role: str) -> None:
    steward.change_role(work, None, _find(work, pseudonym), role)


def _find(work: Work, pseudonym: str) -> Member:
    member = people.find_by_name_key(work, names.name_key(pseudonym))
    if member is None:
        raise NotFound(f"Nobody here is called {pseudonym}.")
    return member


def _rows(work: Work) -> list[dict[str, str]]:
    return [
        {
            "id": str(member.id),
            "pseudonym": member.pseudonym,
            "role": member.role,
            "state": member.state,
        }
        for member in people.all_members(work)
    ]


def _passphrase(asked: argparse.Namespace) -> str | None:
    if asked.passphrase_stdin:
        return sys.stdin.readline().rstrip("\n") or None
    if sys.stdin.isatty():
        return getpass.getpass("Passphrase (empty: recovery code only): ") or None
    return None
