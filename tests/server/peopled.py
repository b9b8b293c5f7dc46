"""A small community with something in every kind of column, on either database."""

from functools import partial
from uuid import UUID

from moderation.cases import CaseKind
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Role
from server.ids import new_id
from server.services import cases, names, publishing, seats, sessions
from server.services.founding import found
from server.services.rooms import make_room
from server.settings import Settings
from server.store import beside
from server.store.tables import Assessment, Member, OwnHelpLine
from server.store.work import Work
from tests import engines

ODD = (
    "Tab\there, a line\nbreak, \\N and \\. and \\t, \r too, \x0b \x08, ✿ ü 漢字 'quoted' \"twice\""
)
SAID = ("I am here.", ODD, "")


def people(settings: Settings, messages: int = 3) -> UUID:
    """Found the place, and have somebody talk there. Returns the room."""
    engines.begin(settings)
    beside.do(settings, partial(found, open_to_all=True))
    return beside.do(settings, partial(_people, messages=messages))


def _people(work: Work, messages: int) -> UUID:
    room = make_room(work, ODD.replace("\n", " "), ODD)
    peer = _member(work, "marram", Role.PEER)
    keeper = _member(work, "fern", Role.MODERATOR)
    seats.take_seat(work, room.id, peer.id, seats.seat_for(Role.PEER))
    seats.take_seat(work, room.id, keeper.id, seats.seat_for(Role.MODERATOR))
    for number in range(messages):
        said = publishing.say(work, room.id, peer.id, SAID[number % len(SAID)])
        work.session.add(_assessed(work, said.id, room.id))
    cases.raise_case(
        work, room_id=room.id, subject_id=peer.id, message_id=said.id, kind=CaseKind.RISK,
        urgency=Urgency.NOW, handling=Handling.PUBLISH, about="self", language="en", policy="1",
        source="classifier", reasons=["risk_intent"], words=[ODD],
        spans=[{"start": 0, "end": 4, "signal": "risk"}],
    )  # fmt: skip
    line = OwnHelpLine(id="Ä\\own", country="IE", fields={"name": ODD, "open": None}, at=work.now)
    work.session.add(line)
    work.session.add(OwnHelpLine(id="a own", country="IE", hidden=True, fields={}, at=work.now))
    return room.id


def _member(work: Work, name: str, role: Role) -> Member:
    member = Member(
        pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now,
        recovery_digest=bytes(range(256)),
    )  # fmt: skip
    work.session.add(member)
    work.session.flush()
    return member


def _assessed(work: Work, message: UUID, room: UUID) -> Assessment:
    return Assessment(
        id=new_id(), message_id=message, room_id=room, assessed=True, model="m", policy="1",
        signals={"risk": 0.1 + 0.2, "empathy": 1e-7, "words": "a\tb\\"}, handling="publish",
        urgency="none", reasons=[], at=work.now,
    )  # fmt: skip


def let_in(work: Work, name: str) -> tuple[UUID, str]:
    """Somebody with a seat in a room of their own, and a token."""
    room = make_room(work, f"Where {name} talks", "To talk.")
    member = _member(work, name, Role.PEER)
    seats.take_seat(work, room.id, member.id, seats.seat_for(Role.PEER))
    return room.id, sessions.open_session(work, member, "program").token
