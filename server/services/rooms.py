"""Rooms as members see them: the list, one room, coming in, going out, and history in pages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from server.access import Actor, Role
from server.errors import NotFound
from server.protocol import bodies
from server.services import answering, render, seats
from server.store import messages, rooms, threads
from server.store.tables import FeltHeard, Membership, Message, Room, RoomHead
from server.store.work import Work

PAGE = 50
MOST_UNREAD = 100
"""A list of rooms counts no further: it is asked for every half minute, and says "99+"."""
_ALL_UNREAD = 100_000


def list_rooms(work: Work, actor: Actor, here: Mapping[UUID, int]) -> bodies.Rooms:
    """Every open room for the actor's age group, their own conversations first. `here`: listeners now, per room."""
    held = rooms.seats_of(work, actor.id)
    found = [*rooms.conversations_of(work, actor.id), *rooms.rooms_open_to(work, actor.id)]
    shown = [(room, head) for room, head in found if room.state == "open" or room.id in held]
    return bodies.Rooms(rooms=_rooms(work, actor, shown, held, here))


def get_room(
    work: Work, actor: Actor, room_id: UUID, here: Mapping[UUID, int]
) -> bodies.RoomDetail:
    """One room and who keeps it. A conversation exists only for those who sit in it."""
    room = _visible(work, actor, room_id)
    held = rooms.seats_of(work, actor.id)
    found = [(room, rooms.get_head(work, room_id))]
    line = _rooms(work, actor, found, held, here, _ALL_UNREAD)[0]
    return bodies.RoomDetail(room=line, keepers=_keepers(work, room_id))


def enter(work: Work, actor: Actor, room_id: UUID, here: Mapping[UUID, int]) -> bodies.Room:
    """Take a seat in an open room. Someone who was removed does not come back by themselves."""
    room = _visible(work, actor, room_id)
    before = rooms.find_any_seat(work, room_id, actor.id)
    if room.state != "open" or (before and before.removed_at):
        raise NotFound
    seat = rooms.find_seat(work, room_id, actor.id) or seats.take_seat(work, room_id, actor.id)
    work.session.flush()
    return _rooms(work, actor, [(room, rooms.get_head(work, room_id))], {room_id: seat}, here)[0]


def leave(work: Work, actor: Actor, room_id: UUID) -> None:
    """Give the seat back."""
    seat = seats.check_seat(work, actor, "room.leave", room_id)
    if seat:
        seats.end_seat(work, seat)


def history_after(
    work: Work, actor: Actor, room_id: UUID, after: int, limit: int = PAGE
) -> list[bodies.HistoryMessage]:
    """The next messages after a `seq`, oldest first."""
    seats.check_seat(work, actor, "room.read", room_id)
    return lines(work, actor, messages.page_after(work, room_id, after, limit))


def history(
    work: Work, actor: Actor, room_id: UUID, before: int | None, limit: int = PAGE
) -> bodies.History:
    """A page, oldest first. Hidden and withdrawn messages keep their place and lose their words."""
    seats.check_seat(work, actor, "room.read", room_id)
    page = list(reversed(messages.page_before(work, room_id, before, limit + 1)))
    more = len(page) > limit
    page = page[-limit:]
    held = messages.held_by(work, room_id, actor.id) if before is None else []
    return bodies.History(
        messages=lines(work, actor, page),
        before=page[0].seq if more and page else None,
        seq=rooms.get_head(work, room_id).seq,
        held=lines(work, actor, [message for message in held if message.seq is None]),
    )


def one_line(
    work: Work, actor: Actor, room_id: UUID, message_id: UUID, operation: str = "room.read"
) -> bodies.HistoryMessage:
    """One message as the actor may see it. Raises NotFound for what never was in the room's sight.

    operation: what they are about to do with it.
    """
    seats.check_seat(work, actor, operation, room_id)
    message = messages.find_message(work, room_id, message_id)
    if message is None or (message.seq is None and message.author_id != actor.id):
        raise NotFound
    return lines(work, actor, [message])[0]


def make_room(
    work: Work,
    name: str,
    purpose: str,
    *,
    slug: str | None = None,
    language: str = "en",
    age_group: str = "everybody",
) -> Room:
    """A new room and its counter. Without a slug, one is made of the name."""
    room = Room(
        slug=slug or _slug(work, name),
        name=name,
        purpose=purpose,
        language=language,
        age_group=age_group,
        created_at=work.now,
    )
    work.session.add(room)
    work.session.flush()
    work.session.add(RoomHead(room_id=room.id))
    return room


