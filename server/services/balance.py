"""Helper balance: after a heavy stretch a break is offered, and another may go on with an ask.

What is counted are answers; how somebody feels is concluded from nothing, and nobody else is told.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from server.access import Actor, check
from server.errors import NotFound
from server.protocol import comfort as bodies
from server.services import rooms, seats
from server.store import balance, messages
from server.store.tables import AskPassedOn
from server.store.work import Work

HEAVY_REPLIES: Final = 8
STRETCH: Final = timedelta(hours=2)
"""So many answers to asks in so short a time. No study gives a limit: these are ours, and only offer."""
_LATELY: Final = timedelta(days=1)
_MOST: Final = 20


def read_balance(work: Work, actor: Actor) -> bodies.Balance:
    """How much the actor answered lately, and the asks they may pass on."""
    check(actor, "balance.read")
    replies = balance.count_replies(work, actor.id, work.now - STRETCH)
    found = balance.asks_answered(work, actor.id, work.now - _LATELY, _MOST)
    passed = balance.passed_on(work, actor.id, [message.id for message, _ in found])
    lines = rooms.lines(work, actor, [message for message, _ in found])
    return bodies.Balance(
        replies=replies,
        minutes=int(STRETCH.total_seconds()) // 60,
        heavy=replies >= HEAVY_REPLIES,
        asks=[
            bodies.AnsweredAsk(
                room=message.room_id,
                room_name=name,
                message=line,
                passed_on=message.id in passed,
            )
            for (message, name), line in zip(found, lines, strict=True)
        ],
    )


def pass_on(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> bodies.Balance:
    """The ask waits for others once more. Nothing happens to one that the actor did not answer."""
    _check(work, actor, room_id, message_id)
    if balance.has_answered(work, actor.id, message_id):
        balance.forget_passed_on(work, actor.id, message_id)
        work.session.add(AskPassedOn(message_id=message_id, member_id=actor.id, at=work.now))
        work.session.flush()
    return read_balance(work, actor)


def take_up(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> bodies.Balance:
    """The actor goes on with it after all."""
    _check(work, actor, room_id, message_id)
    balance.forget_passed_on(work, actor.id, message_id)
    return read_balance(work, actor)


def _check(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> None:
    seats.check_seat(work, actor, "ask.pass_on", room_id)
    message = messages.find_message(work, room_id, message_id)
    if message is None or message.seq is None:
        raise NotFound
