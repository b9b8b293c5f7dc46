"""Tokens of programs: made at the terminal, for one member of staff, a few operations and some days."""

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Final

from server.access import OPERATIONS, Role
from server.errors import Misconfigured, NotFound, NotNow
from server.services import names, sessions
from server.store import audit, people, ways
from server.store.tables import Session
from server.store.work import Work

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_PUBLIC: Final = frozenset(
    {
        "place.read", "place.promises", "place.retention", "help.read", "health.read",
        "openapi.read", "outside.report", "outside.status",
    }
)  # fmt: skip
_IN_ROOMS: Final = frozenset(
    {
        "room.list", "room.read", "room.climate", "ask.list", "group_session.list",
        "group_session.read",
    }
)  # fmt: skip
"""What whoever sits there may look at."""
_BY_A_PERSON: Final = frozenset({"guard.own", "member.look"})
"""Staff alone may do it, and themselves."""


def scopes_for(role: str) -> list[str]:
    """Operations that a token of somebody in this role may have."""
    return sorted(
        name
        for name, rows in OPERATIONS.items()
        if any(one == role for one, _ in rows) and not _is_ones_own(name)
    )


def _is_ones_own(name: str) -> bool:
    """What any member may do is a person's own: who they are, what they say, what was said to them.

    So a new row of the table is no program's until it is named here.
    """
    if name in _PUBLIC | _IN_ROOMS:
        return False
    return name in _BY_A_PERSON or any(one == Role.PEER for one, _ in OPERATIONS[name])


def add(work: Work, name: str, pseudonym: str, scopes: Collection[str], days: int) -> str:
    """The token, which exists nowhere else. Raises Misconfigured, NotFound, NotNow."""
    member = people.find_by_name_key(work, names.name_key(pseudonym))
    if member is None:
        raise NotFound(f"Nobody here is called {pseudonym}.")
    if member.state != "active" or member.role == Role.PEER:
        raise NotNow("A token acts for a member of staff.")
    if not _NAME.fullmatch(name):
        raise Misconfigured("A token's name: 2 to 40 of a-z, 0-9 and -.")
    if any(token.name == name for token in ways.tokens(work)):
        raise NotNow(f"There is a token {name} already.")
    unknown = sorted(set(scopes) - set(scopes_for(member.role)))
    if unknown:
        known = ", ".join(scopes_for(member.role))
        raise Misconfigured(f"Not for a {member.role}: {', '.join(unknown)}. Known: {known}.")
    opened = sessions.open_session(work, member, "token")
    opened.session.expires_at = work.now + timedelta(days=days)
    opened.session.name, opened.session.scopes = name, " ".join(sorted(set(scopes)))
    work.session.flush()
    audit.append(work, None, f"token.add.{name}", member.id)
    return opened.token


def list_all(work: Work) -> list[tuple[Session, str]]:
    """Those that stand, and whom each acts for."""
    found = []
    for token in ways.tokens(work):
        member = people.find_member(work, token.member_id)
        found.append((token, member.pseudonym if member else ""))
    return found


def revoke(work: Work, name: str) -> None:
    """It opens nothing any more. Raises NotFound."""
    found = [token for token in ways.tokens(work) if token.name == name]
    if not found:
        raise NotFound(f"There is no token {name}.")
    for token in found:
        sessions.end(work, token.member_id, [token])
    work.session.flush()
    audit.append(work, None, f"token.end.{name}", found[0].member_id)
