"""Where a client stands in one room: what makes a double a double, and a gap a gap."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Step(StrEnum):
    """What a frame is to whoever stands at a position."""

    NEXT = "next"
    DOUBLE = "double"
    GAP = "gap"


@dataclass(slots=True)
class Position:
    """The last `seq` heard in a room; None until the server has said where the room stands."""

    room: UUID
    seq: int | None = None

    def joined(self, head: int) -> None:
        """Listening. Somebody who asked for nothing earlier begins where the room stands now."""
        if self.seq is None:
            self.seq = head

    def take(self, seq: int) -> Step:
        """Step forward if this is the next one."""
        if self.seq is None or seq > self.seq + 1:
            return Step.GAP
        if seq <= self.seq:
            return Step.DOUBLE
        self.seq = seq
        return Step.NEXT
