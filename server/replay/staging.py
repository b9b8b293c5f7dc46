"""Rooms and staff for a replay: made in the database on this machine, or found by given tokens."""

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from server.client import Http
from server.errors import ServerError
from server.protocol import bodies
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.settings import Settings
from server.store import audit, beside, people
from server.store.tables import Member
from server.store.work import Work

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NoStage(ServerError):
    """No rooms or staff to replay with; the detail says what to do."""

    code = "no_stage"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where it plays, and the tokens of those who watch."""

    rooms: list[UUID]
    moderator: str | None
    clinician: str | None


def can_stage_here(settings: Settings, url: str, witness: str) -> bool:
    """Whether the server at `url` works on this machine's database: it has let `witness` in."""
    is_here = settings.database_url or settings.sqlite_path.exists()
    if urlsplit(url).hostname not in _LOOPBACK or not is_here:
        return False
    key = names.name_key(witness)
    return beside.do(settings, lambda work: people.find_by_name_key(work, key)) is not None


def stage_here(settings: Settings, count: int, tag: str | None = None) -> Stage:
    """`count` new rooms, a moderator and a clinician of them: one transaction beside the server."""
    return beside.do(settings, lambda work: _stage(work, count, tag or new_tag()))


async def stage_by_tokens(
    url: str, count: int, *, moderator: str | None, clinician: str | None
) -> Stage:
    """The first rooms that the moderator keeps. Raises NoStage."""
    if moderator is None:
        raise NoStage(
            "The server's database is not on this machine (or HEARTH_DATA_DIR is not the server's): "
            "give --moderator-token (and --clinician-token) of staff who keep a room."
        )
    listed = await Http(url, moderator).read("/api/rooms", bodies.Rooms)
    kept = [room.id for room in listed.rooms if room.kind == "room" and room.seat == "moderator"]
    if not kept:
        raise NoStage("This moderator keeps no room: a steward seats them first.")
    return Stage(kept[:count], moderator, clinician)


def new_tag() -> str:
    """Tells the people of one replay from those of another."""
    return "".join(secrets.choice("bcdfghkmnprstvwz") for _ in range(5))


def _stage(work: Work, count: int, tag: str) -> Stage:
    rooms = [
        make_room(
            work, f"Replay {tag} {n}", "A replay of conversations; it ends with the replay."
        ).id
        for n in range(1, count + 1)
    ]
    return Stage(
        rooms, _staff(work, rooms, tag, "moderator"), _staff(work, rooms, tag, "clinician")
    )


def _staff(work: Work, rooms: list[UUID], tag: str, role: str) -> str:
    """A member of staff with a seat in every room. Returns their token."""
    name = f"replay {tag} {role}"
    member = Member(pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now)
    work.session.add(member)
    work.session.flush()
    for room in rooms:
        seats.take_seat(work, room, member.id, role)
    token = sessions.open_session(work, member, "program").token
    audit.append(work, None, f"member.add.{role}", member.id)
    return token
