"""The unit of work: one frame or one request, all of it or nothing, and the world is told only after.

A verb is a plain function `(work, ...) -> result`. It never waits for anything but the database, so it
reads from top to bottom, and the same verb runs on SQLite and on PostgreSQL.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Connection
from sqlmodel import Session

from server.protocol.base import Wire
from server.store.sealing import Sealer

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ToRoom:
    """A frame with the room's `seq`, for everybody who listens."""

    room: UUID
    seq: int
    frame: Wire


@dataclass(frozen=True, slots=True)
class ToMember:
    """A frame for one member, on all their sockets."""

    member: UUID
    frame: Wire


@dataclass(frozen=True, slots=True)
class ToStaff:
    """A frame for those who keep the room and are connected; `claimed_by` sees it as theirs."""

    room: UUID
    frame: Wire
    claimed_by: UUID | None = None
    escalated: bool = False
    subject: UUID | None = None
    """Whom it is about: they hear nothing of it, also when they keep the room."""
    aside: bool = False
    """Not for those who keep the room, but for those outside of it."""
    clinicians_only: bool = False
    """For the room's clinicians, and for nobody else."""


@dataclass(frozen=True, slots=True)
class ToCarers:
    """A frame for the clinicians of a room who are connected."""

    room: UUID
    frame: Wire


@dataclass(frozen=True, slots=True)
class SeatTaken:
    """A membership began or changed."""

    room: UUID
    member: UUID
    seat: str


@dataclass(frozen=True, slots=True)
class SeatEnded:
    """A membership ended: no later event may reach this member."""

    room: UUID
    member: UUID
    reason: str = "left"


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    """These sessions are over; their sockets close."""

    member: UUID
    sessions: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class ShiftChanged:
    """Who is on has changed."""

    member: UUID
    on: bool


@dataclass(frozen=True, slots=True)
class Shadowed:
    """Something in shadow would have judged so. key: day, edition, what, outcome."""

    key: tuple[str, int, str, str]


@dataclass(frozen=True, slots=True)
class Crossed:
    """Comes first where several workers serve. number: the newest that was told before this was written.

    own: how many of the numbers after it are of this very work.
    """

    number: int
    own: int


CROSSING: Final = (ToMember, ToStaff, ToCarers, SeatTaken, SeatEnded, SessionsEnded, ShiftChanged)
"""What other workers must hear, too. What takes a `seq` they read in its room."""

Announcement = (
    ToRoom
    | ToMember
    | ToStaff
    | ToCarers
    | SeatTaken
    | SeatEnded
    | SessionsEnded
    | ShiftChanged
    | Shadowed
    | Crossed
)


@dataclass(slots=True)
class Work:
    """What a verb works with. `session` is its own savepoint; `announce` speaks after the commit.

    connection: for prepared statements; what they write belongs to whoever opened a savepoint.
    open_session: called when a verb first asks for its session. Many never do.
    """

    connection: Connection
    sealer: Sealer
    now: datetime
    open_session: Callable[[Connection], Session]
    announcements: list[Announcement] = field(default_factory=list)
    _session: Session | None = None

    @property
    def session(self) -> Session:
        """What was built for thinking in rows rather than in numbers."""
        if self._session is None:
            self._session = self.open_session(self.connection)
        return self._session

    def commit(self) -> None:
        """Write what the session holds and let go of its savepoint."""
        if self._session:
            self._session.commit()

    def flush(self) -> None:
        """Write what the session holds."""
        if self._session:
            self._session.flush()

    def close(self) -> None:
        """Let go of the session; what was not committed is undone."""
        if self._session:
            self._session.close()

    def announce(self, announcement: Announcement) -> None:
        """Tell the world, once this is durable."""
        self.announcements.append(announcement)


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Together(Generic[Item, Result]):
    """Two ways to do the same to one item: `many` at once, or `one` by itself.

    many: answers None for an item that needs `one`. It uses prepared statements alone, and has done
    nothing at all when it raises: then each goes by itself.
    """

    many: Callable[["Work", Sequence[Item]], list[Result | None]]
    one: Callable[["Work", Item], Result]


class Database(Protocol):
    """Runs verbs. `do` may write and returns when it is durable; `read` may not write."""

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Durable on return. Raises what the verb raises, and then nothing of it happened.

        A verb may be run again from its beginning: what it adds, it makes itself. Unavailable may also mean
        that it is not known whether it happened.
        """
        ...

    async def do_together(self, verbs: Together[Any, Result], item: Any) -> Result:
        """As `do`, for what often comes in numbers: all that waits is done in one go."""
        ...

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """From a snapshot; announcements are not allowed."""
        ...

    @property
    def waiting(self) -> int:
        """How much was accepted to be written and is not begun."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go."""
        ...
