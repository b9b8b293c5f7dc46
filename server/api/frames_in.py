"""What each frame from a client does: parse, call ONE service, answer.

A bad frame is refused and the line stays open.
"""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import ValidationError

from moderation.errors import ModerationError
from server import tracing
from server.access import Relation, check, relation_of
from server.api.depend import Parts
from server.api.saying import Saying
from server.errors import BadFrame, ServerError, TooFast, TooLarge, Unavailable
from server.live.connection import Connection, Listener
from server.protocol import frames
from server.protocol.base import FRAME_LIMIT_BYTES
from server.services import listening, messages, nudging, posting

log = logging.getLogger(__name__)


class Line:
    """One member's socket, from the inside."""

    __slots__ = ("_actor", "_connection", "_parts", "_saying")

    def __init__(self, parts: Parts, connection: Connection) -> None:
        self._parts = parts
        self._connection = connection
        self._actor = connection.actor
        self._saying = Saying(parts, connection.actor, connection.tell)

    async def receive(self, text: str | None) -> None:
        """Answer one frame; whatever is wrong with it becomes a refusal."""
        parsed: Any = None
        try:
            parsed = _parse(text)
            frame = _check(text or "", parsed)
            # Posts and edits are counted where they are screened: refused words are read first.
            if not isinstance(frame, frames.Post | frames.Edit):
                self._parts.limits.hit("frame", str(self._actor.session))
            with tracing.span(f"frame.{frame.type}"):
                await _HANDLERS[frame.type](self, frame)
        except (BadFrame, TooLarge) as error:
            await self._saying.screen(parsed)
            self._refuse(self._counted(error), parsed)
        except ServerError as error:
            self._refuse(error, parsed)
        except ModerationError as error:
            log.warning("refused by a rule: %s", error.code)
            self._refuse(BadFrame(), parsed)
        except Exception as error:
            log.error("frame failed: %s", type(error).__name__)
            self._refuse(Unavailable(retry_after_s=2), parsed)

    def _refuse(self, error: ServerError, parsed: Any) -> None:
        client_id, room = _id_in(parsed, "client_id"), _id_in(parsed, "room")
        about = None if client_id else _id_in(parsed, "message")
        self._connection.tell(posting.refused_frame(error, client_id, room, about))

    def _counted(self, error: ServerError) -> ServerError:
        """Bad frames count too."""
        try:
            self._parts.limits.hit("frame", str(self._actor.session))
        except TooFast as too_fast:
            return too_fast
        return error

    async def _post(self, frame: frames.Post) -> None:
        await self._saying.post(frame)

    async def _edit(self, frame: frames.Edit) -> None:
        await self._saying.edit(frame)

    # --- listening ---

    async def _join(self, frame: frames.Join) -> None:
        start = await self._parts.hub.while_nothing_ends(
            lambda: self._parts.database.read(
                lambda work: listening.start(work, self._actor, frame.room)
            )
        )
        if frame.after is not None and frame.after > start.seq:
            self._connection.tell(frames.Reset(epoch=start.epoch, room=frame.room))
            return
        after = start.seq if frame.after is None else frame.after
        listener = Listener(self._connection, frame.room, relation_of(start.seat), after)
        # Listen before catching up, or a message could fall between the two.
        hub = self._parts.hub
        hub.saw_head(frame.room, start.seq)
        hub.join(listener)
        here = hub.here_in(frame.room)
        self._connection.tell(
            frames.Joined(
                room=frame.room,
                seq=start.seq,
                members=start.members,
                here=here,
                moderator_on=start.moderator_on,
            )
        )
        self._parts.catch_up.begin(listener)

    async def _leave(self, frame: frames.Leave) -> None:
        listener = self._connection.listeners.get(frame.room)
        check(self._actor, "frame.leave", listener.relation if listener else Relation.NONE)
        if listener:
            self._parts.hub.leave(listener)

    async def _typing(self, frame: frames.Typing) -> None:
        listener = self._connection.listeners.get(frame.room)
        check(self._actor, "frame.typing", listener.relation if listener else Relation.NONE)
        told = self._parts.hub.typing(self._connection, frame.room)
        if told and self._parts.feed:
            self._parts.feed.typing(frame.room, self._actor.id)

    async def _read(self, frame: frames.Read) -> None:
        await self._parts.database.do(lambda work: messages.mark_read(work, self._actor, frame))

    # --- about what is said ---

    async def _discard(self, frame: frames.Discard) -> None:
        await self._parts.database.do(
            lambda work: nudging.discard(work, self._actor, frame.client_id)
        )

    async def _withdraw(self, frame: frames.Withdraw) -> None:
        await self._parts.database.do(lambda work: messages.withdraw(work, self._actor, frame))

    async def _react(self, frame: frames.React) -> None:
        await self._parts.database.do(lambda work: messages.react(work, self._actor, frame))

    async def _felt_heard(self, frame: frames.FeltHeard) -> None:
        await self._parts.database.do(lambda work: messages.felt_heard(work, self._actor, frame))

    async def _flag(self, frame: frames.Flag) -> None:
        await self._parts.database.do(lambda work: messages.flag(work, self._actor, frame))


_HANDLERS: Final[dict[str, Callable[[Line, Any], Awaitable[None]]]] = {
    "join": Line._join,
    "leave": Line._leave,
    "post": Line._post,
    "edit": Line._edit,
    "discard": Line._discard,
    "withdraw": Line._withdraw,
    "react": Line._react,
    "felt_heard": Line._felt_heard,
    "flag": Line._flag,
    "typing": Line._typing,
    "read": Line._read,
}


def _parse(text: str | None) -> Any:
    if text is None:
        raise BadFrame("Frames are JSON text, not bytes.")
    try:
        return orjson.loads(text)
    except ValueError:
        raise BadFrame("That is not JSON.") from None


def _check(text: str, parsed: Any) -> frames.ClientFrame:
    if len(text.encode("utf-8", "surrogatepass")) > FRAME_LIMIT_BYTES:
        raise TooLarge
    try:
        return frames.client_frame.validate_python(parsed)
    except ValidationError as error:
        raise BadFrame(_detail(error)) from None


def _detail(error: ValidationError) -> str:
    """Which field, and what it should be; never what was sent."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"].startswith("union_tag"):
        return "type: not a frame this server knows."
    if first["type"] == "extra_forbidden":  # the field's name came with the frame
        return "There is a field here that is not known."
    field = ".".join(str(part) for part in first["loc"][1:] if isinstance(part, str)) or "frame"
    return f"{field[:80]}: {first['msg']}."


def _id_in(parsed: Any, name: str) -> UUID | None:
    """An id the client can match the refusal with, when there is a readable one."""
    with contextlib.suppress(LookupError, ValueError, AttributeError, TypeError):
        return UUID(parsed[name])
    return None
