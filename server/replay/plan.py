"""Who says what next: a reply only after its post is acknowledged, and by somebody else."""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from server.replay.conversations import Conversation


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to say. asker: who said the post it answers, and must not answer it."""

    text: str
    room: UUID
    replies: tuple[str, ...] = ()
    reply_to: UUID | None = None
    asker: int | None = None


class Plan:
    """Turns for `people`, who each take one at a time. Replies come before new posts."""

    def __init__(
        self, conversations: Iterable[Conversation], rooms: list[UUID], people: int
    ) -> None:
        self._posts = _posts(conversations, rooms)
        self._replies: deque[Turn] = deque()
        self._people = people
        self._under_way = 0
        self._changed = asyncio.Event()
        self._spent = False

    async def take(self, person: int) -> Turn | None:
        """The next turn for this person; None when there will be no more."""
        while True:
            turn = self._reply_for(person) or self._next_post()
            if turn:
                self._under_way += 1
                return turn
            if self._spent and not self._replies and not self._under_way:
                return None
            self._changed.clear()
            await self._changed.wait()

    def said(self, turn: Turn, person: int, message: UUID | None) -> None:
        """A turn is over; message: the acknowledged post, or None when there is nothing to answer."""
        self._under_way -= 1
        if message:
            for text in turn.replies:
                self._replies.append(Turn(text, turn.room, reply_to=message, asker=person))
        self._changed.set()

    def _reply_for(self, person: int) -> Turn | None:
        for turn in self._replies:
            if turn.asker != person or self._people == 1:
                self._replies.remove(turn)
                return turn
        return None

    def _next_post(self) -> Turn | None:
        turn = next(self._posts, None)
        self._spent = turn is None
        return turn


def _posts(conversations: Iterable[Conversation], rooms: list[UUID]) -> Iterator[Turn]:
    for number, conversation in enumerate(conversations):
        yield Turn(conversation.post, rooms[number % len(rooms)], tuple(conversation.replies))
