"""What is there before the demo's server starts: the place, its rooms, and its staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import delete

from server.demo.community import Community
from server.errors import ServerError
from server.services import founding, names, seats, sessions
from server.services.passphrases import hash_now
from server.services.rooms import make_room
from server.store import audit
from server.store.place import find_place, get_place
from server.store.tables import Member, Room, RoomHead
from server.store.work import Work


class AlreadyFounded(ServerError):
    """The demo never touches a place that somebody has begun."""

    code = "already_founded"
    detail = "There is a community here already: the demo needs a database of its own."


@dataclass(frozen=True, slots=True)
class Founded:
    """rooms: ids by slug. staff: members by pseudonym. tokens: for the programs that act as them."""

    rooms: Mapping[str, UUID]
    staff: Mapping[str, UUID]
    tokens: Mapping[str, str]


def found(work: Work, community: Community, passphrase: str) -> Founded:
    """In one transaction. Raises AlreadyFounded."""
    if find_place(work) is not None:
        raise AlreadyFounded
    founding.found(work, open_to_all=True)
    work.session.flush()
    _furnish(work)
    rooms = {
        room.slug: _room(work, room.slug, room.name, room.purpose, room.languages[0])
        for room in community.rooms
    }
    hashed = hash_now(passphrase)
    roles = {
        "moderator": community.moderators,
        "clinician": community.clinicians,
        "steward": community.stewards,
    }
    staff = {
        name: _member(work, name, role, hashed)
        for role, all_names in roles.items()
        for name in all_names
    }
    _seat(work, community, rooms, {name: member.id for name, member in staff.items()})
    tokens = {
        name: sessions.open_session(work, member, "program").token for name, member in staff.items()
    }
    return Founded(rooms, {name: member.id for name, member in staff.items()}, tokens)


def _furnish(work: Work) -> None:
    """The first start's empty room goes; the country is one whose lines are known."""
    work.session.exec(delete(RoomHead))
    work.session.exec(delete(Room))
    place = get_place(work)
    place.name, place.country, place.sign_up = "Hearth, a demo", "IE", "open"
    work.session.add(place)


def _room(work: Work, slug: str, name: str, purpose: str, language: str) -> UUID:
    return make_room(work, name, purpose, slug=slug, language=language).id


def _member(work: Work, name: str, role: str, hashed: str) -> Member:
    member = Member(
        pseudonym=name,
        name_key=names.name_key(name),
        role=role,
        passphrase_hash=hashed,
        joined_at=work.now,
    )
    work.session.add(member)
    work.session.flush()
    audit.append(work, None, f"member.add.{role}", member.id)
    return member


def _seat(
    work: Work, community: Community, rooms: Mapping[str, UUID], staff: Mapping[str, UUID]
) -> None:
    for room in community.rooms:
        for name in room.moderators:
            seats.take_seat(work, rooms[room.slug], staff[name], "moderator")
        for name in community.clinicians:
            seats.take_seat(work, rooms[room.slug], staff[name], "clinician")
