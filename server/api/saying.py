"""Posts and edits on their way in: read before any transaction, counted, said; and screened when refused.

Whatever refuses words, they are read for danger first: silence is never the answer.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from moderation.classifier import Assessment, Passage
from moderation.lexicon import find
from server import tracing
from server.access import Actor
from server.api.depend import Parts
from server.counting import COUNTS
from server.errors import BadFrame, ServerError, TooFast, Unavailable
from server.ids import new_id
from server.limits import Kind
from server.protocol import frames
from server.protocol.base import TEXT_LIMIT, Wire
from server.services import editing, posting, reading
from server.services.ordinary import Draft
from server.services.reading import Reading

log = logging.getLogger(__name__)

_OVERLAP = 400
_MOST_WINDOWS = 12
"""Some 40,000 code points of a text too long to post: more than a letter."""

Say = Callable[[], Awaitable[list[Wire]]]


class Saying:
    """What one member says, on a socket or by a form; `tell` takes the answers, for the author alone."""

    __slots__ = ("_actor", "_parts", "_tell")

    def __init__(self, parts: Parts, actor: Actor, tell: Callable[[Wire], None]) -> None:
        self._parts = parts
        self._actor = actor
        self._tell = tell

    async def post(self, frame: frames.Post) -> None:
        """Say something new."""
        began = time.perf_counter()
        try:
            await self._post(frame)
        finally:
            COUNTS.posted_s.add(time.perf_counter() - began)

    async def _post(self, frame: frames.Post) -> None:
        read = await self._assess(frame.room, frame.text, frame.reply_to, frame.content_note)
        draft = Draft(self._actor, frame, read)
        await self._say(
            lambda: self._parts.database.do_together(posting.POSTS, draft),
            frame, read, "post_burst", "post",
        )  # fmt: skip

    async def edit(self, frame: frames.Edit) -> None:
        """Other words for one's own message."""
        answered = await self._parts.database.read(
            lambda work: editing.answered_by(work, self._actor, frame.room, frame.message)
        )
        read = await self._assess(frame.room, frame.text, answered, None)
        await self._say(
            lambda: self._parts.database.do(
                lambda work: editing.edit(work, self._actor, frame, read)
            ),
            frame, read, "post",
        )  # fmt: skip

    async def screen(self, parsed: Any) -> None:
        """Words that were no valid frame (too long, say) may still be a cry for help."""
        try:
            for refused in _windows(parsed):
                if hits := find(refused.text):
                    standing = self._parts.reader.in_force
                    read = Reading(Assessment.not_assessed("refused"), hits, standing)
                    self._answer((await self._refused(refused, read, BadFrame()))[:-1])
                    return
        except Exception as error:
            log.error("screening failed: %s", type(error).__name__)

    def _answer(self, answers: list[Wire]) -> None:
        for answer in answers:
            self._tell(answer)

    async def _say(
        self, say: Say, frame: frames.Post | frames.Edit, read: Reading, *kinds: Kind
    ) -> None:
        try:
            self._parts.limits.hit("frame", str(self._actor.session))
            for kind in kinds:
                await self._parts.limits.count(kind, str(self._actor.id))
            answers = await say()
        except Unavailable:
            raise  # nothing was decided: the client tries again
        except ServerError as refusal:
            answers = await self._refused(frame, read, refusal)
        self._answer(answers)

    async def _refused(
        self, frame: frames.Post | frames.Edit, read: Reading, refusal: ServerError
    ) -> list[Wire]:
        """Support always; a case and a private line as often as a person could mean it."""
        opens_line = True
        try:
            await self._parts.limits.count("screened", str(self._actor.id))
        except TooFast:
            opens_line = False
        return await self._parts.database.do(
            lambda work: posting.refuse(
                work, self._actor, frame, read, refusal, opens_line=opens_line
            )
        )

    async def _assess(
        self, room: UUID, text: str, reply_to: UUID | None, note: str | None
    ) -> Reading:
        """Before any transaction: the model under its deadline, the lexicon always."""
        whole = reading.whole_text(note, text)
        passage = Passage(whole)
        if reply_to is not None:
            passage = await self._parts.database.read(
                lambda work: reading.passage(work, self._actor, room, whole, reply_to)
            )
        with tracing.span("reading"):
            read = await self._parts.reader.read(passage)
        return read.shifted(len(whole) - len(text))


def _windows(parsed: Any) -> Iterator[frames.Post]:
    """What can be read of a post or an edit that was refused, a message's length at a time."""
    with suppress(LookupError, ValueError, AttributeError, TypeError):
        if parsed["type"] in {"post", "edit"}:
            room, text = UUID(parsed["room"]), _shown(parsed["text"])
            client_id = _client_id(parsed)
            for number in range(_MOST_WINDOWS):
                window = text[number * (TEXT_LIMIT - _OVERLAP) :][:TEXT_LIMIT]
                if window.strip():
                    yield frames.Post(type="post", room=room, client_id=client_id, text=window)


def _shown(text: str) -> str:
    """Without what cannot be stored or shown."""
    return "".join(" " if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)


def _client_id(parsed: Any) -> UUID:
    with suppress(LookupError, ValueError, AttributeError, TypeError):
        return UUID(parsed["client_id"])
    return new_id()
