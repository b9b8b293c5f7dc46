"""The plain rooms: the list, a room newest last, one message and what can be done about it."""

from collections.abc import Sequence
from html import escape
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.api.plain.door import Here, MemberVisit, OwnForm, PlainRoute
from server.api.plain.rendering import page
from server.errors import NotFound, Unavailable
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import messages, quiet, rooms
from server.store.work import Work

router = APIRouter(prefix="/plain", include_in_schema=False, route_class=PlainRoute)

_PAGE = 20
_BUDGET_BYTES = 10_500
"""For messages on one page: with its head and its form it stays under 15 kB."""
_AROUND_BYTES = 420
"""What stands around the words of one message."""
EXCERPT = 900
"""Code points of a longer message in a room; all of it is one link away."""
_SEQ = Query(ge=0, le=2**53)


@router.get("", openapi_extra={"x-access": "room.list"})
async def list_rooms(here: Here) -> HTMLResponse:
    """Every open room, and my conversations."""
    now = here.ask.parts.hub.here()
    found = await here.ask.read("room.list", lambda work: rooms.list_rooms(work, here.actor, now))
    return page("rooms.html", visit=here, rooms=found.rooms)


@router.get("/rooms/{room_id}", openapi_extra={"x-access": "room.read"})
async def read_room(
    room_id: UUID,
    here: Here,
    before: Annotated[int | None, _SEQ] = None,
    after: Annotated[int | None, _SEQ] = None,
) -> Response:
    """A page of a room, newest last; without a seat, what it is for and the way in."""
    room = await _room(here, room_id)
    if room.seat is None:
        return page("outside.html", visit=here, room=room)
    if after is not None:
        shown = await _following(here, room_id, after)
        if shown is None:
            return RedirectResponse(f"/plain/rooms/{room_id}", 303)
        older, held = True, []
    else:
        history = await here.ask.read(
            "room.read", lambda work: rooms.history(work, here.actor, room_id, before, _PAGE)
        )
        shown, held = fitting(history.messages), history.held
        older = history.before is not None or len(shown) < len(history.messages)
    unheard = await here.ask.read("quiet.read", lambda work: quiet.unheard(work, here.actor))
    newest = before is None and after is None
    if newest and shown:
        await _mark_read(here, room_id, room.seq)
    return page(
        "room.html",
        visit=here,
        room=room,
        messages=shown,
        by_id={message.id: message for message in shown},
        older=shown[0].seq if shown and older else None,
        newer=shown[-1].seq if shown and not newest else None,
        held=held,
        why={message.id: unheard.why(message) for message in shown},
        client_id=new_id(),
        excerpt=EXCERPT,
    )


@router.post("/rooms/{room_id}/seat", openapi_extra={"x-access": "room.enter"})
async def enter(room_id: UUID, form: OwnForm, here: Here) -> RedirectResponse:
    """Take a seat."""
    await here.ask.parts.limits.count("join", str(here.actor.id))
    await here.ask.do("room.enter", lambda work: rooms.enter(work, here.actor, room_id, {}))
    return RedirectResponse(f"/plain/rooms/{room_id}", 303)


@router.get("/rooms/{room_id}/messages/{message_id}", openapi_extra={"x-access": "room.read"})
async def read_message(room_id: UUID, message_id: UUID, here: Here) -> HTMLResponse:
    """One message, whole, with what it answers, and all that its reader can do about it."""
    room = await _room(here, room_id)
    message, answered = await here.ask.read(
        "room.read", lambda work: _with_answered(work, here, room_id, message_id)
    )
    unheard = await here.ask.read("quiet.read", lambda work: quiet.unheard(work, here.actor))
    own = message.author.id == here.actor.id
    asked_me = answered is not None and answered.author.id == here.actor.id and not own
    return page(
        "message.html",
        visit=here,
        room=room,
        message=message,
        answered=answered,
        own=own,
        quoted_why=unheard.why(answered) if answered else None,
        asked_me=asked_me and message.state == "published",
        client_id=new_id(),
    )


def fitting(
    messages: Sequence[bodies.HistoryMessage], *, oldest_first: bool = False
) -> list[bodies.HistoryMessage]:
    """As many as one page holds, from its fixed end on, in the order they came; at least one."""
    fit: list[bodies.HistoryMessage] = []
    left = _BUDGET_BYTES
    for message in messages if oldest_first else reversed(messages):
        left -= _AROUND_BYTES + _size_bytes(message)
        if left < 0 and fit:
            break
        fit.append(message)
    return fit if oldest_first else fit[::-1]


def _size_bytes(message: bodies.HistoryMessage) -> int:
    said = (message.text or "")[:EXCERPT]
    return len(escape(f"{said}{message.content_note or ''}{message.author.name * 2}").encode())


async def _room(here: MemberVisit, room_id: UUID) -> bodies.Room:
    now = {room_id: here.ask.parts.hub.here_in(room_id)}
    detail = await here.ask.read(
        "room.list", lambda work: rooms.get_room(work, here.actor, room_id, now)
    )
    return detail.room


async def _following(
    here: MemberVisit, room_id: UUID, after: int
) -> list[bodies.HistoryMessage] | None:
    """A page that ends before the newest; None where the newest page shows what follows."""
    found = await here.ask.read(
        "room.read", lambda work: rooms.history_after(work, here.actor, room_id, after, _PAGE)
    )
    shown = fitting(found, oldest_first=True)
    return shown if len(found) == _PAGE or len(shown) < len(found) else None


async def _mark_read(here: MemberVisit, room_id: UUID, seq: int) -> None:
    frame = frames.Read(type="read", room=room_id, seq=seq)
    try:
        await here.ask.do("frame.read", lambda work: messages.mark_read(work, here.actor, frame))
    except Unavailable:
        return  # a full disk must not keep anybody from reading


def _with_answered(
    work: Work, here: MemberVisit, room_id: UUID, message_id: UUID
) -> tuple[bodies.HistoryMessage, bodies.HistoryMessage | None]:
    message = rooms.one_line(work, here.actor, room_id, message_id)
    try:
        answered = message.reply_to and rooms.one_line(work, here.actor, room_id, message.reply_to)
    except NotFound:
        answered = None
    return message, answered or None
