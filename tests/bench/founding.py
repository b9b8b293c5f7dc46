"""Rooms full of members in Hearth's own database, before it starts: `python -m tests.bench.founding SIZE...`.

Everybody signs up as the product does it, without a passphrase, and sits down; one transaction. The
settings come from HEARTH_*. Prints each room's id and its members' tokens, as JSON.
"""

import json
import sys
from uuid import UUID

from server.protocol import bodies
from server.services import accounts, seats
from server.services.founding import found
from server.services.rooms import make_room
from server.settings import read_settings
from server.store import beside
from server.store.work import Work


def main(sizes: list[int]) -> None:
    """Found the place and fill its rooms."""
    filled = beside.do(read_settings(), lambda work: _fill(work, sizes))
    json.dump(filled, sys.stdout)


def _fill(work: Work, sizes: list[int]) -> list[tuple[str, list[str]]]:
    found(work, open_to_all=True)
    work.session.flush()
    return [_room(work, number, size) for number, size in enumerate(sizes)]


def _room(work: Work, number: int, size: int) -> tuple[str, list[str]]:
    room = make_room(work, f"Bench {number}", "To be measured.", slug=f"bench-{number}")
    work.session.flush()
    return str(room.id), [_member(work, room.id, f"bench {number} {i}") for i in range(size)]


def _member(work: Work, room: UUID, name: str) -> str:
    """A seated member's token."""
    asked = bodies.SignUp(
        pseudonym=name,
        old_enough=True,
        not_an_emergency_service=True,
        machine_reads_for_safety=True,
        as_program=True,
    )
    entered = accounts.sign_up(work, asked, None)
    seats.take_seat(work, room, entered.me.id)
    assert entered.token
    return entered.token


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
