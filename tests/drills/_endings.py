"""Seats and sessions that end while a room talks, one way after the other."""

import asyncio
import time
from collections import Counter
from statistics import quantiles
from typing import Any, Final

from websockets.exceptions import InvalidStatus

from server.client import Http
from server.protocol import bodies, frames
from tests.drills._revoking import IN_ORDER, OF_ROOM, Ear, Place, Seated, Talk, decide, raise_case
from tests.drills._waiting import has_become, until

ENDINGS: Final = ("removed", "left", "session", "place", "paused")
_LINGER_S = 0.2
_OK = 200


class Endings:
    """Each time another one goes, one way after the other."""

    def __init__(self, place: Place, talk: Talk, given_up_s: float = 5.0) -> None:
        self._place, self._talk, self._given_up_s = place, talk, given_up_s
        self._fern = Http(place.url, place.fern.token)
        self._counts: Counter[str] = Counter()
        self._took_s: list[float] = []

    async def all(self, rounds: int) -> None:
        """So many, one after the other: which seat ended is read off the room."""
        for number in range(rounds):
            await self.once(number)

    async def once(self, number: int) -> None:
        """The number says who goes, and in which way."""
        kind, victim = ENDINGS[number % len(ENDINGS)], self._place.victims[number]
        ear = await Ear.open(self._place, victim)
        await until(lambda: ear.count("message") >= 2)
        case = await self._case(ear) if kind in {"removed", "paused"} else None
        began = time.perf_counter()
        await self._end(kind, victim, case)
        answered = time.perf_counter()
        if kind == "paused":
            self._counts["said_after_pause"] += (await ear.post("After it."))["type"] != "refused"
        else:
            await self._gone(kind, ear, began, answered)
            await self._comes_back(kind, victim)
        self._counts["ended"] += 1
        await ear.close()

    async def _case(self, ear: Ear) -> bodies.CaseLine:
        """About something they said: a moderator flags it, and looks."""
        message = (await ear.post("Something that is looked at."))["id"]
        return await raise_case(self._place, self._fern, message)

    async def _end(self, kind: str, victim: Seated, case: bodies.CaseLine | None) -> None:
        mine, place = Http(self._place.url, victim.token), self._place
        if case:
            action = "pause" if kind == "paused" else "remove_member"
            await decide(self._fern, case, action)
        elif kind == "left":
            await mine.call("DELETE", f"/api/rooms/{place.room}/seat")
        elif kind == "session":
            await mine.call("DELETE", "/api/sessions/current")
        else:
            body = {"state": "removed", "reason": "For this drill."}
            steward = Http(place.url, place.steward.token)
            await steward.call("PATCH", f"/api/steward/members/{victim.id}", body)

    async def _gone(self, kind: str, ear: Ear, began: float, answered: float) -> None:
        def ended() -> float | None:
            told = ear.when(lambda frame: frame["type"] == "left")
            return ear.ended_s if kind in {"session", "place"} else told

        in_time = await has_become(lambda: ended() is not None, self._given_up_s)
        # Where the machine stood still, the time may be over and the end have come before anybody looked.
        if not in_time or (ended() or 0.0) - began > self._given_up_s:
            self._counts["not_ended"] += 1
        else:
            self._took_s.append((ended() or 0.0) - began)
        if kind in {"session", "place"} and ear.code not in {None, frames.Close.SESSION}:
            self._counts["not_ended"] += 1
        await asyncio.sleep(_LINGER_S)
        last = await self._last_seq(began) if kind != "session" else None
        self._counts["heard_after"] += sum(
            self._is_after(frame, at, ended(), answered) for at, frame in ear.heard
        )
        self._counts["later_seq"] += sum(
            last is not None and frame["type"] in IN_ORDER and frame["seq"] > last
            for _, frame in ear.heard
        )

    def _is_after(
        self, frame: dict[str, Any], at: float, ended: float | None, answered: float
    ) -> bool:
        """Sent when it was over already; or of the room, and heard after they were told."""
        if frame["type"] == "message" and (self._talk.said_at(frame["text"]) or 0.0) > answered:
            return True
        return frame["type"] in OF_ROOM and ended is not None and at > ended

    async def _last_seq(self, began: float) -> int:
        """The `seq` at which the seat ended, as those who stayed hear it."""
        ear = self._talk.ear

        def found() -> int | None:
            return next(
                (
                    frame["seq"]
                    for at, frame in ear.heard
                    if at > began and frame["type"] == "changed" and frame["change"] == "left"
                ),
                None,
            )

        await until(lambda: found() is not None)
        return found() or 0

    async def _comes_back(self, kind: str, victim: Seated) -> None:
        """By the API, by the plain page, and by a new line."""
        paths = f"/api/rooms/{self._place.room}/messages", f"/plain/rooms/{self._place.room}"
        for path in paths:
            status, page = await asyncio.to_thread(
                self._place.get, path, victim.token, as_page=path == paths[1]
            )
            self._counts["read_after"] += b"Said " in page or (path == paths[0] and status == _OK)
        try:
            again = await Ear.open(self._place, victim)
        except (InvalidStatus, OSError):
            return
        await has_become(lambda: again.ended_s is not None or again.count("refused") > 0, 1.0)
        self._counts["back_in"] += again.count("joined") + again.count("message")
        await again.close()

    def figures(self) -> dict[str, Any]:
        """Counts; and how long it took from asking until they were told, or the line was closed."""
        names_of = (
            "ended", "heard_after", "later_seq", "not_ended", "read_after", "back_in",
            "said_after_pause",
        )  # fmt: skip
        took = sorted(self._took_s) or [0.0]
        cuts = quantiles(took, n=20, method="inclusive") if len(took) > 1 else took * 19
        return {name: self._counts[name] for name in names_of} | {
            "p50_s": round(cuts[9], 3),
            "p95_s": round(cuts[18], 3),
            "max_s": round(took[-1], 3),
        }