def _slug(work: Work, name: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")[:36] or "room"
    slug, number = base, 1
    while rooms.find_by_slug(work, slug):
        number += 1
        slug = f"{base}-{number}"
    return slug


def _visible(work: Work, actor: Actor, room_id: UUID) -> Room:
    """A room of the other age group is as missing as a conversation of others; stewards configure all rooms."""
    room = rooms.find_open_to(work, room_id, actor.id)
    if room is None and actor.role is Role.STEWARD:
        room = rooms.find_public(work, room_id)
    if room is None:
        raise NotFound
    return room


def _rooms(
    work: Work,
    actor: Actor,
    found: Sequence[tuple[Room, RoomHead]],
    held: Mapping[UUID, Membership],
    here: Mapping[UUID, int],
    most_unread: int = MOST_UNREAD,
) -> list[bodies.Room]:
    on = rooms.on_shift(work, [room.id for room, _ in found])
    unread = messages.count_unread(work, actor.id, most_unread)
    replies = answering.first_replies(work, [room.id for room, _ in found if room.kind == "room"])
    lines = [
        _room(
            room,
            head,
            held.get(room.id),
            here.get(room.id, 0),
            room.id in on,
            unread.get(room.id, 0),
        )
        for room, head in found
    ]
    return [_with_first_reply(line, replies.get(line.id)) for line in lines]


def _with_first_reply(room: bodies.Room, reply: answering.FirstReply | None) -> bodies.Room:
    if reply is None:
        return room
    figures = {"first_reply_asks": reply.asks, "first_reply_median_s": reply.median_s}
    return room.model_copy(update=figures)


def _room(
    room: Room, head: RoomHead, seat: Membership | None, here: int, moderator_on: bool, unread: int
) -> bodies.Room:
    seen: Any = seat.seat if seat else None
    kind: Any = room.kind
    state: Any = room.state
    ages: Any = room.age_group
    return bodies.Room(
        id=room.id,
        slug=room.slug,
        name=room.name,
        purpose=room.purpose,
        kind=kind,
        language=room.language,
        state=state,
        age_group=ages,
        members=head.members,
        here=here,
        moderator_on=moderator_on,
        seat=seen,
        paused_until=seat.paused_until if seat else None,
        seq=head.seq,
        unread=unread if seat else 0,
        read_seq=seat.read_seq if seat else 0,
    )


def _keepers(work: Work, room_id: UUID) -> list[bodies.Keeper]:
    found: list[tuple[Any, Any]] = list(rooms.keepers_of(work, room_id))
    return [
        bodies.Keeper(id=member.id, name=member.pseudonym, seat=seat.seat) for seat, member in found
    ]


def lines(work: Work, actor: Actor, page: Sequence[Message]) -> list[bodies.HistoryMessage]:
    """Messages of one room as the actor may see them."""
    ids = [message.id for message in page]
    authors = messages.authors_of(work, page)
    reactions = messages.reactions_of(work, ids)
    mine = messages.my_reactions(work, actor.id, ids)
    answers = messages.answers_to(work, ids)
    replies = threads.count_replies(work, ids)
    return [
        _line(
            work,
            actor,
            message,
            render.author(*authors[message.author_id]),
            reactions.get(message.id, {}),
            mine.get(message.id),
            [answer for answer in answers if answer.message_id == message.id],
            replies.get(message.id, 0),
        )
        for message in page
    ]


def _line(
    work: Work,
    actor: Actor,
    message: Message,
    by: Any,
    reactions: dict[Any, int],
    mine: Any,
    answers: list[FeltHeard],
    replies: int,
) -> bodies.HistoryMessage:
    own = message.author_id == actor.id
    readable = message.state == "published" or (message.state == "held" and own)
    state: Any = message.state if readable or message.state == "withdrawn" else "hidden"
    kind: Any = message.author_kind
    my_answer: Any = next(
        (answer.answer for answer in answers if answer.asker_id == actor.id), None
    )
    return bodies.HistoryMessage(
        seq=message.seq or 0,
        id=message.id,
        author=by,
        author_kind=kind,
        state=state,
        text=messages.open_text(work, message) if readable else None,
        at=message.published_at or message.at,
        client_id=message.client_id if own else None,
        reply_to=message.reply_to,
        ask=message.ask,
        content_note=render.note_of(work, message) if readable else None,
        edited_at=message.edited_at if readable else None,
        reactions=reactions if readable else {},
        my_reaction=mine if readable else None,
        my_answer=my_answer,
        helped=own and any(answer.answer == "heard" for answer in answers),
        replies=replies,
    )
