"""What can happen to a message after it was said: withdraw, react, felt heard, flag, read."""

from uuid import UUID, uuid5

from moderation.cases import CaseKind
from moderation.policy import Urgency
from server.access import Actor, Relation, check, relation_of
from server.errors import NotFound, NotNow
from server.ids import new_id
from server.protocol import frames
from server.protocol.flagging import Flagged
from server.services import cases, keepers, notices, publishing, quiet, seats
from server.services.in_force import find_in_force
from server.store import cases as stored_cases
from server.store import messages, rooms
from server.store import reactions as stored_reactions
from server.store.tables import Case, Message
from server.store.work import ToRoom, Work

_FLAG_URGENCY = {
    "worried": Urgency.SOON,
    "unsafe": Urgency.SOON,
    "private": Urgency.SOON,
    "unkind": Urgency.ROUTINE,
    "not_sure": Urgency.ROUTINE,
}
_FLAG_WORDS = {
    "worried": "A member is worried about this person",
    "unsafe": "A member finds this unsafe to read",
    "private": "A member says this gives away something private",
    "unkind": "A member finds this unkind",
    "not_sure": "A member is not sure, and asks for a look",
}

_TOLD = {"moderator": "flag_received", "other_keeper": "flag_keeper", "aside": "flag_aside"}


def withdraw(work: Work, actor: Actor, frame: frames.Withdraw) -> None:
    """Taken back: the words go at once, those before an edit too.

    An open case about the message keeps them for whoever judges it; they go when the last one closes.
    """
    message = _own(work, actor, "frame.withdraw", frame.room, frame.message)
    if message.state not in {"published", "held"}:
        return
    was_shown = message.state == "published"
    message.state = "withdrawn"
    if not stored_cases.any_living_about(work, message.id):
        messages.forget_words(work, message)
    work.session.add(message)
    if was_shown:
        publishing.announce_change(work, message, "withdrawn")


def react(work: Work, actor: Actor, frame: frames.React) -> None:
    """A quiet sign, set or taken back; the room sees counts."""
    message = _seen(work, actor, "frame.react", frame.room, frame.message)
    if frame.reaction and not quiet.may_answer(work, actor, message):
        raise NotNow(quiet.NO_ANSWERS)
    if not stored_reactions.put(work, message.id, actor.id, frame.reaction):
        return
    seq = rooms.next_seq(work, frame.room, "reaction", message.id)
    counts = messages.reactions_of(work, [message.id]).get(message.id, {})
    work.announce(
        ToRoom(
            frame.room,
            seq,
            frames.Reacted(room=frame.room, seq=seq, message=message.id, reactions=counts),
        )
    )


def felt_heard(work: Work, actor: Actor, frame: frames.FeltHeard) -> None:
    """The asker's private answer to a reply. The helper learns only that it helped."""
    reply = _seen(work, actor, None, frame.room, frame.message)
    asked = messages.find_message(work, frame.room, reply.reply_to) if reply.reply_to else None
    own = asked is not None and asked.author_id == actor.id and reply.author_id != actor.id
    check(actor, "frame.felt_heard", Relation.SELF if own else Relation.NONE)
    changed = stored_reactions.put_answer(work, reply, actor.id, frame.answer)
    if changed and frame.answer == "heard":
        notices.tell(
            work,
            member_id=reply.author_id,
            kind="helped",
            code="helped",
            words=None,
            room_id=frame.room,
            message_id=reply.id,
            by_role="member",
        )


def flag(work: Work, actor: Actor, frame: frames.Flag, client_id: UUID | None = None) -> Flagged:
    """Ask a moderator to look. The one who asks is told that somebody will, and later what came of it.

    client_id: what was asked under it before is not asked again, and gets the same answer.
    """
    flag_id = uuid5(actor.id, str(client_id)) if client_id else new_id()
    if before := stored_cases.find_case_of_flag(work, flag_id):
        seats.check_seat(work, actor, "frame.flag", frame.room)
        is_keeper = keepers.keeps(work, before.room_id, before.subject_id)
        return _who_looks(before, is_keeper=is_keeper)
    message = _seen(work, actor, "frame.flag", frame.room, frame.message)
    is_keeper = keepers.keeps(work, frame.room, message.author_id)
    case = cases.raise_case(
        work,
        room_id=frame.room,
        subject_id=message.author_id,
        message_id=message.id,
        kind=CaseKind.FLAG,
        urgency=_FLAG_URGENCY[frame.reason],
        handling=None,
        about=None,
        language=None,
        policy=find_in_force(work).policy.version,
        source="member",
        reasons=[f"flag_{frame.reason}"],
        words=[_FLAG_WORDS[frame.reason]],
        spans=[],
        by=actor.id,
        note=frame.words,
        aside=frame.aside and is_keeper,
        flag_id=flag_id,
    )
    answer = _who_looks(case, is_keeper=is_keeper)
    notices.tell(
        work,
        member_id=actor.id,
        kind="flag_answered",
        code=_TOLD[answer.who],
        words=None,
        room_id=frame.room,
        message_id=message.id,
        by_role="machine",
        automated=True,
    )
    return answer


def _who_looks(case: Case, *, is_keeper: bool) -> Flagged:
    return Flagged(who="aside" if case.aside else "other_keeper" if is_keeper else "moderator")


def mark_read(work: Work, actor: Actor, frame: frames.Read) -> None:
    """How far the actor has read, never beyond what there is."""
    seats.check_seat(work, actor, "frame.read", frame.room)
    rooms.mark_read(
        work, frame.room, actor.id, min(frame.seq, rooms.get_head(work, frame.room).seq)
    )


def _own(work: Work, actor: Actor, operation: str, room_id: UUID, message_id: UUID) -> Message:
    message = messages.find_message(work, room_id, message_id)
    seated = rooms.find_seat(work, room_id, actor.id) is not None
    own = message is not None and message.author_id == actor.id and seated
    check(actor, operation, Relation.SELF if own else Relation.NONE)
    assert message is not None  # noqa: S101 - checked just now
    return message


def _seen(
    work: Work, actor: Actor, operation: str | None, room_id: UUID, message_id: UUID
) -> Message:
    """A message the actor can see, in a room they sit in."""
    seat = rooms.find_seat(work, room_id, actor.id)
    if operation:
        check(actor, operation, relation_of(seat.seat if seat else None))
    message = messages.find_message(work, room_id, message_id)
    if seat is None or message is None or message.state != "published":
        raise NotFound
    return message
