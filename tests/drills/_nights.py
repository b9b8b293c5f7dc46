"""Days and nights of one place by a clock of the drill's own: people come, work, forget and sleep."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from moderation.cases import CaseKind
from moderation.ladder import Rung
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.api.background import do_what_is_due
from server.errors import Claimed
from server.ids import new_token
from server.protocol import bodies, frames
from server.services import appeals, by_itself, decisions, notices, queue
from server.services.sessions import STAFF_LIFE
from server.store import place, rooms, timers
from server.store.keys import KeyFile, KeyStore
from server.store.postgres import PostgresDatabase
from server.store.sealing import Sealer
from server.store.sqlite import SqliteDatabase
from server.store.tables import Audit, Case, Notice, Session
from server.store.work import Announcement, ToStaff, Work
from tests.drills._expected import Expected, Happening
from tests.server.store_fixture import House, TestClock, open_postgres, open_sqlite

_BEGINS = {"fern": 7, "still": 11}
_HOURS = 12
_LOOK_TICKS = 2
"""With 3, a burst of `now` on one moderator alone waits 3.2 due times, though each is taken next."""
_FORGETS = 0.04
_COMES = 0.1
_RESTARTS = 0.006
_OUTAGE_TICKS = 20
_RATES = {Urgency.NOW: 0.08, Urgency.SOON: 0.03, Urgency.ROUTINE: 0.02, Urgency.NONE: 0.015}
"""In one tick of a day."""
_NIGHT_SHARE = 0.15
_LONG_PAUSE_MINUTES = 60 * 24 * 30
_CODES = {rung.code: rung for rung in Rung}
_BEGINNING = datetime.fromisoformat("2026-11-16T09:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Broken:
    """For controls. ahead: by how much the loop's clock goes ahead. sleeps: looks each so many ticks.

    at_restart: done to the database each time it was closed.
    """

    ahead: timedelta = timedelta(0)
    sleeps: int = 1
    at_restart: Callable[[Work], None] | None = None


SOUND = Broken()


@dataclass
class Desk:
    """A moderator's: the case before them, and how many ticks it still takes."""

    actor: Actor
    is_on: bool = False
    case: UUID | None = None
    ticks: int = 0


