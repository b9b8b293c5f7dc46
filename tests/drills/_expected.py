"""What should happen by itself, worked out from what people did alone, and compared at each tick."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from moderation.ladder import Rung
from moderation.urgency import Urgency

_LEASE = timedelta(minutes=15)
_RUNGS = {Rung.AGAIN: 5, Rung.CLINICIANS: 10, Rung.ON_CALL: 15}
_REPEAT = timedelta(minutes=15)
_LOOKS = (timedelta(hours=1), timedelta(hours=24))
_DAY = timedelta(days=1)
_DUE = {
    Urgency.NOW: timedelta(minutes=5),
    Urgency.SOON: timedelta(hours=1),
    Urgency.ROUTINE: _DAY,
    Urgency.NONE: _DAY,
}

Happening = tuple[UUID, str, int]
"""A case, what happens to it (call, look or lapse), and which of them."""


@dataclass(slots=True)
class Known:
    """A case as people saw it. waited: while somebody was there to work."""

    urgency: Urgency
    opened_at: datetime
    is_look: bool = False
    holder: str | None = None
    held_until: datetime | None = None
    waited: timedelta | None = timedelta(0)


@dataclass
class Expected:
    """Written from the rules as the design states them, with figures of its own."""

    cases: dict[UUID, Known] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    worst_wait: dict[Urgency, float] = field(default_factory=dict)
    _pending: dict[Happening, datetime] = field(default_factory=dict)
    _seen: dict[Happening, datetime] = field(default_factory=dict)
    _reached: dict[UUID, int] = field(default_factory=dict)
    _late: set[Happening] = field(default_factory=set)

    # --- what people do ---

    def opened(self, case: UUID, urgency: Urgency, now: datetime, *, is_look: bool = False) -> None:
        """A case began."""
        self.cases[case] = Known(urgency, now, is_look)
        if urgency in {Urgency.NOW, Urgency.SOON}:
            for rung, minutes in _RUNGS.items():
                self._pending[case, "call", rung] = now + timedelta(minutes=minutes)

    def claimed(self, case: UUID, name: str, now: datetime) -> None:
        """Somebody looks; it must have been free."""
        known = self.cases[case]
        if known.holder not in {None, name} and known.held_until and now < known.held_until:
            self.counts["claimed_twice"] += 1
        if known.holder and known.held_until and known.held_until <= now:
            self.counts["claims_expired"] += 1
        known.holder, known.held_until = name, now + _LEASE
        self._note_wait(known)
        known.waited = None

    def holds(self, name: str, case: UUID, now: datetime) -> bool:
        """Whether this one's claim still runs."""
        known = self.cases[case]
        return known.holder == name and self._is_held(known, now)

    def closed(self, case: UUID, now: datetime) -> None:
        """Somebody decided."""
        known = self.cases[case]
        known.holder = None
        self._pending = {one: at for one, at in self._pending.items() if one[:2] != (case, "call")}
        if known.urgency in {Urgency.NOW, Urgency.SOON} and not known.is_look:
            for step, after in enumerate(_LOOKS, 1):
                self._pending[case, "look", step] = now + after

    def gave_back(self, name: str) -> None:
        """All that this one held."""
        for known in self.cases.values():
            if known.holder == name:
                known.holder = None

    def calls_for_help(self, now: datetime) -> list[UUID]:
        """Cases for which those on call were called, and which nobody has."""
        called = [
            case for case, what, step in self._pending if (what, step) == ("call", Rung.REPEAT)
        ]
        return [case for case in called if not self._is_held(self.cases[case], now)]

    def appealed(self, case: UUID, now: datetime) -> None:
        """And nobody may judge it."""
        self._pending[case, "lapse", 1] = now + timedelta(days=7)

    def time_passed(self, by: timedelta, *, staffed: bool) -> None:
        """For those who wait while somebody is there."""
        for known in self.cases.values() if staffed else ():
            if known.waited is not None:
                known.waited += by

    def note_still_waiting(self) -> None:
        """Who was never looked at has waited, too."""
        for known in self.cases.values():
            self._note_wait(known)

    # --- what happened by itself ---

    def happened(self, one: Happening, now: datetime) -> None:
        """The loop did this, now."""
        case, what, step = one
        is_repeat = what == "call" and step == Rung.REPEAT
        if one in self._seen and not is_repeat:
            self.counts["doubled"] += 1
            return
        if not self._is_due(one, now):
            self.counts["early"] += 1
        self._pending.pop(one, None)
        if what == "call":
            self._climbed(case, step, now)
        if is_repeat:
            self.counts["repeats"] += 1
            self.counts["late_repeats"] += one in self._late
            self._late.discard(one)
        else:
            self._seen[one] = now

    def looked(self, now: datetime) -> None:
        """The loop is through: what was due and is still not done is late."""
        self._late |= {one for one in self._pending if self._is_due(one, now)}

    def figures(self) -> dict[str, int]:
        """late: not at the first tick after it was due. lost: never, though due."""
        names = ("early", "doubled", "out_of_order", "claimed_twice")
        happened = Counter(what for _, what, _ in self._seen)
        repeats = self.counts["repeats"]
        return {
            "calls": happened["call"] + repeats,
            "repeats": repeats,
            "looks": happened["look"],
            "lapses": happened["lapse"],
            "claims_expired": self.counts["claims_expired"],
            "late": len(self._late & self._seen.keys()) + self.counts["late_repeats"],
            "lost": len(self._late - self._seen.keys()),
        } | {name: self.counts[name] for name in names}

    def _note_wait(self, known: Known) -> None:
        if known.waited is not None:
            share = known.waited / _DUE[known.urgency]
            self.worst_wait[known.urgency] = max(self.worst_wait.get(known.urgency, 0.0), share)

    def _climbed(self, case: UUID, step: int, now: datetime) -> None:
        if step < self._reached.get(case, 0):
            self.counts["out_of_order"] += 1
        self._reached[case] = step
        if step >= Rung.ON_CALL:
            self._pending[case, "call", Rung.REPEAT] = now + _REPEAT

    def _is_due(self, one: Happening, now: datetime) -> bool:
        at = self._pending.get(one)
        return at is not None and at <= now and not self._is_held_up(one, now)

    def _is_held_up(self, one: Happening, now: datetime) -> bool:
        known = self.cases.get(one[0])
        if one[1] != "call" or known is None:
            return False
        return self._is_held(known, now) and now < self._pending[one] + _LEASE

    @staticmethod
    def _is_held(known: Known, now: datetime) -> bool:
        return bool(known.holder and known.held_until and now < known.held_until)
