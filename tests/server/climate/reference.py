"""The same figures by other means: slow, from what was drawn, with its own rules of hiding.

Nothing of the server is imported here. `Reference.broken` leaves a rule out, for a control.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, comb, floor
from statistics import median
from uuid import UUID

from tests.server.climate.drawn import Case, Message, Reading, Year

Event = tuple[UUID, float]
"""A person, and a number where there is one."""
Found = dict[str, float | None]

_TREE = """
messages: asks other_messages
messages: replies_read other_than_read
messages: danger_none danger_routine danger_soon danger_now not_assessed
asks: asks_answered asks_unanswered
asks: asks_shared asks_unshared
replies_read: emotional_reaction no_emotional_reaction
replies_read: interpretation no_interpretation
replies_read: exploration no_exploration
nudges: nudges_edited nudges_sent_as_is nudges_not_sent
felt: felt_heard felt_not_yet
cases: cases_now cases_soon cases_later
cases: cases_in_time cases_late
"""


class Reference:
    """One year, week by week. broken: "edits" takes the first reading of a message for its last."""

    def __init__(self, year: Year, *, broken: str | None = None) -> None:
        self._year, self._broken = year, broken
        self._answers: dict[UUID, list[Message]] = {}
        for message in year.messages:
            if message.reply_to:
                self._answers.setdefault(message.reply_to.id, []).append(message)

    def week(self, start: datetime) -> Found:
        """Every figure of the week that begins then, hidden ones as None."""
        events = self._events(start)
        shown = {name for name, found in events.items() if len({who for who, _ in found}) >= 8}
        _hide(events, shown)
        found = {
            name: _value(name, found) if name in shown else None for name, found in events.items()
        }
        for name in ("first_reply", "first_look"):
            ends = _ends(events[f"{name}_s"]) if f"{name}_s" in shown else (None, None)
            found |= {f"{name}_low_s": ends[0], f"{name}_high_s": ends[1]}
        return found

    def _events(self, start: datetime) -> dict[str, list[Event]]:
        def within(at: datetime) -> bool:
            return start <= at < start + timedelta(days=7)

        year = self._year
        said = [m for m in year.messages if within(m.at) and _stands(m)]
        nudges = [n for n in year.nudges if within(n.at)]
        felt = [a for a in year.answers if within(a.at)]
        cases = [
            c for c in year.cases if within(c.opened) and c.kind not in ("appeal", "look_again")
        ]
        return {
            "people": [(who, 0) for who in {m.author for m in said}],
            **self._messages(said),
            "nudges": [(n.who, 0) for n in nudges],
            **{
                f"nudges_{end}": [(n.who, 0) for n in nudges if n.outcome == end]
                for end in ("edited", "sent_as_is")
            },
            "nudges_not_sent": [(n.who, 0) for n in nudges if n.outcome in ("discarded", "open")],
            "felt": [(a.who, 0) for a in felt],
            "felt_heard": [(a.who, 0) for a in felt if a.heard],
            "felt_not_yet": [(a.who, 0) for a in felt if not a.heard],
            **_cases(cases),
        }

    def _messages(self, said: Sequence[Message]) -> dict[str, list[Event]]:
        def those(holds: Callable[[Message], object]) -> list[Event]:
            return [(m.author, 0) for m in said if holds(m)]

        found = {
            "messages": those(lambda m: True),
            "asks": those(lambda m: m.ask),
            "other_messages": those(lambda m: not m.ask),
            "asks_answered": those(lambda m: m.ask and self._wait(m) is not None),
            "asks_unanswered": those(lambda m: m.ask and self._wait(m) is None),
            "asks_shared": those(lambda m: m.ask and _shared(m)),
            "asks_unshared": those(lambda m: m.ask and not _shared(m)),
            "not_assessed": those(lambda m: self._reading(m) is None),
            "first_reply_s": [
                (m.author, wait) for m in said if m.ask and (wait := self._wait(m)) is not None
            ],
        }
        for urgency in ("none", "routine", "soon", "now"):
            found[f"danger_{urgency}"] = those(lambda m, u=urgency: self._urgency(m) == u)  # type: ignore[misc]
        found["replies_read"] = those(lambda m: _replies(m) and self._levels(m))
        found["other_than_read"] = those(lambda m: not _replies(m) or not self._levels(m))
        for name in ("emotional_reaction", "interpretation", "exploration"):
            read = [(m, self._levels(m)) for m in said if _replies(m)]
            found[name] = [(m.author, 0) for m, levels in read if levels and levels[name] >= 0.5]
            found[f"no_{name}"] = [
                (m.author, 0) for m, levels in read if levels and levels[name] < 0.5
            ]
        return found

    def _wait(self, ask: Message) -> float | None:
        """Seconds until the first answer by another person that stands, within two days."""
        waits = [
            (m.at - ask.at).total_seconds()
            for m in self._answers.get(ask.id, [])
            if m.author != ask.author and _stands(m)
        ]
        return min(waits) if waits and min(waits) <= 48 * 3600 else None

    def _reading(self, message: Message) -> Reading | None:
        """Of the words as they are now."""
        if any(not reading.assessed for reading in message.readings):
            return None
        return message.readings[0 if self._broken == "edits" else -1]

    def _urgency(self, message: Message) -> str | None:
        reading = self._reading(message)
        return reading.urgency if reading else None

    def _levels(self, message: Message) -> dict[str, float] | None:
        reading = self._reading(message)
        return reading.levels if reading else None


def mondays(begin: datetime, weeks: int) -> list[datetime]:
    """The beginning of each week."""
    return [begin + timedelta(weeks=number) for number in range(weeks)]


def differences(
    reference: Reference, page: Iterable[tuple[date, Found]], starts: Sequence[datetime]
) -> tuple[int, int]:
    """How many figures were compared, and how many of them differ; a week that is missing differs too."""
    shown = dict(page)
    compared = different = 0
    for start in starts:
        for name, value in reference.week(start).items():
            compared += 1
            figures = shown.get(start.date())
            different += figures is None or figures[name] != value
    return compared, different


def _stands(message: Message) -> bool:
    return message.state == "published" and message.kind == "person"


def _replies(message: Message) -> bool:
    return message.reply_to is not None and message.reply_to.author != message.author


def _shared(message: Message) -> bool:
    return any(kind == "same" and who != message.author for who, kind in message.signs)


def _cases(cases: Sequence[Case]) -> dict[str, list[Event]]:
    found = {
        f"cases_{urgency}": [(c.who, 0.0) for c in cases if c.urgency == urgency]
        for urgency in ("now", "soon")
    }
    found["cases_later"] = [(c.who, 0) for c in cases if c.urgency in ("routine", "none")]
    found["cases"] = [(c.who, 0) for c in cases]
    found["cases_in_time"] = [(c.who, 0) for c in cases if c.seen and c.seen <= c.due]
    found["cases_late"] = [(c.who, 0) for c in cases if not c.seen or c.seen > c.due]
    found["first_look_s"] = [(c.who, (c.seen - c.opened).total_seconds()) for c in cases if c.seen]
    return found


def _hide(events: dict[str, list[Event]], shown: set[str]) -> None:
    """Take out of `shown` what would give something hidden away."""
    for line in _TREE.strip().splitlines():
        total, _, rest = line.partition(": ")
        parts = rest.split()
        if total not in shown:
            shown -= set(parts)
        while total in shown and (hidden := [part for part in parts if part not in shown]):
            if _behind(events, hidden) >= 8:
                break
            _hide_smallest(events, shown, parts)
    if "asks_answered" not in shown:
        shown.discard("first_reply_s")
    if "cases" not in shown:
        shown.discard("first_look_s")


def _hide_smallest(events: dict[str, list[Event]], shown: set[str], parts: list[str]) -> None:
    shown.discard(min((p for p in parts if p in shown), key=lambda p: _behind(events, [p])))


def _behind(events: dict[str, list[Event]], names: Iterable[str]) -> int:
    return len({who for name in names for who, _ in events[name]})


def _value(name: str, found: list[Event]) -> float:
    if name.endswith("_s"):
        return _nearest(median(number for _, number in found), 60)
    return _nearest(len(found), 5)


def _ends(found: list[Event]) -> tuple[float | None, float | None]:
    """Between which waits the true middle lies in at least 95 of 100 weeks, whatever waits are like."""
    waits = sorted(wait for _, wait in found)
    for low in reversed(range(len(waits) // 2)):
        outside = 2 * sum(Fraction(comb(len(waits), k), 2 ** len(waits)) for k in range(low + 1))
        if outside <= Fraction(1, 20):
            return _if_many(found, waits[low], waits[-1 - low])
    return None, None


def _if_many(found: list[Event], low: float, high: float) -> tuple[float | None, float | None]:
    sooner = {who for who, wait in found if wait <= low}
    later = {who for who, wait in found if wait >= high}
    if len(sooner) < 8 or len(later) < 8:
        return None, None
    return 60.0 * floor(low / 60), 60.0 * ceil(high / 60)


def _nearest(value: float, step: int) -> float:
    """A half goes up."""
    below = value // step * step
    return float(below + step if value - below >= step / 2 else below)
