"""A post with its replies, and the asks that nobody has answered yet."""

from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound
from server.protocol.threads import Thread, WaitingAsk, WaitingAsks
from server.services import rooms as room_services
from server.services import seats
from server.store import messages, threads
from server.store.work import Work

PAGE = 100
MOST_WAITING = 50


def read_thread(
    work: Work, actor: Actor, room_id: UUID, message_id: UUID, after: int = 0
) -> Thread:
    """A post and a page of its replies. Hidden and withdrawn ones keep their place and lose their words."""
    seats.check_seat(work, actor, "room.read", room_id)
    post = messages.find_message(work, room_id, message_id)
    if post is None or post.seq is None:
        raise NotFound
    found = threads.replies_to(work, post, after, PAGE + 1)
    page = room_services.lines(work, actor, [post, *found[:PAGE]])
    return Thread(post=page[0], replies=page[1:], after=page[-1].seq if len(found) > PAGE else None)


def list_waiting(work: Work, actor: Actor) -> WaitingAsks:
    """Asks in the actor's rooms that no other person has answered: the longest wait first."""
    check(actor, "ask.list")
    found = threads.waiting_asks(work, actor.id, MOST_WAITING + 1)
    asks = [
        WaitingAsk(
            room=message.room_id,
            room_name=name,
            message=room_services.lines(work, actor, [message])[0],
        )
        for message, name in found[:MOST_WAITING]
    ]
    return WaitingAsks(asks=asks, more=len(found) > MOST_WAITING)
