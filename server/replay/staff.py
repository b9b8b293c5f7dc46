"""The moderator and the clinician who are connected while people talk."""

import asyncio
import contextlib
from uuid import UUID

from server.client import ClientError, Declined, Http
from server.protocol import bodies, frames
from server.protocol.climate import Climate

_PAUSE_S = 0.5
_WEEK_EVERY_S = 2.0
_MOST_PAGES = 1_000


class Moderator:
    """Counts `queue` frames and opens each case over HTTP, as somebody at work would."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._to_open: asyncio.Queue[UUID] = asyncio.Queue()
        self.cases: set[UUID] = set()
        self.opened = 0
        self.queue_frames = 0
        self.unassessed_peak = 0

    def hear(self, frame: frames.ServerFrame) -> None:
        """From the moderator's socket."""
        if isinstance(frame, frames.QueueChanged):
            self.queue_frames += 1
            if frame.case not in self.cases:
                self.cases.add(frame.case)
                self._to_open.put_nowait(frame.case)

    async def open_cases(self) -> None:
        """One after the other, until cancelled; while the server is away, again and again."""
        while True:
            case = await self._to_open.get()
            try:
                await self._http.read(f"/api/cases/{case}", bodies.Case)
                self.opened += 1
            except ClientError as error:
                if not isinstance(error, Declined):
                    self._to_open.put_nowait(case)
                    await asyncio.sleep(_PAUSE_S)

    async def watch_unassessed(self) -> None:
        """How many messages wait to be read, as the queue shows it; until cancelled."""
        while True:
            with contextlib.suppress(ClientError):
                queue = await self._http.read("/api/queue", bodies.Queue)
                self.unassessed_peak = max(self.unassessed_peak, queue.not_assessed)
            await asyncio.sleep(1)

    async def read_all(self, rooms: list[UUID]) -> int:
        """All open cases of these rooms, also those whose frame fell into a restart. Returns the unassessed."""
        unassessed = 0
        for room in rooms:
            after = ""
            for _ in range(_MOST_PAGES):
                page = await self._http.read(f"/api/queue?room={room}{after}", bodies.Queue)
                self.cases.update(line.id for line in page.cases)
                unassessed = page.not_assessed
                if page.after is None:
                    break
                after = f"&after={page.after}"
        return unassessed


class Clinician:
    """Reads the climate of each room, again and again."""

    def __init__(self, http: Http, rooms: list[UUID]) -> None:
        self._http = http
        self._rooms = rooms
        self.weeks_read = 0
        self.refused = 0

    async def read_weeks(self) -> None:
        """Until cancelled."""
        while True:
            for room in self._rooms:
                await self._read(room)
            await asyncio.sleep(_WEEK_EVERY_S)

    async def _read(self, room: UUID) -> None:
        try:
            await self._http.read(f"/api/clinic/rooms/{room}/climate", Climate)
            self.weeks_read += 1
        except Declined:
            self.refused += 1
        except ClientError:
            await asyncio.sleep(_PAUSE_S)
