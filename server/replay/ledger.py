"""The checker: what was said, what each socket heard, and whether the two agree. Pure.

Invariants (I1 to I5): nothing acknowledged is lost, nothing is doubled, every room is heard without
gaps and in one order by everybody, word for word, and nothing appears that was not acknowledged.
"""

import hashlib
from array import array
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from server.protocol import frames

_IN_ORDER = frames.Message | frames.Changed | frames.Reacted


@dataclass(slots=True)
class Said:
    """One message as its author knows it. No text: a digest tells whether it came through whole."""

    room: UUID
    digest: bytes
    sent_at_s: float
    message: UUID | None = None
    seq: int | None = None


@dataclass(slots=True)
class Ear:
    """What one socket heard. starts: where it began to listen, by room."""

    starts: dict[UUID, int] = field(default_factory=dict)
    lasts: dict[UUID, int] = field(default_factory=dict)
    heard: set[UUID] = field(default_factory=set)


class Ledger:
    """Filled while it runs: `sending` and `answered` by those who speak, `hear` by every socket."""

    def __init__(self) -> None:
        self._said: dict[UUID, Said] = {}
        self._ears: list[Ear] = []
        self._order: dict[tuple[UUID, int], UUID] = {}
        self._ids: dict[UUID, UUID] = {}
        self.faults: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.answer_ms = array("d")
        self.delivery_ms = array("d")

    def ear(self) -> Ear:
        """For one more socket."""
        self._ears.append(Ear())
        return self._ears[-1]

    # --- saying ---

    def sending(self, frame: frames.Post, now_s: float) -> None:
        """About to be said, or to be said again."""
        known = self._said.get(frame.client_id)
        if known is None:
            self.counts["posted"] += 1
            self._said[frame.client_id] = Said(frame.room, digest(frame.text), now_s)
        else:
            known.sent_at_s = now_s

    def answered(self, answer: frames.Posted | frames.Held | frames.Refused, now_s: float) -> None:
        """The server's last word on it."""
        if isinstance(answer, frames.Held):
            self.counts["held"] += 1
        elif isinstance(answer, frames.Refused):
            self.counts["refused"] += 1
        else:
            said = self._said[answer.client_id]
            said.message, said.seq = answer.id, answer.seq
            self.counts["acknowledged"] += 1
            self.answer_ms.append((now_s - said.sent_at_s) * 1000)

    # --- hearing ---

    def hear(self, ear: Ear, frame: frames.ServerFrame, now_s: float) -> None:
        """A frame, exactly as a socket received it."""
        match frame:
            case frames.Joined():
                ear.starts.setdefault(frame.room, frame.seq)
                ear.lasts.setdefault(frame.room, frame.seq)
            case frames.Message() | frames.Changed() | frames.Reacted():
                self._in_order(ear, frame)
                if isinstance(frame, frames.Message):
                    self._message(ear, frame, now_s)
            case frames.Reset():
                self.faults["resets"] += 1

    def heads(self) -> dict[UUID, int]:
        """The newest acknowledged `seq` of each room."""
        heads: dict[UUID, int] = {}
        for said in self._said.values():
            if said.seq is not None:
                heads[said.room] = max(said.seq, heads.get(said.room, 0))
        return heads

    def all_heard(self) -> bool:
        """Whether every ear has come as far as what was acknowledged."""
        heads = self.heads().items()
        return all(ear.lasts.get(room, 0) >= seq for ear in self._ears for room, seq in heads)

    # --- the sum ---

    def figures(self) -> dict[str, int]:
        """expected: acknowledged messages times the sockets that listened by then; and what came of it."""
        acknowledged = [said for said in self._said.values() if said.message]
        unsaid = set(self._ids.values()) - {said.message for said in acknowledged}
        expected = delivered = phantom = 0
        for ear in self._ears:
            due = {
                s.message for s in acknowledged if s.seq and s.seq > ear.starts.get(s.room, s.seq)
            }
            expected += len(due)
            delivered += len(due & ear.heard)
            phantom += len(unsaid & ear.heard)
        return {
            "posted": self.counts["posted"],
            "acknowledged": len(acknowledged),
            "delivered": delivered,
            "expected": expected,
            "lost": expected - delivered,
            "doubled": self.faults["doubled"],
            "out_of_order": self.faults["out_of_order"] + self._misplaced(acknowledged),
            "altered": self.faults["altered"],
            "phantom": phantom,
            "nudged": self.counts["nudged"],
            "held": self.counts["held"],
            "refused": self.counts["refused"],
        }

    def _in_order(self, ear: Ear, frame: _IN_ORDER) -> None:
        last = ear.lasts.get(frame.room)
        if last is None or frame.seq != last + 1:
            self.faults["out_of_order"] += 1
        ear.lasts[frame.room] = frame.seq

    def _message(self, ear: Ear, frame: frames.Message, now_s: float) -> None:
        if frame.id in ear.heard:
            self.faults["doubled"] += 1
            return
        ear.heard.add(frame.id)
        if self._order.setdefault((frame.room, frame.seq), frame.id) != frame.id:
            self.faults["out_of_order"] += 1
        said = self._said.get(frame.client_id)
        if said is None:
            return
        # One client_id under two ids is one message stored twice.
        if self._ids.setdefault(frame.client_id, frame.id) != frame.id:
            self.faults["doubled"] += 1
        if digest(frame.text) != said.digest:
            self.faults["altered"] += 1
        self.counts["delivered"] += 1
        self.delivery_ms.append((now_s - said.sent_at_s) * 1000)

    def _misplaced(self, acknowledged: list[Said]) -> int:
        """Acknowledged at one place, heard at another."""
        places = ((said, self._order.get((said.room, said.seq or 0))) for said in acknowledged)
        return sum(1 for said, there in places if there not in (None, said.message))


def digest(text: str) -> bytes:
    """Equal for equal words."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def percentile(values: "array[float]", share: float) -> float | None:
    """The value below which this share lies, nearest rank; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
