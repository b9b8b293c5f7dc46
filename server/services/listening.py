"""What a listener missed: everything that took a `seq` after theirs, as they may see it now."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from server.access import Actor, Relation, check, may_receive, relation_of
from server.protocol import frames
from server.protocol.base import Wire
from server.services import render
from server.store import messages, rooms
from server.store.place import get_place
from server.store.tables import Message, RoomEvent
from server.store.work import Work

PAGE = 200


@dataclass(frozen=True, slots=True)
class Start:
    """Where a listener stands when it begins."""

    seq: int
    members: int
    seat: str
    epoch: str
    moderator_on: bool


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a socket needs to know when it opens."""

    epoch: str
    keeps: dict[UUID, Relation]


def welcome(work: Work, actor: Actor) -> Welcome:
    """The epoch, and for staff the rooms whose cases they may see."""
    seats = {room: relation_of(seat.seat) for room, seat in rooms.seats_of(work, actor.id).items()}
    keeps = {
        room: relation
        for room, relation in seats.items()
        if may_receive(actor.role, "queue", relation)
    }
    return Welcome(get_place(work).epoch, keeps)


def start(work: Work, actor: Actor, room_id: UUID) -> Start:
    """Raises NotFound unless the actor sits there."""
    seat = rooms.find_seat(work, room_id, actor.id)
    check(actor, "frame.join", relation_of(seat.seat if seat else None))
    assert seat is not None  # noqa: S101 - checked just now
    head = rooms.get_head(work, room_id)
    moderator_on = bool(rooms.on_shift(work, [room_id]))
    return Start(head.seq, head.members, seat.seat, get_place(work).epoch, moderator_on)


def page_after(work: Work, actor: Actor, room_id: UUID, seq: int) -> list[tuple[int, Wire]]:
    """The next changes with their `seq`, at most PAGE. Raises NotFound when the seat is gone."""
    seat = rooms.find_seat(work, room_id, actor.id)
    check(actor, "frame.join", relation_of(seat.seat if seat else None))
    events = rooms.events_after(work, room_id, seq, PAGE)
    ids = [event.message_id for event in events if event.message_id]
    found = messages.by_id(work, ids)
    authors = messages.authors_of(work, list(found.values()))
    counts = messages.reactions_of(work, ids)
    return [(event.seq, _frame(work, event, found, authors, counts)) for event in events]


def _frame(
    work: Work,
    event: RoomEvent,
    found: dict[UUID, Message],
    authors: dict[UUID, Any],
    counts: dict[UUID, Any],
) -> Wire:
    bare = frames.Changed(room=event.room_id, seq=event.seq)
    if event.message_id is None:
        return bare.model_copy(update={"change": event.kind, "at": event.at})
    message = found[event.message_id]
    if message.state != "published" and event.kind not in {"withdrawn", "hidden"}:
        return bare
    if event.kind == "message":
        text = messages.open_text(work, message) or ""
        by = render.author(*authors[message.author_id])
        return render.message(work, message, text, by, counts.get(message.id))
    if event.kind == "reaction":
        return frames.Reacted(
            room=event.room_id,
            seq=event.seq,
            message=message.id,
            reactions=counts.get(message.id, {}),
        )
    return render.change(work, message, event.kind, seq=event.seq, at=event.at)


def rooms_with_moderator(work: Work, room_ids: list[UUID]) -> set[UUID]:
    """Those of these rooms where somebody who keeps them is on shift."""
    return set(rooms.on_shift(work, room_ids))
