"""Where a client stands in one room: what makes a double a double, and a gap a gap."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

_MOST_REJOINS = 2


class Step(StrEnum):
    """What a frame is to whoever stands at a position."""

    NEXT = "next"
    DOUBLE = "double"
    GAP = "gap"


@dataclass(slots=True)
class Position:
    """The last `seq` heard in a room; None until the server has said where the room stands.

    rejoins: how often a gap was asked for since the last step forward.
    """

    room: UUID
    seq: int | None = None
    rejoins: int = 0

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
        self.seq, self.rejoins = seq, 0
        return Step.NEXT

    def ask_again(self) -> bool:
        """Whether joining once more may still mend a gap; what it did not mend twice, it will not."""
        self.rejoins += 1
        return self.rejoins <= _MOST_REJOINS

    def forget(self) -> None:
        """It is worth nothing; go on from wherever the room stands."""
        self.seq, self.rejoins = None, 0
