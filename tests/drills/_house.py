"""Who sits in the room of one run: their devices, and what moderators do with their words and seats."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from moderation.cases import CaseKind
from server.access import Actor, Role
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import appeals, decisions, messages, notices, rooms, seats
from server.services.rooms import make_room
from server.store import cases
from server.store.tables import Member, Message, RoomEvent
from server.store.work import Work
from tests.drills._community import Community, Socket
from tests.drills._view import View

PEERS = ("ash", "birch", "rowan", "sorrel")
STAFF = ("fern", "heath", "linden", "marram")
"""The first decides; each other judges one appeal about a message, as nobody judges twice."""
EVERYBODY = (*PEERS, *STAFF)
LISTENERS = (*PEERS, *PEERS, "fern", "heath")
"""A device each: peers have two."""
_REASON = "For this drill."


@dataclass(slots=True, eq=False)
class Device:
    """One page that somebody has open, and closes, and opens again. checked: frames looked at so far."""

    owner: str
    view: View
    socket: Socket | None = None
    listens: bool = False
    checked: int = 0

    @property
    def is_open(self) -> bool:
        """Whether its line stands."""
        return self.socket is not None and self.socket.is_open

    @property
    def is_due(self) -> bool:
        """Whether it should hear everything at once."""
        return self.is_open and self.listens and self.socket is not None and self.socket.flowing

    def unchecked(self) -> list[tuple[int, frames.ServerFrame]]:
        """What was heard since it was asked last."""
        if self.socket is None:
            return []
        heard = self.socket.heard[self.checked :]
        self.checked += len(heard)
        return heard


class House:
    """A new room and its people."""

    def __init__(self, community: Community) -> None:
        self.community = community
        self.actors: dict[str, Actor] = {}
        self.room = new_id()
        self._judges: dict[UUID, list[str]] = {}

    async def found(self) -> None:
        """Everybody takes a seat, in the order of EVERYBODY."""
        await self.community.do(self._found)

    def view(self, name: str) -> View:
        """Somebody who has seen nothing yet."""
        actor: Any = self.actors[name]
        me = bodies.Me(
            id=actor.id, pseudonym=name, role=actor.role, state="active", tone_nudges=True,
            country=None, has_passphrase=False, on_shift=False, unread_notices=0,
            joined_at=self.community.clock.now(),
        )  # fmt: skip
        return View(me, self.room, seat="member")

    async def read_page(self, name: str, view: View, before: int | None = None) -> None:
        """A page of history into a view: the newest, or what is before a `seq`."""
        actor = self.actors[name]
        page = await self.community.read(
            lambda work: rooms.history(work, actor, self.room, before, 100)
        )
        view.lines |= {line.id: line for line in page.messages}
        if before is None:
            view.seq = view.counted_to = page.seq

    # --- seats ---

    async def leave(self, name: str) -> None:
        """Give the seat back."""
        await self.community.do(lambda work: rooms.leave(work, self.actors[name], self.room))

    async def enter(self, name: str) -> None:
        """Take a seat. Raises NotFound for somebody who was removed."""
        await self.community.do(lambda work: rooms.enter(work, self.actors[name], self.room, {}))

    async def remove(self, name: str, about: UUID) -> None:
        """By a decision about a message of theirs."""
        await self._decide("fern", "remove_member", about)

    # --- words ---

    async def hide(self, message: UUID) -> None:
        """By a decision."""
        await self._decide("fern", "hide", message)

    async def overturn(self, name: str, kind: str, message: UUID) -> bool:
        """An appeal of the author, and another moderator who undoes what was decided; if there is one."""
        judges = self._judges.setdefault(message, list(STAFF[1:]))
        if not judges:
            return False
        author, judge = self.actors[name], self.actors[judges.pop()]

        def verb(work: Work) -> None:
            told = notices.list_mine(work, author).notices
            notice = next(one for one in told if one.kind == kind and one.message == message)
            appeals.appeal(work, author, notice.id, "Please look.")
            case = cases.living_about(work, message, CaseKind.APPEAL)[0]
            decisions.decide(work, judge, case.id, _decision("overturn", case.version))

        await self.community.do(verb)
        return True

    async def _decide(self, name: str, action: str, about: UUID) -> None:
        judge = self.actors[name]

        def verb(work: Work) -> None:
            frame = frames.Flag(type="flag", room=self.room, message=about, reason="unkind")
            messages.flag(work, judge, frame)
            case = cases.living_about(work, about, CaseKind.FLAG)[0]
            decisions.decide(work, judge, case.id, _decision(action, case.version))

        await self.community.do(verb)

    # --- the store ---

    async def stored(self) -> tuple[list[tuple[int, str, UUID | None]], list[UUID]]:
        """Every event of the room in its order, and the client_id of every message."""

        def verb(work: Work) -> Any:
            events = select(RoomEvent).where(RoomEvent.room_id == self.room)
            said = select(Message.client_id).where(Message.room_id == self.room)
            return (
                [
                    (event.seq, event.kind, event.message_id)
                    for event in work.session.exec(events.order_by(col(RoomEvent.seq)))
                ],
                list(work.session.exec(said)),
            )

        found: tuple[list[tuple[int, str, UUID | None]], list[UUID]] = await self.community.read(
            verb
        )
        return found

    def _found(self, work: Work) -> None:
        room = make_room(work, "A room", "To be run through.", slug=str(self.room))
        self.room = room.id
        for name in EVERYBODY:
            role = Role.MODERATOR if name in STAFF else Role.PEER
            member = Member(pseudonym=name, name_key=str(new_id()), role=role, joined_at=work.now)
            work.session.add(member)
            work.session.flush()
            seats.take_seat(work, room.id, member.id, seats.seat_for(role))
            self.actors[name] = Actor(member.id, name, role, new_id())


def _decision(action: Any, version: int) -> bodies.NewDecision:
    return bodies.NewDecision(action=action, version=version, reason=_REASON)
