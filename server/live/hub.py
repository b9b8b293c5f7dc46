"""Who is here now. Told after each commit, in the order of commits; never waits for anybody.

A listener holds the `seq` it was sent last. The next one is delivered; an older one is a double and dropped;
a gap means it is behind, and it catches up from the store. So order, loss and doubles are settled in one place.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from server.access import EVENTS, Relation, aside, may_receive, relation_of
from server.counting import COUNTS
from server.live.connection import Connection, Listener
from server.live.encoding import encode
from server.protocol import frames
from server.protocol.base import Wire
from server.store.work import (
    Announcement,
    SeatEnded,
    SeatTaken,
    SessionsEnded,
    ShiftChanged,
    ToCarers,
    ToMember,
    ToRoom,
    ToStaff,
)

Found = TypeVar("Found")
_TYPING_EVERY_S = 3.0
_TYPING_ROOM_EVERY_S = 0.5
"""A room hears of one who writes at a time: all of them to all would grow with its square."""


class Hub:
    """Rooms and their listeners, members and their sockets. Lives on one event loop."""

    def __init__(self, catch_up: Callable[[Listener], None]) -> None:
        self._catch_up = catch_up
        self._rooms: dict[UUID, set[Listener]] = {}
        self._members: dict[UUID, set[Connection]] = {}
        self._here: dict[UUID, int] = {}
        self._heads: dict[UUID, int] = {}
        self._told: dict[UUID, int] = {}
        self._elsewhere: dict[UUID, int] = {}
        self._typed: dict[tuple[UUID, UUID], float] = {}
        self._typed_in: dict[UUID, float] = {}
        self._taken_away: dict[UUID, int] = {}
        self._endings = 0
        self.changed_rooms: set[UUID] = set()
        """Rooms whose presence should be told again."""

    async def while_nothing_ends(self, read: Callable[[], Awaitable[Found]]) -> Found:
        """Whose session or seat it is, as of now: read again where any ended while it was read.

        Else who was shown the door in that moment would come in by it, and nobody would look again.
        """
        while True:
            before = self._endings
            found = await read()
            if self._endings == before:
                return found

    # --- sockets come and go ---

    def add(self, connection: Connection) -> None:
        """A socket opened."""
        self._members.setdefault(connection.actor.id, set()).add(connection)

    def remove(self, connection: Connection) -> None:
        """A socket closed."""
        self.end(connection, None)
        mine = self._members.get(connection.actor.id, set())
        mine.discard(connection)
        if not mine:
            self._members.pop(connection.actor.id, None)

    def sockets(self, member: UUID | None = None) -> list[Connection]:
        """Open sockets: of one member, or all."""
        if member is not None:
            return list(self._members.get(member, ()))
        return [connection for mine in self._members.values() for connection in mine]

    def join(self, listener: Listener) -> None:
        """Begin to listen. Not yet live: history is read after this, so that nothing falls between."""
        before = listener.connection.listeners.get(listener.room)
        if before:
            self.leave(before)
        if not self._listens(listener.connection.actor.id, listener.room):
            self._here[listener.room] = self._here.get(listener.room, 0) + 1
        listener.connection.listeners[listener.room] = listener
        self._told.setdefault(listener.room, self._heads.get(listener.room, 0))
        self._rooms.setdefault(listener.room, set()).add(listener)
        self.changed_rooms.add(listener.room)

    def leave(self, listener: Listener) -> None:
        """Stop listening."""
        listener.ended = True
        if listener.connection.listeners.get(listener.room) is listener:
            del listener.connection.listeners[listener.room]
            if not self._listens(listener.connection.actor.id, listener.room):
                self._here[listener.room] -= 1
        listeners = self._rooms.get(listener.room)
        if listeners:
            listeners.discard(listener)
            if not listeners:
                del self._rooms[listener.room], self._here[listener.room]
                del self._told[listener.room]
        self.changed_rooms.add(listener.room)

    def end(self, connection: Connection, code: int | None) -> None:
        """Nothing more reaches this socket; with a code, it closes."""
        for listener in list(connection.listeners.values()):
            self.leave(listener)
        connection.close(code)

    def end_listener(self, listener: Listener, reason: str) -> None:
        """Stop listening, and say so."""
        if not listener.ended:
            self.leave(listener)
            listener.connection.tell(frames.RoomEnded(room=listener.room, reason=reason))  # type: ignore[arg-type]

    def reached(self, listener: Listener) -> bool:
        """Whether the listener has all there is; then it is live from now on."""
        listener.live = listener.seq >= self._heads.get(listener.room, 0)
        return listener.live

    def saw_head(self, room: UUID, seq: int) -> None:
        """The store holds at least this much."""
        self._heads[room] = max(seq, self._heads.get(room, 0))

    def told_up_to(self, room: UUID) -> int | None:
        """The `seq` that a room was told last here; what follows is the next. None where nobody listens."""
        return self._told.get(room)

    def rooms(self) -> list[UUID]:
        """Where somebody listens."""
        return list(self._rooms)

    def taken_away(self, room: UUID) -> int:
        """How often words that could be read there were taken away or changed: what was read from the
        store before the last time may hold words that nobody may receive any more."""
        return self._taken_away.get(room, 0)

    def here(self) -> dict[UUID, int]:
        """People listening now, per room: members, not sockets."""
        return {room: self.here_in(room) for room in {*self._rooms, *self._elsewhere}}

    def here_in(self, room: UUID) -> int:
        """People listening in one room: counted as they come and go, however many there are."""
        return self._here.get(room, 0) + self._elsewhere.get(room, 0)

    def heard_elsewhere(self, elsewhere: dict[UUID, int]) -> None:
        """How many listen at other workers alone, per room."""
        for room in elsewhere.keys() | self._elsewhere.keys():
            if room in self._rooms and elsewhere.get(room) != self._elsewhere.get(room):
                self.changed_rooms.add(room)
        self._elsewhere = elsewhere

    def listening(self, room: UUID) -> set[UUID]:
        """Who listens in one room."""
        return {listener.connection.actor.id for listener in self._rooms.get(room, ())}

    def _listens(self, member: UUID, room: UUID) -> bool:
        return any(room in connection.listeners for connection in self._members.get(member, ()))

    # --- the world is told ---

    def announce(self, announcements: list[Announcement]) -> None:
        """After a commit. What a room is told in one commit reaches each listener in one write."""
        waiting: dict[UUID, list[ToRoom]] = {}
        for announcement in announcements:
            if isinstance(announcement, ToRoom):
                waiting.setdefault(announcement.room, []).append(announcement)
                continue
            self._to_rooms(waiting)  # nobody is told earlier or later than it happened
            self._tell(announcement)
        self._to_rooms(waiting)

    def _tell(self, announcement: Announcement) -> None:
        match announcement:
            case ToMember():
                self._to_member(announcement)
            case ToStaff():
                self._to_staff(announcement)
            case ToCarers():
                self._to_carers(announcement.room, announcement.frame)
            case SeatTaken():
                self._seat_taken(announcement)
            case SeatEnded():
                self._seat_ended(announcement)
            case SessionsEnded():
                self._sessions_ended(announcement)
            case ShiftChanged():
                self.changed_rooms.update(self._rooms)

    def typing(self, connection: Connection, room: UUID) -> bool:
        """Somebody writes: told to the others at most every few seconds, and dropped when lines are busy.

        False where it is too early to tell again.
        """
        listener = connection.listeners.get(room)
        if listener is None:
            return False
        return self.typing_elsewhere(room, connection.actor.id, connection.actor.name)

    def typing_elsewhere(self, room: UUID, member: UUID, name: str) -> bool:
        """The same of somebody whose line may be at another worker."""
        key = (room, member)
        now = time.monotonic()
        if (
            now - self._typed.get(key, -_TYPING_EVERY_S) < _TYPING_EVERY_S
            or now - self._typed_in.get(room, -_TYPING_EVERY_S) < _TYPING_ROOM_EVERY_S
        ):
            return False
        self._typed[key] = self._typed_in[room] = now
        if len(self._typed) > 10_000:
            self._typed.clear()
            self._typed_in.clear()
        self._ephemeral(room, frames.IsTyping(room=room, name=name), but=member)
        return True

    def presence(self, room: UUID, *, moderator_on: bool) -> None:
        """How many are here, told to those who are."""
        here = self.here_in(room)
        self._ephemeral(room, frames.Presence(room=room, here=here, moderator_on=moderator_on))

    def _ephemeral(
        self, room: UUID, frame: frames.IsTyping | frames.Presence, but: UUID | None = None
    ) -> None:
        encoded = encode(frame)
        for listener in self._rooms.get(room, ()):
            if listener.connection.actor.id != but and listener.may_receive(frame.type):
                listener.connection.outbox.offer_ephemeral(encoded)

    def _to_rooms(self, waiting: dict[UUID, list[ToRoom]]) -> None:
        for room, told in waiting.items():
            self.saw_head(room, told[-1].seq)
            if room in self._told:
                self._told[room] = max(told[-1].seq, self._told[room])
            if any(_takes_words_away(one.frame) for one in told):
                self._taken_away[room] = self.taken_away(room) + 1
            if listeners := self._rooms.get(room):
                self._to_room(listeners, told)
        waiting.clear()

    def _to_room(self, listeners: set[Listener], told: list[ToRoom]) -> None:
        """The hot path: whoever stands right before these frames, may have them and takes them now."""
        frames_out = [encode(one.frame) for one in told]
        kinds = [one.frame.type for one in told]  # type: ignore[attr-defined]
        audience = frozenset.intersection(*(EVENTS.get(kind, frozenset()) for kind in kinds))
        joined = frames_out[0] if len(frames_out) == 1 else b"".join(frames_out)
        before, last = told[0].seq - 1, told[-1].seq
        in_a_row = last - before == len(told)
        here, others = len(listeners), 0
        for listener in listeners:
            if not listener.live:
                others += 1
                continue
            connection = listener.connection
            if (
                in_a_row
                and listener.seq == before
                and (connection.actor.role, listener.relation) in audience
                and not listener.ended
                and connection.outbox.write_now(joined)
            ):
                listener.seq = last
            else:
                others += 1
                self._one_by_one(listener, told, frames_out)
        COUNTS.deliveries += (here - others) * len(told)

    def _one_by_one(self, listener: Listener, told: list[ToRoom], frames_out: list[bytes]) -> None:
        """Doubles are dropped; with a gap, or where the line is slow, the listener catches up."""
        for one, frame in zip(told, frames_out, strict=True):
            if one.seq <= listener.seq:
                continue
            kind = one.frame.type  # type: ignore[attr-defined]
            follows = one.seq == listener.seq + 1 and listener.may_receive(kind)
            if not follows or listener.connection.outbox.is_slow:
                listener.live = False
                self._catch_up(listener)
                return
            listener.seq = one.seq
            listener.connection.offer(frame)
            COUNTS.deliveries += 1

    def _to_member(self, told: ToMember) -> None:
        for connection in self._members.get(told.member, ()):
            connection.tell(told.frame)

    def _to_staff(self, told: ToStaff) -> None:
        encoded = encode(told.frame)
        mine = encode(told.frame.model_copy(update={"claimed_by_me": True}))
        for connection in self.sockets():
            relation = connection.keeps.get(told.room, Relation.NONE)
            if told.aside:
                relation = aside(relation)
            if connection.actor.id == told.subject:
                continue
            if relation is Relation.CARER and not told.escalated:
                continue
            if told.clinicians_only and relation is not Relation.CARER:
                continue
            if may_receive(connection.actor.role, "queue", relation):
                connection.offer(mine if connection.actor.id == told.claimed_by else encoded)

    def _to_carers(self, room: UUID, frame: Wire) -> None:
        encoded = encode(frame)
        for connection in self.sockets():
            relation = connection.keeps.get(room, Relation.NONE)
            if may_receive(connection.actor.role, "sight", relation):
                connection.offer(encoded)

    def _seat_taken(self, told: SeatTaken) -> None:
        relation = relation_of(told.seat)
        self._presence_may_differ(told.room)
        for connection in self._members.get(told.member, ()):
            connection.keeps[told.room] = relation
            listener = connection.listeners.get(told.room)
            if listener:
                listener.relation = relation

    def _presence_may_differ(self, room: UUID) -> None:
        """Somebody began or ceased to keep it, and may be on shift."""
        if room in self._rooms:
            self.changed_rooms.add(room)

    def _seat_ended(self, told: SeatEnded) -> None:
        self._endings += 1
        self._presence_may_differ(told.room)
        # Who left is no longer seen, and a clinician who left sees nobody: before their seat is forgotten.
        self._to_carers(told.room, frames.SightChanged(room=told.room))
        for connection in self._members.get(told.member, ()):
            connection.keeps[told.room] = Relation.NONE
            listener = connection.listeners.get(told.room)
            if listener:
                self.end_listener(listener, "removed" if told.reason == "removed" else "left")

    def _sessions_ended(self, told: SessionsEnded) -> None:
        self._endings += 1
        for connection in self._members.get(told.member, ()):
            if connection.actor.session in told.sessions:
                self.end(connection, frames.Close.SESSION)


_TAKING = frozenset({"withdrawn", "hidden", "edited", "collapsed"})


def _takes_words_away(frame: Wire) -> bool:
    return isinstance(frame, frames.Changed) and frame.change in _TAKING
