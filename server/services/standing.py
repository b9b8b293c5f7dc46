"""What still stands of the decisions about a member in a room, worked out anew from the decisions themselves.

So an overturned one is undone in full, and another that stands beside it is not.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from moderation.cases import Action
from server.services import seats
from server.store import rooms, standing
from server.store.standing import Sanction
from server.store.tables import Member, Membership, Message
from server.store.work import Work


def before(seat: Membership | None, message: Message | None) -> dict[str, Any]:
    """What stands now, to be kept with a decision that is about to change it."""
    kept: dict[str, Any] = {}
    if message:
        kept["message"] = message.state
    if seat:
        kept |= {"seat": seat.seat, "seated": seat.left_at is None}
    return kept


def pause_end(work: Work, room_id: UUID, member_id: UUID) -> datetime | None:
    """The latest end among the pauses that stand; None when all are over."""
    ends = [one.end for one in standing.sanctions(work, room_id, member_id) if one.stands]
    return max((end for end in ends if end and end > work.now), default=None)


def settle_pause(work: Work, room_id: UUID, member_id: UUID) -> None:
    """The seat is paused for as long as the decisions that stand say, and no longer."""
    seat = rooms.find_any_seat(work, room_id, member_id)
    if seat:
        seat.paused_until = pause_end(work, room_id, member_id)
        work.session.add(seat)


def settle_seat(work: Work, room_id: UUID, member_id: UUID) -> None:
    """A removed member is back in the seat they had, unless another removal stands."""
    seat = rooms.find_any_seat(work, room_id, member_id)
    removals = [
        one
        for one in standing.sanctions(work, room_id, member_id)
        if one.decision.action == Action.REMOVE_MEMBER
    ]
    is_out = any(one.stands and one.appeal != "changed" for one in removals)
    if seat is None or seat.removed_at is None or is_out:
        return
    last = next((one.decision for one in reversed(removals) if _was_seated(one)), None)
    if last:
        had = (last.before or {}).get("seat", seat.seat)
        seats.give_back(work, room_id, member_id, _seat_now(work, member_id, had))
    else:  # they had left by themselves before: the way back is open again
        seat.removed_at = None
        work.session.add(seat)


def keeps_hidden(work: Work, room_id: UUID, message: Message) -> bool:
    """Whether a decision that stands took this message out of sight, or kept it there."""
    return any(
        one.stands and one.appeal != "changed" and _hides(one)
        for one in standing.sanctions(work, room_id, message.author_id)
        if one.message_id == message.id
    )


def _was_seated(one: Sanction) -> bool:
    kept = one.decision.before
    return kept is None or bool(kept.get("seated"))


def _hides(one: Sanction) -> bool:
    kept = one.decision.before or {}
    return one.decision.action == Action.HIDE or kept.get("message") == "held"


def _seat_now(work: Work, member_id: UUID, seat: str) -> str:
    """Nobody reads cases by a seat that their role does not give them any more."""
    member = work.session.get(Member, member_id)
    return seat if seat not in seats.STAFF_SEATS or (member and member.role == seat) else "member"
