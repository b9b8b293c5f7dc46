"""Saying something by a form: judged, nudged, held and refused exactly as on the socket."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.access import Relation, check
from server.api.plain.door import Here, MemberVisit, OwnForm, PlainRoute
from server.api.plain.rendering import page
from server.api.saying import Saying
from server.errors import BadFrame, NotFound, ServerError
from server.ids import new_id
from server.protocol import bodies, frames
from server.protocol.base import TEXT_LIMIT, Wire
from server.services import messages, nudging, posting, rooms

router = APIRouter(prefix="/plain/rooms/{room_id}", include_in_schema=False, route_class=PlainRoute)


@router.post("/messages", openapi_extra={"x-access": "frame.post"})
async def post(room_id: UUID, form: OwnForm, here: Here) -> Response:
    """Say something new, or answer."""
    said = {
        "type": "post",
        "room": str(room_id),
        "client_id": form.get("client_id"),
        "text": form.get("text", ""),
        "reply_to": form.get("reply_to") or None,
        "ask": "ask" in form,
        "insist": "insist" in form,
        "content_note": form.get("content_note", "").strip() or None,
    }
    return _answer(here, said, await _say(here, said, frames.Post))


@router.post("/messages/{message_id}/edit", openapi_extra={"x-access": "frame.edit"})
async def edit(room_id: UUID, message_id: UUID, form: OwnForm, here: Here) -> Response:
    """Other words for one's own message."""
    said = {
        "type": "edit",
        "room": str(room_id),
        "client_id": form.get("client_id"),
        "message": str(message_id),
        "text": form.get("text", ""),
        "insist": "insist" in form,
    }
    return _answer(here, said, await _say(here, said, frames.Edit))


@router.post("/discard", openapi_extra={"x-access": "frame.discard"})
async def discard(room_id: UUID, form: OwnForm, here: Here) -> RedirectResponse:
    """The nudged draft was given up."""
    frame = _frame(frames.Discard, {"type": "discard", "client_id": form.get("client_id")})
    await here.ask.do(
        "frame.discard", lambda work: nudging.discard(work, here.actor, frame.client_id)
    )
    return RedirectResponse(f"/plain/rooms/{room_id}", 303)


@router.get("/messages/{message_id}/edit", openapi_extra={"x-access": "frame.edit"})
async def ask_for_words(room_id: UUID, message_id: UUID, here: Here) -> HTMLResponse:
    """The form to change one's own message."""
    message = await _own_message(here, "frame.edit", room_id, message_id)
    said = {
        "type": "edit",
        "room": str(room_id),
        "client_id": str(new_id()),
        "message": str(message_id),
        "text": message.text,
    }
    return page("edit.html", visit=here, said=said)


@router.get("/messages/{message_id}/withdraw", openapi_extra={"x-access": "frame.withdraw"})
async def ask_whether(room_id: UUID, message_id: UUID, here: Here) -> HTMLResponse:
    """Whether to take it back: the words will be gone."""
    message = await _own_message(here, "frame.withdraw", room_id, message_id)
    return page("withdraw.html", visit=here, room_id=room_id, message=message)


@router.post("/messages/{message_id}/withdraw", openapi_extra={"x-access": "frame.withdraw"})
async def withdraw(room_id: UUID, message_id: UUID, form: OwnForm, here: Here) -> Response:
    """Take one's own message back."""
    frame = frames.Withdraw(type="withdraw", room=room_id, message=message_id)
    _count(here)
    await here.ask.do("frame.withdraw", lambda work: messages.withdraw(work, here.actor, frame))
    return RedirectResponse(f"/plain/rooms/{room_id}", 303)


@router.get("/messages/{message_id}/flag", openapi_extra={"x-access": "frame.flag"})
async def ask_why(room_id: UUID, message_id: UUID, here: Here) -> HTMLResponse:
    """Why a moderator should look."""
    message = await here.ask.read(
        "frame.flag",
        lambda work: rooms.one_line(work, here.actor, room_id, message_id, "frame.flag"),
    )
    return page("flag.html", visit=here, room_id=room_id, message=message)


