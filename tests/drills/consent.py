"""Members share and take back 200 times while clinicians read: nobody sees after it, and each look has a receipt."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select, update

from server.client import Client, Http
from server.client.errors import Declined
from server.protocol import care, frames
from server.replay.staging import new_tag
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.store.tables import Consent, Emergency, Member, Receipt
from server.store.work import Work
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import until
from tests.drills.claims import Fresh, _postgres

_CONTROL_ROUNDS = 5
_WORDING = "2026-12 en"
_SOON_S = 1.0
_TOLD_S = 30.0


def run() -> dict[str, Any]:
    """ROUNDS (200) on each engine, CARERS (2); POSTGRES=0: leave it out.

    ok: no read that began after a withdrawal's answer succeeds, nothing is seen after a consent or an
    emergency ran out by the clock, and there are exactly as many receipts as looks that were shown.
    Control: a server that keeps its answer for a minute.
    """
    figures = {"sqlite": asyncio.run(_on(lambda: {}))}
    with _postgres() as fresh:
        if fresh:
            figures["postgres"] = asyncio.run(_on(fresh))
    caught = all(found["control_caught"] for found in figures.values())
    return figures | {"control_caught": caught, "ok": all(one["ok"] for one in figures.values())}


async def _on(fresh: Fresh) -> dict[str, Any]:
    found = await _drill(fresh(), size("ROUNDS", 200), {})
    control = await _drill(fresh(), _CONTROL_ROUNDS, {"DRILL_KEEPS_SIGHT": "60"})
    is_caught = control["seen_after"] > 0
    is_clean = (
        not found["seen_after"]
        and not found["seen_after_end"]
        and found["receipts"] == found["looks_shown"]
        and not found["receipts_without"]
        and found["rounds_seen"] == found["rounds"]
        and found["not_told"] == 0
        and found["emergency"] == _SOUND_EMERGENCY
    )
    return found | {
        "control_seen_after": control["seen_after"],
        "control_caught": is_caught,
        "ok": is_clean and is_caught,
    }


_SOUND_EMERGENCY = {
    "before": False, "confirmed": True, "other": False, "after": False, "told": True,
}  # fmt: skip


async def _drill(
    settings: Mapping[str, str], rounds: int, changed: Mapping[str, str]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-consent-") as folder:
        circumstances = Circumstances(changed=changed)
        server = DrillServer(Path(folder), circumstances, limits="bench", **settings)
        try:
            await server.start()
            group = await server.on_database(partial(_Group, carers=size("CARERS", 2)))
            return await _Sharing(server, group).run(rounds, whole=not changed)
        finally:
            server.kill()


class _Group:
    """A member, clinicians and a room they share."""

    def __init__(self, work: Work, carers: int) -> None:
        tag = new_tag()
        self.room = make_room(work, f"Drill {tag}", "A drill; it ends with the drill.").id
        self.name = f"drill {tag} member"
        self.member, self.token = self._seat(work, self.name, "peer")
        self.carers = [
            self._seat(work, f"drill {tag} carer {n}", "clinician")[1] for n in range(carers)
        ]

    def _seat(self, work: Work, name: str, role: str) -> tuple[UUID, str]:
        member = Member(
            pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now
        )
        work.session.add(member)
        work.session.flush()
        seats.take_seat(work, self.room, member.id, seats.seat_for(role))
        return member.id, sessions.open_session(work, member, "program").token


@dataclass(slots=True)
class _Read:
    """One try to see, by a clock of this process."""

    began: float
    ended: float
    seen: bool


@dataclass(slots=True)
class _Carer:
    """A clinician who asks all the time, and whose page listens."""

    http: Http
    path: str
    reads: list[_Read] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    stopped: bool = False

    async def read_on(self) -> None:
        """Until stopped; what is under way is always waited for, or a look would go uncounted."""
        while not self.stopped:
            await self.look()

    async def look(self) -> bool:
        began = time.perf_counter()
        try:
            await self.http.call("GET", self.path)
            seen = True
        except Declined as refused:
            if refused.code != "not_found":
                raise
            seen = False
        self.reads.append(_Read(began, time.perf_counter(), seen))
        return seen

    def hear(self, frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.SightChanged):
            self.told.append(time.perf_counter())

    def since(self, at: float) -> list[_Read]:
        return [read for read in self.reads if read.began >= at]


class _Sharing:
    """One run on one server."""

    def __init__(self, server: DrillServer, group: _Group) -> None:
        self._server, self._group = server, group
        self._me = Http(server.url, group.token)
        path = f"/api/clinic/rooms/{group.room}/people/{group.member}/moods"
        self._carers = [_Carer(Http(server.url, token), path) for token in group.carers]
        self._share = f"/api/me/care/{group.room}/mood"
        self._givings: list[float] = []
        """When each giving began; and last, when the rounds were over."""
        self._given: list[float] = []
        self._withdrawals: list[float] = []
        self._answers: list[float] = []
        self._seen_after_end = 0

    async def run(self, rounds: int, *, whole: bool) -> dict[str, Any]:
        """The figures. whole: also what ends by the clock, which a control need not wait for."""
        await self._me.call("POST", "/api/me/moods", {"client_id": str(uuid4()), "feeling": "low"})
        async with asyncio.TaskGroup() as group:
            lines = [
                await self._listen(carer, token)
                for carer, token in zip(self._carers, self._group.carers, strict=True)
            ]
            for carer in self._carers:
                group.create_task(carer.read_on())
            for _ in range(rounds):
                await self._one_round()
            for carer in self._carers:
                carer.stopped = True
        self._givings.append(time.perf_counter())
        expiry_s = await self._runs_out() if whole else 0.0
        emergency = await self._emergency() if whole else {}
        for line in lines:
            await line.close()
        return await self._figures(rounds, expiry_s, emergency)

    async def _listen(self, carer: _Carer, token: str) -> Client:
        line = Client(self._server.url, token, tap=carer.hear)
        await line.connect()
        await until(lambda: line.is_up)
        return line

    async def _one_round(self) -> None:
        self._givings.append(time.perf_counter())
        await self._me.call("PUT", self._share, {"wording": _WORDING, "months": 1})
        given = time.perf_counter()
        self._given.append(given)
        await until(lambda: all(any(r.seen for r in c.since(given)) for c in self._carers))
        self._withdrawals.append(time.perf_counter())
        await self._me.call("DELETE", self._share)
        answered = time.perf_counter()
        self._answers.append(answered)
        await until(lambda: all(len(c.since(answered)) >= 2 for c in self._carers))

    async def _runs_out(self) -> float:
        """How long after its end, by the clock, a consent was first seen to be over."""
        await self._me.call("PUT", self._share, {"wording": _WORDING, "months": 1})
        await self._server.on_database(partial(_ends_soon, kind=Consent))
        return await self._over(self._carers[0])

    async def _over(self, carer: _Carer) -> float:
        """Reads until it is refused; counts what is seen half a second after the end."""
        end = time.perf_counter() + _SOON_S
        while await carer.look():
            self._seen_after_end += carer.reads[-1].began > end + 0.5
        late_s = carer.reads[-1].ended - end
        self._seen_after_end += await carer.look()
        return round(late_s, 3)

    async def _emergency(self) -> dict[str, bool]:
        """Asked by one, confirmed by another; and after its end the member knows."""
        one, other = self._carers[:2]
        new = care.NewEmergency(
            name=self._group.name, reason="danger", words="A drill.", at_once=False
        )
        path = f"/api/clinic/rooms/{self._group.room}/emergencies"
        asked = (await one.http.call("POST", path, new))["emergencies"][0]["id"]
        before = await one.look()
        await other.http.call("POST", f"/api/emergencies/{asked}/answer", {"confirm": True})
        confirmed, others = await one.look(), await other.look()
        await self._server.on_database(partial(_ends_soon, kind=Emergency))
        await self._over(one)
        told = await self._told()
        return {
            "before": before, "confirmed": confirmed, "other": others,
            "after": await one.look(), "told": told,
        }  # fmt: skip

    async def _told(self) -> bool:
        end = time.perf_counter() + _TOLD_S
        while time.perf_counter() < end:
            notices = (await self._me.call("GET", "/api/me/notices"))["notices"]
            if any(notice["kind"] == "emergency" for notice in notices):
                return True
            await asyncio.sleep(0.2)
        return False

    async def _figures(
        self, rounds: int, expiry_s: float, emergency: dict[str, bool]
    ) -> dict[str, Any]:
        reads = [read for carer in self._carers for read in carer.reads]
        kept = await self._server.on_database(partial(_kept, member=self._group.member))
        lines = (await self._me.call("GET", "/api/me/receipts"))["receipts"]
        effects = [effect for at in self._answers for effect in self._effects(at)]
        heard = [self._heard_s(carer, n) for n in range(rounds) for carer in self._carers]
        return {
            "rounds": rounds,
            "rounds_seen": sum(self._was_seen(n) for n in range(rounds)),
            "reads": len(reads),
            "refused": sum(not read.seen for read in reads),
            "looks_shown": sum(read.seen for read in reads),
            "receipts": kept["receipts"],
            "receipts_without": kept["without"],
            "receipts_told": sum(line["looks"] for line in lines),
            "seen_after": sum(self._seen_after(at) for at in range(rounds)),
            "slowest_effect_s": round(max(effects, default=0.0), 3),
            "slowest_event_s": round(max((s for s in heard if s is not None), default=0.0), 3),
            "not_told": sum(s is None for s in heard),
            "expiry_late_s": expiry_s,
            "seen_after_end": self._seen_after_end,
            "emergency": emergency,
        }

    def _was_seen(self, number: int) -> bool:
        given, answered = self._given[number], self._answers[number]
        return all(
            any(read.seen and read.ended < answered for read in carer.since(given))
            for carer in self._carers
        )

    def _seen_after(self, number: int) -> int:
        """Reads that began after the answer, were over before the next giving began, and succeeded."""
        begin, end = self._answers[number], self._givings[number + 1]
        return sum(
            read.seen and read.ended < end for carer in self._carers for read in carer.since(begin)
        )

    def _effects(self, answered: float) -> list[float]:
        """How long after the answer something begun before it still came in."""
        return [
            read.ended - answered
            for carer in self._carers
            for read in carer.reads
            if read.seen and read.began < answered < read.ended
        ]

    def _heard_s(self, carer: _Carer, number: int) -> float | None:
        """When the page heard of it, seconds from the answer (0: before it). None: not within 5 s."""
        asked, answered = self._withdrawals[number], self._answers[number]
        heard = [at for at in carer.told if asked < at < answered + 5]
        return max(0.0, heard[0] - answered) if heard else None


def _ends_soon(work: Work, kind: type[Consent] | type[Emergency]) -> None:
    """What stands ends in a second, as if its time had come."""
    query = update(kind).where(col(kind.until) > work.now)
    if kind is Consent:
        query = query.where(col(Consent.withdrawn_at).is_(None))
    work.session.exec(query.values(until=work.now + timedelta(seconds=_SOON_S)))


def _kept(work: Work, member: UUID) -> dict[str, int]:
    rows = work.session.exec(select(Receipt).where(Receipt.member_id == member)).all()
    without = [row for row in rows if row.consent_id is None and row.emergency_id is None]
    return {"receipts": len(rows), "without": len(without)}
