"""A room's year, drawn at random: what happened, as plain records, before any of it is stored."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

_EMPATHY = ("emotional_reaction", "interpretation", "exploration")
_URGENCIES = ("none", "routine", "soon", "now")


@dataclass(slots=True)
class Reading:
    """levels None: by a model that has no such signals."""

    at: datetime
    assessed: bool
    urgency: str
    levels: dict[str, float] | None


@dataclass(slots=True)
class Message:
    id: UUID
    author: UUID
    at: datetime
    ask: bool
    reply_to: "Message | None"
    state: str
    kind: str
    readings: list[Reading] = field(default_factory=list)
    signs: list[tuple[UUID, str]] = field(default_factory=list)


@dataclass(slots=True)
class Nudge:
    who: UUID
    at: datetime
    outcome: str


@dataclass(slots=True)
class Answer:
    who: UUID
    to: Message
    at: datetime
    heard: bool


@dataclass(slots=True)
class Case:
    who: UUID
    kind: str
    urgency: str
    opened: datetime
    due: datetime
    seen: datetime | None


@dataclass(slots=True)
class Year:
    """Everything that happened in one room, oldest first."""

    people: list[UUID]
    messages: list[Message] = field(default_factory=list)
    nudges: list[Nudge] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


class Drawing:
    """Draws one year. Some weeks are crowded and some nearly empty, so that figures are hidden."""

    def __init__(self, seed: int, begin: datetime, weeks: int, people: int) -> None:
        self._drawn = Random(seed)
        self._begin, self._weeks = begin, weeks
        self.year = Year([self._id() for _ in range(people)])

    def draw(self, messages: int) -> Year:
        """So many messages, and what belongs to them."""
        shares = [self._drawn.choice((0.02, 0.3, 1.0, 1.0, 1.0, 1.5)) for _ in range(self._weeks)]
        for week, share in enumerate(shares):
            count = round(messages * share / sum(shares))
            if week == self._weeks - 1:
                count = messages - len(self.year.messages)
            self._week(self._begin + timedelta(weeks=week), count)
        return self.year

    def _week(self, start: datetime, count: int) -> None:
        here = self._drawn.sample(self.year.people, self._people_for(count))
        for at in sorted(self._drawn.random() for _ in range(count)):
            self._message(start + at * timedelta(days=7), here)

    def _people_for(self, count: int) -> int:
        most = len(self.year.people)
        return min(most, max(3, self._drawn.randint(count // 30 + 1, count // 8 + 4)))

    def _message(self, at: datetime, here: list[UUID]) -> None:
        chance, year = self._drawn, self.year
        before = chance.choice(year.messages[-40:]) if year.messages else None
        reply = before is not None and chance.random() < 0.6
        message = Message(
            id=self._id(),
            author=chance.choice(here),
            at=at,
            ask=chance.random() < 0.25,
            reply_to=before if reply else None,
            state=chance.choices(("published", "withdrawn", "hidden", "held"), (94, 3, 2, 1))[0],
            kind="bot" if chance.random() < 0.01 else "person",
        )
        year.messages.append(message)
        self._readings(message)
        self._around(message)

    def _readings(self, message: Message) -> None:
        """One at once; some were late or broken, some were edited and read again."""
        for number in range(self._drawn.choices((1, 2, 3), (90, 8, 2))[0]):
            urgency = self._drawn.choices(_URGENCIES, (88, 7, 3, 2))[0]
            assessed = self._drawn.random() > 0.04
            levels = {name: self._drawn.random() * 1.6 for name in _EMPATHY}
            known = self._drawn.random() > 0.05
            at = message.at + timedelta(minutes=7 * number)
            reading = Reading(at, assessed, urgency, levels if known and assessed else None)
            message.readings.append(reading)

    def _around(self, message: Message) -> None:
        chance, year = self._drawn, self.year
        for person in chance.sample(year.people, chance.choice((0, 0, 0, 1, 2))):
            message.signs.append((person, chance.choice(("same", "heart", "hug"))))
        if chance.random() < 0.05:
            outcome = chance.choice(("edited", "sent_as_is", "discarded", "open"))
            year.nudges.append(Nudge(message.author, message.at, outcome))
        if message.reply_to and message.reply_to.author != message.author and chance.random() < 0.2:
            heard = chance.random() < 0.7
            year.answers.append(Answer(message.reply_to.author, message, message.at, heard))
        if chance.random() < 0.03:
            self._case(message)

    def _case(self, message: Message) -> None:
        chance = self._drawn
        wait = timedelta(minutes=chance.expovariate(1 / 40))
        seen = message.at + wait if chance.random() < 0.9 else None
        kind = chance.choices(("risk", "flag", "appeal", "look_again"), (6, 3, 1, 1))[0]
        due = message.at + timedelta(minutes=60)
        case = Case(message.author, kind, chance.choice(_URGENCIES), message.at, due, seen)
        self.year.cases.append(case)

    def _id(self) -> UUID:
        return UUID(int=self._drawn.getrandbits(128), version=4)
