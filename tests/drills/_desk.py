"""Moderators of one room, and cases in it about the words of its peers. Made in the database: fast."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from uuid import UUID

from moderation.cases import CaseKind
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.replay.staging import new_tag
from server.services import cases, names, publishing, seats, sessions
from server.services.rooms import make_room
from server.store.tables import Member
from server.store.work import Work
from tests.server.live_server import LiveServer

_PEERS = 10
_FLAGGED_ONE_IN = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the desk, or somebody whom a case is about."""

    id: UUID
    name: str
    token: str


@dataclass(frozen=True, slots=True)
class Desk:
    """watcher: a moderator who does nothing but listen."""

    room: UUID
    moderators: list[Person]
    watcher: Person
    peers: list[Person]


async def open_desk(server: LiveServer, moderators: int) -> Desk:
    """A room of its own, with so many moderators and ten peers."""
    return await server.on_database(partial(_open, moderators=moderators))


async def raise_cases(
    server: LiveServer,
    desk: Desk,
    count: int,
    urgencies: Sequence[Urgency] = (Urgency.NOW, Urgency.SOON, Urgency.ROUTINE),
) -> list[UUID]:
    """So many new cases, each about a message of its own; every third was flagged by a peer."""
    return await server.on_database(
        partial(_raise, desk=desk, count=count, urgencies=tuple(urgencies))
    )


def _open(work: Work, moderators: int) -> Desk:
    tag = new_tag()
    room = make_room(work, f"Desk {tag}", "A drill; it ends with the drill.").id
    return Desk(
        room,
        [_seat(work, room, f"{tag} moderator {n}", "moderator") for n in range(moderators)],
        _seat(work, room, f"{tag} watcher", "moderator"),
        [_seat(work, room, f"{tag} peer {n}", "peer") for n in range(_PEERS)],
    )


def _seat(work: Work, room: UUID, name: str, role: str) -> Person:
    member = Member(pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now)
    work.session.add(member)
    work.session.flush()
    seats.take_seat(work, room, member.id, seats.seat_for(role))
    return Person(member.id, name, sessions.open_session(work, member, "program").token)


def _raise(work: Work, desk: Desk, count: int, urgencies: tuple[Urgency, ...]) -> list[UUID]:
    return [
        _raise_one(work, desk, number, urgency)
        for number, urgency in enumerate(islice(cycle(urgencies), count))
    ]


def _raise_one(work: Work, desk: Desk, number: int, urgency: Urgency) -> UUID:
    author, flagger = (desk.peers[(number + by) % _PEERS] for by in (0, 1))
    said = publishing.say(work, desk.room, author.id, f"Words of a drill, number {number}.")
    flagged = number % _FLAGGED_ONE_IN == 0
    return cases.raise_case(
        work,
        room_id=desk.room,
        subject_id=author.id,
        message_id=said.id,
        kind=CaseKind.FLAG if flagged else CaseKind.RISK,
        urgency=urgency,
        handling=Handling.PUBLISH,
        about="self",
        language="en",
        policy="1",
        source="member" if flagged else "classifier",
        reasons=["not_sure" if flagged else "risk_intent"],
        words=["It was made for a drill."],
        spans=[],
        by=flagger.id if flagged else None,
    ).id
