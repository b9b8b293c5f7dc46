"""A room full of people, made in the database: a thousand sign-ups would take longer than a drill."""

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from server.replay.staging import new_tag
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.store.tables import Member
from server.store.work import Work
from tests.server.live_server import LiveServer


@dataclass(frozen=True, slots=True)
class Crowd:
    """The room they all sit in, and a token for each of them."""

    room: UUID
    tokens: list[str]
    moderator: str


async def gather(server: LiveServer, people: int) -> Crowd:
    """So many peers, and a moderator, in a room of their own."""
    return await server.on_database(partial(_gather, people=people))


def _gather(work: Work, people: int) -> Crowd:
    tag = new_tag()
    room = make_room(work, f"Drill {tag}", "A drill; it ends with the drill.").id
    tokens = [_seat(work, room, f"drill {tag} {number}", "peer") for number in range(people)]
    return Crowd(room, tokens, _seat(work, room, f"drill {tag} moderator", "moderator"))


def _seat(work: Work, room: UUID, name: str, role: str) -> str:
    member = Member(pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now)
    work.session.add(member)
    work.session.flush()
    seats.take_seat(work, room, member.id, seats.seat_for(role))
    return sessions.open_session(work, member, "program").token