@router.post("/messages/{message_id}/flag", openapi_extra={"x-access": "frame.flag"})
async def flag(room_id: UUID, message_id: UUID, form: OwnForm, here: Here) -> Response:
    """Ask a moderator to look."""
    asked = {
        "type": "flag",
        "room": str(room_id),
        "message": str(message_id),
        "reason": form.get("reason"),
        "words": form.get("words", "").strip() or None,
    }
    frame = _frame(frames.Flag, asked)
    _count(here)
    await here.ask.do("frame.flag", lambda work: messages.flag(work, here.actor, frame))
    return page("flagged.html", visit=here, room_id=room_id)


@router.post("/messages/{message_id}/heard", openapi_extra={"x-access": "frame.felt_heard"})
async def felt_heard(room_id: UUID, message_id: UUID, form: OwnForm, here: Here) -> Response:
    """The asker's private answer to a reply."""
    answer = {
        "type": "felt_heard",
        "room": str(room_id),
        "message": str(message_id),
        "answer": form.get("answer"),
    }
    frame = _frame(frames.FeltHeard, answer)
    _count(here)
    await here.ask.do("frame.felt_heard", lambda work: messages.felt_heard(work, here.actor, frame))
    return RedirectResponse(f"/plain/rooms/{room_id}/messages/{message_id}", 303)


async def _own_message(
    here: MemberVisit, operation: str, room_id: UUID, message_id: UUID
) -> bodies.HistoryMessage:
    message = await here.ask.read(
        "room.read", lambda work: rooms.one_line(work, here.actor, room_id, message_id)
    )
    own = message.author.id == here.actor.id
    check(here.actor, operation, Relation.SELF if own else Relation.NONE)
    if message.text is None:
        raise NotFound
    return message


async def _say(
    here: MemberVisit, said: dict[str, Any], kind: type[frames.Post | frames.Edit]
) -> list[Wire]:
    """The answers the socket would give. What cannot be said is read for danger all the same."""
    answers: list[Wire] = []
    saying = Saying(here.ask.parts, here.actor, answers.append)
    try:
        frame = kind.model_validate(said)
    except ValidationError:
        await saying.screen(said)
        return [*answers, posting.refused_frame(BadFrame(_why_not(said)), None, None)]
    try:
        await (saying.edit(frame) if isinstance(frame, frames.Edit) else saying.post(frame))
    except ServerError as error:
        return [posting.refused_frame(error, frame.client_id, frame.room)]
    return answers


def _why_not(said: dict[str, Any]) -> str | None:
    length = len(said["text"])
    if not length:
        return "There is nothing in it yet. Please write something first."
    if length > TEXT_LIMIT:
        return f"That is {length - TEXT_LIMIT} characters too many: please say it in two messages."
    return None


def _answer(here: MemberVisit, said: dict[str, Any], answers: list[Wire]) -> Response:
    """What became of it, in words; where there is nothing to say, back to the room."""
    by: dict[type[Wire], Any] = {type(answer): answer for answer in answers}
    support, posted = by.get(frames.Support), by.get(frames.Posted)
    if nudge := by.get(frames.Nudge):
        pieces = marked(said["text"], nudge.spans)
        return page("nudge.html", visit=here, said=said, nudge=nudge, pieces=pieces)
    if refused := by.get(frames.Refused):
        # The same words again are the same message; after a conflict they are another one.
        fresh = refused.code in {"conflict", "malformed"}
        said = said | {"client_id": str(new_id())} if fresh else said
        status = 429 if refused.retryable else 422
        return page(
            "not_sent.html", status, visit=here, said=said, refused=refused, support=support
        )
    held, praise = by.get(frames.Held), by.get(frames.Praise)
    if support or held or praise:
        return page("answer.html", visit=here, said=said, support=support, held=held, praise=praise)
    where = f"/plain/rooms/{said['room']}"
    if said["type"] == "edit":
        return RedirectResponse(f"{where}/messages/{said['message']}", 303)
    return RedirectResponse(f"{where}#m{posted.id}" if posted else where, 303)


def marked(text: str, spans: list[frames.Marked]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it was noticed."""
    pieces: list[tuple[str, bool]] = []
    at = 0
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        start, end = max(at, span.start), min(len(text), span.end)
        if start < end:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def _frame(kind: Any, fields: dict[str, Any]) -> Any:
    try:
        return kind.model_validate(fields)
    except ValidationError:
        raise BadFrame from None


def _count(here: MemberVisit) -> None:
    here.ask.parts.limits.hit("frame", str(here.actor.session))
