"""Everybody who can stand in some way to a room, of every role, and two rooms for them to stand in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from server.access import Relation, Role
from server.ids import digest, new_id
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.store import push, rooms
from server.store.tables import Member, Session, Shift
from server.store.work import Work

RECOVERY_CODE = "CCCCC-DDDDD"
"""Everybody's, to prove once more who asks."""
MEMBERS = (Role.PEER, Role.MODERATOR, Role.CLINICIAN, Role.STEWARD)


class Standing(StrEnum):
    """How somebody stands to the room `here`, and whether their session and membership still do."""

    NOWHERE = "nowhere"
    SEAT = "seat"
    KEEPER = "keeper"
    CARER = "carer"
    ELSEWHERE = "elsewhere"
    """The fullest seat of their role, in the other room."""
    LEFT = "left"
    """Their seat here ended."""
    SENT_OUT = "sent_out"
    """They were removed from this room."""
    LOGGED_OUT = "logged_out"
    EXPIRED = "expired"
    REMOVED = "removed"
    """Out of the whole place; the session still opens their own record."""
    PENDING = "pending"
    """Not let in yet."""


SEATED = {
    Standing.SEAT: Relation.SEAT,
    Standing.KEEPER: Relation.KEEPER,
    Standing.CARER: Relation.CARER,
}
"""Whose seat here gives a relation; all others have none."""
_SEATS = {Relation.SEAT: "member", Relation.KEEPER: "moderator", Relation.CARER: "clinician"}
_FULLEST = {Role.MODERATOR: Relation.KEEPER, Role.CLINICIAN: Relation.CARER}


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks. token: None for a stranger."""

    role: Role
    standing: Standing
    id: UUID
    token: str | None
    session: UUID | None = None

    @property
    def name(self) -> str:
        """For a report."""
        return f"{self.role} {self.standing}"

    @property
    def relation(self) -> Relation:
        """To the room `here`."""
        return SEATED.get(self.standing, Relation.NONE)

    @property
    def elsewhere(self) -> Relation:
        """To the other room."""
        is_there = self.standing is Standing.ELSEWHERE
        return _FULLEST.get(self.role, Relation.SEAT) if is_there else Relation.NONE


STRANGER = Person(Role.STRANGER, Standing.NOWHERE, UUID(int=0), None)


class Cast:
    """Made in the database. Author, keeper and carer are of this room, and ask for nothing themselves."""

    def __init__(self, work: Work, standings: Sequence[Standing]) -> None:
        mark = str(new_id())[-6:]
        self.here = make_room(work, f"Here {mark}", "To stand in.").id
        self.there = make_room(work, f"There {mark}", "To stand in, too.").id
        push.switch(work, on=True)
        self.author = self._member(work, Role.PEER)
        self.other_author = self._member(work, Role.PEER)
        self.keeper = self._member(work, Role.MODERATOR)
        seats.take_seat(work, self.here, self.author.id)
        seats.take_seat(work, self.there, self.other_author.id)
        seats.take_seat(work, self.here, self.keeper.id, "moderator")
        seats.take_seat(work, self.there, self.keeper.id, "moderator")
        self.carer = self._member(work, Role.CLINICIAN)
        seats.take_seat(work, self.here, self.carer.id, "clinician")
        seats.take_seat(work, self.there, self.carer.id, "clinician")
        work.session.add(Shift(member_id=self.keeper.id, started_at=work.now))
        self.people = [
            STRANGER,
            *(self._person(work, role, standing) for role in MEMBERS for standing in standings),
        ]
        self.tokens = {one.id: one.token for one in self.people if one.token}
        self.tokens[self.author.id] = sessions.open_session(work, self.author, "program").token

    def _person(self, work: Work, role: Role, standing: Standing) -> Person:
        member = self._member(work, role)
        opened = sessions.open_session(work, member, "program")
        work.session.flush()
        _stand(work, self, member, standing)
        _spoil(work, member, opened.session, standing)
        return Person(role, standing, member.id, opened.token, opened.session.id)

    @staticmethod
    def _member(work: Work, role: Role) -> Member:
        name = f"{role} {str(new_id())[-12:]}"
        member = Member(
            pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now,
            recovery_digest=digest(RECOVERY_CODE),
        )  # fmt: skip
        work.session.add(member)
        work.session.flush()
        return member

    def find(self, role: Role, standing: Standing) -> Person:
        """One of them."""
        return next(one for one in self.people if (one.role, one.standing) == (role, standing))


def _stand(work: Work, cast: Cast, member: Member, standing: Standing) -> None:
    fullest = _SEATS[_FULLEST.get(Role(member.role), Relation.SEAT)]
    if standing is Standing.ELSEWHERE:
        seats.take_seat(work, cast.there, member.id, fullest)
    elif standing is not Standing.NOWHERE:
        relation = SEATED.get(standing)
        seats.take_seat(work, cast.here, member.id, _SEATS[relation] if relation else fullest)
    if standing in {Standing.LEFT, Standing.SENT_OUT}:
        held = rooms.find_seat(work, cast.here, member.id)
        assert held
        seats.end_seat(work, held, "left" if standing is Standing.LEFT else "removed")


def _spoil(work: Work, member: Member, session: Session, standing: Standing) -> None:
    if standing is Standing.LOGGED_OUT:
        session.ended_at = work.now
    elif standing is Standing.EXPIRED:
        session.expires_at = work.now - timedelta(seconds=1)
    elif standing in {Standing.REMOVED, Standing.PENDING}:
        member.state = str(standing)
    work.session.add_all([session, member])
    work.session.flush()