class Nights:
    """One place, opened and closed again and again on the same files or the same database."""

    def __init__(self, folder: Path, url: str | None, seed: int, broken: Broken = SOUND) -> None:
        self._folder, self._url, self._broken = folder, url, broken
        self._chance = random.Random(seed)
        self._clock = TestClock(_BEGINNING)
        self._told: list[Announcement] = []
        self._audited = 0
        self._alerts = self._called = 0
        self._keys: KeyStore | None = None
        self._sessions: dict[str, datetime] = {}
        self.expected = Expected()
        self.counts: Counter[str] = Counter()

    async def run(self, days: float, tick: timedelta) -> dict[str, Any]:
        """The figures."""
        await self._found()
        end = self._clock.at + timedelta(days=days)
        number = 0
        while self._clock.at < end:
            number += 1
            self._clock.at += tick
            self.expected.time_passed(tick, staffed=self._is_day)
            await self._people_act()
            if self._chance.random() < _RESTARTS:
                await self._restart(tick)
            if number % self._broken.sleeps == 0:
                self._see_who_is_gone()
                await self._loop()
            await self._observe()
            self.expected.looked(self._clock.at)
        self.expected.note_still_waiting()
        figures = await self._figures()
        await self._close()
        return figures

    # --- the place ---

    async def _found(self) -> None:
        if self._url:
            database: Any = await open_postgres(self._url, self._folder, self._clock, self._told)
        else:
            database = open_sqlite(self._folder, self._clock, self._told)
        self._house = house = House(database, self._clock, self._told)
        self._peers = [await house.join(f"peer{number}") for number in range(20)]
        fern, still, heath, sole = [
            await house.join(name, Role.MODERATOR) for name in ("fern", "still", "heath", "sole")
        ]
        linden = await house.join("linden", Role.CLINICIAN)
        self._desks = {"fern": Desk(fern), "still": Desk(still)}
        self._heath = heath
        seated = [(actor, "moderator") for actor in (fern, still, heath)]
        self._room = await house.room(
            "Low days", *seated, (linden, "clinician"), *((peer, "member") for peer in self._peers)
        )
        await house.do(lambda work: setattr(place.get_place(work), "on_call", [str(heath.id)]))
        await self._appeal_to_nobody(sole)

    async def _appeal_to_nobody(self, sole: Actor) -> None:
        """A room with one moderator, who pauses somebody: nobody may judge the appeal."""
        peer = self._peers[0]
        self._small = room = await self._house.room("Small", (sole, "moderator"), (peer, "member"))
        case = await self._house.case(room, peer, urgency=Urgency.NONE, kind=CaseKind.HARM)
        await self._house.do(partial(_decide, actor=sole, case_id=case.id, action="pause"))

        def ask(work: Work) -> UUID:
            told = notices.list_mine(work, peer).notices
            notice = next(one for one in told if one.kind == "pause")
            appeals.appeal(work, peer, notice.id, "Please look.")
            query = select(Case.id).where(Case.appeal_of == notice.id)
            return work.session.exec(query).one()

        self.expected.appealed(await self._house.do(ask), self._clock.at)

    async def _restart(self, tick: timedelta) -> None:
        """In the middle of what is due, perhaps down for a while, and open again."""
        due = await self._house.database.read(by_itself.find_due)
        await self._loop(only=due[: self._chance.randint(0, len(due))])
        await self._observe()
        await self._close()
        self.counts["restarts"] += 1
        if self._chance.random() < 0.5:
            self._clock.at += tick * self._chance.randint(1, _OUTAGE_TICKS)
        self._open()
        if self._broken.at_restart:
            await self._house.do(self._broken.at_restart)

    async def _close(self) -> None:
        await self._house.database.close()
        if self._keys:
            self._keys.close()

    def _open(self) -> None:
        key_file = KeyFile.read(self._folder / "hearth.key")
        self._keys = KeyStore(self._folder / "keys.sqlite3", key_file)
        sealer, tell = Sealer(key_file, self._keys), self._told.extend
        if self._url:
            self._house.database = PostgresDatabase(self._url, sealer, self._clock, tell)
        else:
            path = self._folder / "hearth.sqlite3"
            self._house.database = SqliteDatabase(path, sealer, self._clock, tell)

    # --- what happens by itself ---

    async def _loop(self, only: Sequence[UUID] | None = None) -> None:
        """As the server does it, by the clock it believes in."""
        self._clock.at += self._broken.ahead
        if only is None:
            await do_what_is_due(self._house.database, has_command=False)
        for timer_id in only or ():
            await self._house.do(partial(by_itself.run, timer_id=timer_id, has_command=False))
        self._clock.at -= self._broken.ahead

    async def _observe(self) -> None:
        """What the audit log says has happened, at the drill's own time."""
        for happening, again in await self._house.database.read(self._new_happenings):
            self.expected.happened(happening, self._clock.at)
            if again:
                urgency = Urgency(again.urgency)
                self.expected.opened(again.id, urgency, self._clock.at, is_look=True)
            self._called += happening[1] == "call"
        self._alerts += sum(
            told.frame.alert
            for told in self._told
            if isinstance(told, ToStaff) and isinstance(told.frame, frames.QueueChanged)
        )
        self._told.clear()

    def _new_happenings(self, work: Work) -> list[tuple[Happening, Case | None]]:
        rows = work.session.exec(
            select(Audit).where(Audit.number > self._audited).order_by(col(Audit.number))
        ).all()
        self._audited = rows[-1].number if rows else self._audited
        found: list[tuple[Happening, Case | None]] = []
        for row in rows:
            kind, _, code = row.verb.removeprefix("case.").partition(".")
            if kind == "call":
                found.append(((UUID(row.subject), "call", _CODES[code]), None))
            elif kind == "lapse":
                found.append(((UUID(row.subject), "lapse", 1), None))
            elif kind == "look_again":
                again = work.session.get(Case, UUID(row.subject))
                assert again
                assert again.again_of
                assert again.open_key
                step = int(again.open_key.rpartition(":")[2])
                found.append(((again.again_of, "look", step), again))
        return found

    # --- what people do ---

    @property
    def _is_day(self) -> bool:
        return any(begin <= self._clock.at.hour < begin + _HOURS for begin in _BEGINS.values())

    async def _people_act(self) -> None:
        share = 1.0 if self._is_day else _NIGHT_SHARE
        for urgency, rate in _RATES.items():
            if self._chance.random() < rate * share:
                await self._come_to_need(urgency)
        for name, desk in self._desks.items():
            await self._keep_shift(name, desk)
            if desk.is_on:
                await self._work(name, desk)
        if not self._is_day:
            await self._answer_the_call()

    async def _come_to_need(self, urgency: Urgency) -> None:
        peer = self._chance.choice(self._peers)
        said = await self._house.say(self._room, peer, "It is a long evening.")
        case = await self._house.case(self._room, peer, said, urgency=urgency)
        self.counts["cases"] += 1
        self.counts["now"] += urgency is Urgency.NOW
        self.expected.opened(case.id, urgency, self._clock.at)

    async def _keep_shift(self, name: str, desk: Desk) -> None:
        """Fern ends hers; Still goes home without a word, and it ends with the session."""
        since = self._clock.at - self._clock.at.replace(hour=_BEGINS[name], minute=0, second=0)
        is_time = timedelta(0) <= since < timedelta(hours=_HOURS)
        if is_time and not desk.is_on:
            self._sessions[name] = self._clock.at + STAFF_LIFE
            await self._house.do(partial(_log_in, actor=desk.actor))
            await self._house.do(partial(queue.change_shift, actor=desk.actor, on=True))
        elif desk.is_on and not is_time:
            desk.case = None
            if name == "fern":
                await self._house.do(partial(queue.change_shift, actor=desk.actor, on=False))
                self.expected.gave_back(name)
        desk.is_on = is_time

    def _see_who_is_gone(self) -> None:
        """Whose session is over: the loop ends their shift, and what they held goes back."""
        for name, until in self._sessions.items():
            if self._clock.at >= until:
                self.expected.gave_back(name)

    async def _work(self, name: str, desk: Desk) -> None:
        if desk.case and not self.expected.holds(name, desk.case, self._clock.at):
            desk.case = None  # the claim ran out while the place was down
        if desk.case is None:
            given = await self._house.do(partial(queue.next_case, actor=desk.actor))
            if given.case is None:
                return
            self.expected.claimed(given.case, name, self._clock.at)
            if self._chance.random() >= _FORGETS:
                desk.case, desk.ticks = given.case, _LOOK_TICKS
            return
        desk.ticks -= 1
        if desk.ticks == 0:
            await self._decide(desk.actor, desk.case)
            desk.case = None

    async def _answer_the_call(self) -> None:
        for case_id in self.expected.calls_for_help(self._clock.at):
            if self._chance.random() < _COMES:
                self.expected.claimed(case_id, "heath", self._clock.at)
                await self._decide(self._heath, case_id)

    async def _decide(self, actor: Actor, case_id: UUID) -> None:
        action = self._chance.choice(("dismiss", "care_note"))
        decide = partial(_decide, actor=actor, case_id=case_id, action=action)
        try:
            await self._house.do(decide)
        except Claimed:  # by the rules it was free
            self.counts["held_by_another"] += 1
            return
        self.expected.closed(case_id, self._clock.at)

    # --- at the end ---

    async def _figures(self) -> dict[str, Any]:
        doubled, forsaken, is_lifted = await self._house.do(self._look_back)
        waits = {f"worst_wait_{u}": round(w, 2) for u, w in self.expected.worst_wait.items()}
        return (
            dict(self.counts)
            | self.expected.figures()
            | waits
            | {
                "alerts_astray": abs(self._alerts - self.counts["now"] - self._called),
                "notices_doubled": doubled,
                "shifts_forsaken": forsaken,
                "pause_lifted": is_lifted,
            }
        )

    def _look_back(self, work: Work) -> tuple[int, int, bool]:
        told = work.session.exec(
            select(Notice).where(col(Notice.kind).in_(("called", "nobody_yet")))
        ).all()
        each = Counter((n.member_id, n.kind, n.code, n.case_id or n.message_id) for n in told)
        seat = rooms.find_any_seat(work, self._small, self._peers[0].id)
        return (
            sum(count > 1 for count in each.values()),
            len(timers.forsaken_shifts(work)),
            seat is not None and seat.paused_until is None,
        )


def _log_in(work: Work, actor: Actor) -> None:
    work.session.add(
        Session(
            member_id=actor.id,
            token_digest=new_token().encode(),
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=work.now + STAFF_LIFE,
        )
    )


def _decide(work: Work, actor: Actor, case_id: UUID, action: Any) -> None:
    case = work.session.get(Case, case_id)
    assert case is not None
    asked = bodies.NewDecision(
        action=action,
        version=case.version,
        reason="For this drill.",
        words="We are here.",
        minutes=_LONG_PAUSE_MINUTES if action == "pause" else None,
    )
    decisions.decide(work, actor, case_id, asked)
