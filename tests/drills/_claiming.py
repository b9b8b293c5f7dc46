"""Moderators who race for the same cases over HTTP, and a record of all that they were answered."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from server.client import Declined, Http, Unreachable
from tests.drills._desk import Desk, Person

_ACTIONS = ("hide", "care_note", "warn", "escalate")
_GIVES_BACK_ONE_IN = 5
_READS_S = 0.05
_AT_ONCE = 6
"""How many pages of one moderator ask for the next case."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody asked for about a case. asked: the version they had read.

    got: the version it became, None when it was refused; then code and detail say why.
    what: claim, handed (by "next case"), release, or decide with its action.
    """

    who: UUID
    what: str
    case: UUID
    asked: int
    action: str = ""
    got: int | None = None
    code: str = ""
    detail: str = ""


class Claiming:
    """One desk at work. acts: everything asked for, in no order. counts: what else was seen."""

    def __init__(self, url: str, desk: Desk) -> None:
        self.acts: list[Act] = []
        self.counts: Counter[str] = Counter()
        self._desk = desk
        self._https = {one.id: Http(url, one.token) for one in (*desk.moderators, desk.watcher)}

    async def race(self, cases: list[UUID]) -> None:
        """Every moderator claims and decides every case, all at once, each as if alone."""
        pairs = [(one, case) for case in cases for one in self._desk.moderators]
        random.shuffle(pairs)
        await asyncio.gather(*(self._claim_and_decide(one, case) for one, case in pairs))
        self.counts["pairs"] += len(pairs)

    async def work_off(self) -> None:
        """Everybody has cases handed out to them on several pages, until nothing waits."""
        hands = [one for one in self._desk.moderators for _ in range(_AT_ONCE)]
        await asyncio.gather(*(self._take_next(one) for one in hands))

    async def _claim_and_decide(self, one: Person, case: UUID) -> None:
        won = await self._claim(one, case, 1)
        if won is None:  # as one who never read the refusal, or heard the version from elsewhere
            await self._decide(one, case, 1 + random.randint(0, 1))
            return
        await asyncio.sleep(random.uniform(0, _READS_S))
        if random.randrange(_GIVES_BACK_ONE_IN):
            await self._decide(one, case, won)
        else:
            await self._release(one, case, won)

    async def _take_next(self, one: Person) -> None:
        while True:
            answer = await self._call(one, "POST", "/api/queue/next")
            if answer["case"] is None:
                return
            case = UUID(answer["case"])
            line = (await self._call(one, "GET", f"/api/cases/{case}"))["line"]
            self.counts["not_mine"] += not line["claimed_by_me"]
            version: int = line["version"]
            self.acts.append(Act(one.id, "handed", case, version - 1, got=version))
            await self._decide(one, case, version)

    async def _claim(self, one: Person, case: UUID, version: int) -> int | None:
        act = Act(one.id, "claim", case, version)
        path = f"/api/cases/{case}/claim"
        return await self._try(one, act, "PUT", path, {"version": version})

    async def _release(self, one: Person, case: UUID, version: int) -> int | None:
        act = Act(one.id, "release", case, version)
        return await self._try(one, act, "DELETE", f"/api/cases/{case}/claim")

    async def _decide(self, one: Person, case: UUID, version: int) -> int | None:
        action = random.choice(_ACTIONS)
        act = Act(one.id, "decide", case, version, action)
        body = {"action": action, "version": version, "reason": "For this drill."}
        return await self._try(one, act, "POST", f"/api/cases/{case}/decisions", body)

    async def _try(
        self, one: Person, act: Act, method: str, path: str, body: object = None
    ) -> int | None:
        try:
            answer = await self._call(one, method, path, body)
        except Declined as refusal:
            self.acts.append(replace(act, code=refusal.code, detail=refusal.detail))
            return None
        except Unreachable:
            self.counts["no_answer"] += 1
            return None
        got: int = answer.get("line", answer)["version"]
        self.acts.append(replace(act, got=got))
        return got

    async def _call(self, one: Person, method: str, path: str, body: object = None) -> Any:
        """As often as it takes where the server says that it is busy and nothing happened."""
        while True:
            try:
                return await self._https[one.id].call(method, path, body)
            except Declined as refusal:
                if refusal.code != "unavailable":
                    raise
                self.counts["busy"] += 1
                await asyncio.sleep((refusal.retry_after_s or 1.0) * random.uniform(1, 2))
