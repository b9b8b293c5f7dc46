"""What was said and not yet answered, in order. It outlives the line it was sent on."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from server.protocol import frames

Answer = frames.Posted | frames.Nudge | frames.Held | frames.Refused
Saying = frames.Post | frames.Edit

_FIRST_REST_S = 2.0
_MOST_REST_S = 60.0


@dataclass(slots=True)
class Unanswered:
    """One post or edit, and whoever waits for its answer.

    sent_on: the number of the line it went out on; 0 means on none yet.
    retries: how often a refusal that says `retryable` is not its answer yet.
    rest_s: not to be sent for so long, after such a refusal; nothing of its room overtakes it.
    """

    frame: Saying
    answers: "list[asyncio.Future[Answer]]"
    retries: int = 0
    sent_on: int = 0
    tried: int = 0
    rest_s: float | None = None

    def rests(self, refused: frames.Refused) -> bool:
        """Whether this refusal only means: later."""
        if not refused.retryable or self.tried >= self.retries:
            return False
        growing_s = min(_MOST_REST_S, _FIRST_REST_S * 2**self.tried)
        self.rest_s = growing_s if refused.retry_after_s is None else refused.retry_after_s
        self.tried += 1
        self.sent_on = 0
        return True


@dataclass(slots=True)
class Outbox:
    """Keyed by client_id, which stays the same when a frame is sent again: so it is said once."""

    _waiting: dict[UUID, Unanswered] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: Saying, *, retries: int = 0) -> "asyncio.Future[Answer]":
        """Keep it until it is answered. The same client_id again takes the place of the one before."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        before = self._waiting.get(frame.client_id)
        answers = [*before.answers, future] if before else [future]
        self._waiting[frame.client_id] = Unanswered(frame, answers, retries)
        return future

    def unsent(self, line: int) -> Iterator[Unanswered]:
        """What may go out on this line, oldest first; each is marked as sent when it is taken."""
        while waiting := self._next(line):
            waiting.sent_on = line
            yield waiting

    def answered(self, answer: Answer) -> Unanswered | None:
        """Resolve what this answers, or return what is to rest before it is sent again.

        An answer to a repetition finds nothing, and that is well.
        """
        waiting = self._waiting.get(answer.client_id) if answer.client_id else None
        if waiting is None:
            return None
        if isinstance(answer, frames.Refused) and waiting.rests(answer):
            return waiting
        del self._waiting[waiting.frame.client_id]
        for future in waiting.answers:
            if not future.done():
                future.set_result(answer)
        return None

    def forget(self, client_id: UUID) -> None:
        """Send it no more, unless somebody else waits for it. It may have been said all the same."""
        waiting = self._waiting.get(client_id)
        if waiting and all(future.done() for future in waiting.answers):
            del self._waiting[client_id]

    def fail(self, error: Exception) -> None:
        """No line will carry them any more."""
        for waiting in self._waiting.values():
            for future in waiting.answers:
                if not future.done():
                    future.set_exception(error)
        self._waiting.clear()

    def _next(self, line: int) -> Unanswered | None:
        behind: set[UUID] = set()
        for waiting in self._waiting.values():
            if waiting.rest_s is not None:
                behind.add(waiting.frame.room)
            elif waiting.sent_on != line and waiting.frame.room not in behind:
                return waiting
        return None
