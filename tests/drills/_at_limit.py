"""Somebody who has said as much as they may, and tries again: how long a limit holds, beside what it said."""

import asyncio
import time
from uuid import UUID, uuid4

from server.client import Answer, Client
from server.protocol import frames

_MOST_POSTS = 100
_GRACE_S = 5.0
_GIVE_UP_S = 20.0
_EVERY_S = 0.5


class AtLimit:
    """told_s: when to come back, by the refusal; None: no limit was met. held_s: when it really opened."""

    def __init__(self, client: Client, room: UUID) -> None:
        self._client = client
        self._room = room
        self.told_s: float | None = None
        self.held_s = 0.0

    @property
    def kept_its_word(self) -> bool:
        """Whether a limit was met, and held about as long as it said."""
        return self.told_s is not None and self.held_s <= self.told_s + _GRACE_S

    async def reach(self) -> None:
        """Speak without a pause until it is too fast."""
        for _ in range(_MOST_POSTS):
            answer = await self._say()
            if isinstance(answer, frames.Refused) and answer.code == "too_fast":
                self.told_s = answer.retry_after_s
                return

    async def wait(self) -> None:
        """Until something is taken again; not much longer than was said."""
        began = time.monotonic()
        most_s = (self.told_s or 0.0) + _GIVE_UP_S
        while self.held_s < most_s:
            answer = await self._say()
            self.held_s = time.monotonic() - began
            if isinstance(answer, frames.Posted):
                return
            await asyncio.sleep(_EVERY_S)

    async def _say(self) -> Answer:
        text = "I only wanted to say that I am here, and that I read along."
        return await self._client.say(
            frames.Post(type="post", room=self._room, client_id=uuid4(), text=text)
        )
