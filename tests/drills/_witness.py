"""A ledger that can be asked while a replay still runs."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from server.protocol import frames
from server.replay.ledger import Ear, Ledger, Said

Place = tuple[UUID, int]

_ANSWERED = ("acknowledged", "held", "refused")


class Witness(Ledger):
    """counts["lines"]: how many lines were opened in all, one `hello` for each."""

    def hear(self, ear: Ear, frame: frames.ServerFrame, now_s: float) -> None:
        """A frame, exactly as a socket received it."""
        super().hear(ear, frame, now_s)
        if isinstance(frame, frames.Hello):
            self.counts["lines"] += 1

    def promised(self) -> list[Said]:
        """Everything that was acknowledged so far."""
        return [replace(said) for said in self._said.values() if said.message]

    def shown(self) -> Mapping[Place, UUID]:
        """Every message that a socket has received so far, by room and `seq`."""
        return dict(self._order)

    def is_quiet(self) -> bool:
        """Whether nobody waits for an answer, and everybody has heard everything."""
        waiting = self.counts["posted"] - sum(self.counts[name] for name in _ANSWERED)
        return waiting == 0 and self.all_heard()
