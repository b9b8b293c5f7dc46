"""What was said and not yet answered, in order. It outlives the line it was sent on."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from server.protocol import frames

Answer = frames.Posted | frames.Nudge | frames.Held | frames.Refused
Saying = frames.Post | frames.Edit


@dataclass(slots=True)
class Unanswered:
    """One post or edit. `sent_on`: the number of the line it went out on; 0 means on none yet."""

    frame: Saying
    answer: "asyncio.Future[Answer]"
    sent_on: int = 0


@dataclass(slots=True)
class Outbox:
    """Keyed by client_id, which stays the same when a frame is sent again: so it is said once."""

    _waiting: dict[UUID, Unanswered] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: Saying) -> "asyncio.Future[Answer]":
        """Keep it until it is answered. The same client_id again takes the place of the one before."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[frame.client_id] = Unanswered(frame, future)
        return future

    def unsent(self, line: int) -> Iterator[Unanswered]:
        """What has not gone out on this line, oldest first; each is marked as sent when it is taken."""
        while waiting := next((w for w in self._waiting.values() if w.sent_on != line), None):
            waiting.sent_on = line
            yield waiting

    def answered(self, answer: Answer) -> None:
        """Resolve what this answers. An answer to a repetition finds nothing, and that is well."""
        waiting = self._waiting.pop(answer.client_id, None) if answer.client_id else None
        if waiting and not waiting.answer.done():
            waiting.answer.set_result(answer)

    def forget(self, client_id: UUID) -> None:
        """Send it no more. It may have been said all the same."""
        self._waiting.pop(client_id, None)

    def fail(self, error: Exception) -> None:
        """No line will carry them any more."""
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
        self._waiting.clear()
