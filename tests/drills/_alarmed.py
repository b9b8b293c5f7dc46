"""A moderator who watches during a drill: when each case was told of, and whether what nobody read is listed."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from uuid import UUID

from server.client import ClientError, Http
from server.protocol import bodies, frames

_EVERY_S = 0.2
_UNREAD = """
    SELECT assessment.message_id FROM assessment JOIN message ON message.id = assessment.message_id
    WHERE NOT assessed AND state = 'published'
"""
_WAITING = f"{_UNREAD} AND why_not IN ('late', 'broken')"
"""Not those in a language that no model reads: a person reads them."""


class Watch:
    """told_s: when a case was first told of. counts: what was looked at, and what was wrong with it."""

    def __init__(self, url: str, token: str, database: Path) -> None:
        self.told_s: dict[UUID, float] = {}
        self.counts: Counter[str] = Counter()
        self.seen_unread: set[UUID] = set()
        self._http = Http(url, token)
        self._database = database

    def hear(self, frame: frames.ServerFrame) -> None:
        """Each frame on the moderator's line."""
        if isinstance(frame, frames.QueueChanged):
            self.told_s.setdefault(frame.case, time.perf_counter())

    async def look(self) -> None:
        """Until cancelled: is what stands unread said to be unread?"""
        while True:
            try:
                await self.look_once()
            except (ClientError, sqlite3.OperationalError):
                self.counts["nobody_answered"] += 1  # the server is being killed
            await asyncio.sleep(_EVERY_S)

    async def look_once(self) -> None:
        """What was unread before and after the list was asked for must be on it, and in its case."""
        before = await asyncio.to_thread(self.unread)
        listed = await self._http.read("/api/not-assessed", bodies.NotAssessed)
        after = await asyncio.to_thread(self.unread)
        on_list = {message.id for message in listed.messages}
        self.seen_unread |= before
        self.counts["looks"] += 1
        self.counts["unread_not_listed"] += len((before & after) - on_list)

    async def look_into(self, case: UUID, message: UUID) -> None:
        """A case about words that no model read must not say that one did."""
        before = await asyncio.to_thread(self.unread)
        shown = await self._http.read(f"/api/cases/{case}", bodies.Case)
        after = await asyncio.to_thread(self.unread)
        if message in before & after:
            self.counts["unread_cases"] += 1
            self.counts["unread_shown_as_read"] += shown.assessed

    def unread(self) -> set[UUID]:
        """The published messages that nothing has read yet."""
        return self._ask(_UNREAD)

    def waiting(self) -> set[UUID]:
        """Those of them that are read as soon as a model can."""
        return self._ask(_WAITING)

    def _ask(self, query: str) -> set[UUID]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as database:
            return {UUID(row[0]) for row in database.execute(query)}
