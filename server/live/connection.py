"""One open socket, and what it listens to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from server.access import Actor, Relation, may_receive
from server.live.encoding import encode
from server.live.outbox import Outbox
from server.protocol.base import Wire


@dataclass(slots=True, eq=False)
class Listener:
    """A socket's place in one room. Not live: it is behind, and catches up from the store."""

    connection: "Connection"
    room: UUID
    relation: Relation
    seq: int
    live: bool = False
    ended: bool = False

    def may_receive(self, event: str) -> bool:
        """Asked for every receiver at delivery."""
        return not self.ended and may_receive(self.connection.actor.role, event, self.relation)


@dataclass(slots=True, eq=False)
class Connection:
    """One member's socket. ending: called once, when it has to close."""

    actor: Actor
    outbox: Outbox = field(default_factory=Outbox)
    listeners: dict[UUID, Listener] = field(default_factory=dict)
    keeps: dict[UUID, Relation] = field(default_factory=dict)
    """How this member stands to rooms, for staff: what was announced wins over what was read."""
    close_code: int | None = None
    close_reason: str = ""
    ending: Callable[[], None] | None = None

    def tell(self, frame: Wire) -> None:
        """A frame for this socket's own member."""
        if may_receive(self.actor.role, frame.type, Relation.SELF) or frame.type == "joined":  # type: ignore[attr-defined]
            self.offer(encode(frame))

    def offer(self, frame: bytes) -> None:
        """An encoded frame. A socket that holds too many closes."""
        self.outbox.offer(frame)
        if self.outbox.closing:
            self._end()

    def offer_all(self, frames: Sequence[bytes]) -> None:
        """Several in one write where the line takes them now; else one by one."""
        if not self.outbox.write_now(b"".join(frames)):
            for frame in frames:
                self.offer(frame)

    def greet(self, hello: Wire, keeps: dict[UUID, Relation]) -> None:
        """The first frame, whatever was told while the socket opened."""
        for room, relation in keeps.items():
            self.keeps.setdefault(room, relation)
        self.outbox.offer_first(encode(hello))

    def close(self, code: int | None, reason: str = "") -> None:
        """End this socket; what was said before still goes out, nothing later does."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
        self.outbox.close()
        self._end()

    def _end(self) -> None:
        ending, self.ending = self.ending, None
        if ending:
            ending()
