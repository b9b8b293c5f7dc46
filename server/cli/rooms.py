"""`hearth rooms`: list them, make one, seat who keeps it."""

import argparse
from typing import Any, get_args

from server.cli import listing
from server.errors import NotFound
from server.protocol.kinds import RoomAges
from server.services import names, seats
from server.services.rooms import make_room
from server.settings import Settings
from server.store import audit, beside, people, rooms
from server.store.work import Work


def add(commands: Any) -> None:
    """Three verbs."""
    parser = commands.add_parser("rooms", help="list or make rooms, and seat who keeps them")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    everything = verbs.add_parser("list", help="every room, its members and its newest seq")
    listing.add_json(everything)
    everything.set_defaults(run=_list)
    adding = verbs.add_parser("add", help="make a room")
    adding.add_argument("name")
    adding.add_argument("purpose", help="what it is for, in one sentence")
    adding.add_argument("--language", default="en", help="the language people write there [en]")
    adding.add_argument(
        "--ages",
        default="everybody",
        choices=get_args(RoomAges),
        help="whom it is for [everybody]",
    )
    adding.set_defaults(run=_add)
    seating = verbs.add_parser("seat", help="seat a member in a room")
    seating.add_argument("slug")
    seating.add_argument("pseudonym")
    seating.add_argument("seat", choices=("member", "host", "moderator", "clinician"))
    seating.set_defaults(run=_seat)


def _list(asked: argparse.Namespace, settings: Settings) -> None:
    listing.show(beside.do(settings, _rows), _line, as_json=asked.json)


def _line(row: listing.Row) -> str:
    return f"{row['slug']:<30} {row['members']:>6} members  seq {row['seq']:<8} {row['state']}"


def _add(asked: argparse.Namespace, settings: Settings) -> None:
    slug = beside.do(
        settings, lambda work: add_room(work, asked.name, asked.purpose, asked.language, asked.ages)
    )
    print(f"Made the room {slug}.")


def _seat(asked: argparse.Namespace, settings: Settings) -> None:
    beside.do(settings, lambda work: seat_member(work, asked.slug, asked.pseudonym, asked.seat))
    print(f"{asked.pseudonym} sits in {asked.slug} as {asked.seat}.")


def add_room(
    work: Work, name: str, purpose: str, language: str, ages: RoomAges = "everybody"
) -> str:
    """A room made at the terminal. Returns its slug."""
    room = make_room(work, name, purpose, language=language, age_group=ages)
    audit.append(work, None, "room.make", room.id)
    return room.slug


def seat_member(work: Work, slug: str, pseudonym: str, seat: str) -> None:
    """A seat given at the terminal. Raises NotFound."""
    room = rooms.find_by_slug(work, slug)
    member = people.find_by_name_key(work, names.name_key(pseudonym))
    if room is None or member is None:
        raise NotFound("There is no such room, or nobody of that name.")
    seats.take_seat(work, room.id, member.id, seat)
    work.session.flush()
    audit.append(work, None, f"seat.{seat}", f"{room.id}/{member.id}")


def _rows(work: Work) -> list[dict[str, Any]]:
    return [
        {
            "id": str(room.id),
            "slug": room.slug,
            "name": room.name,
            "state": room.state,
            "members": head.members,
            "seq": head.seq,
        }
        for room, head in rooms.public_rooms(work)
    ]
