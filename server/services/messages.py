"""What can happen to a message after it was said: edit, withdraw, react, felt heard, flag."""

from uuid import UUID

from moderation.cases import CaseKind
from moderation.policy import DEFAULT, Handling, Urgency, Verdict
from server.access import Actor, Relation, check, relation_of
from server.errors import Conflict, NotFound, NotNow, Paused
from server.protocol import frames
from server.protocol.base import Wire
from server.services import alarm, cases, notices, nudging, posting, publishing, reading
from server.services.reading import Reading
from server.store import cases as stored_cases
from server.store import messages, people, rooms
from server.store import reactions as stored_reactions
from server.store.tables import Edit, Message
from server.store.work import ToRoom, Work

_FLAG_URGENCY = {
    "worried": Urgency.SOON,
    "unsafe": Urgency.SOON,
    "private": Urgency.SOON,
    "unkind": Urgency.ROUTINE,
    "not_sure": Urgency.ROUTINE,
}


def edit(work: Work, actor: Actor, frame: frames.Edit, read: Reading) -> list[Wire]:
    """Other words for one's own message: judged, nudged, held or risen to a case exactly as a post."""
    message = _own(work, actor, "frame.edit", frame.room, frame.message)
    before = stored_reactions.find_edit(work, actor.id, frame.client_id)
    if before:
        return [_repeat(message, before)]
    if message.state != "published":
        raise NotNow("Only a message that is shown can be edited.")
    _check_not_paused(work, actor, frame.room)
    member = people.find_member(work, actor.id)
    assert member is not None  # noqa: S101 - an actor is a member
    verdict = read.judge(
        is_reply=message.reply_to is not None, insist=frame.insist, tone_nudges=member.tone_nudges
    )
    fingerprint = work.sealer.fingerprint(frame.text)
    if verdict.handling is Handling.NUDGE:
        return [nudging.show(work, actor, frame, verdict, fingerprint)]
    nudging.settle(work, actor.id, frame.client_id, fingerprint)
    _rewrite(work, message, frame.text)
    reading.store_assessment(work, message, read, verdict)
    if verdict.handling is Handling.HOLD:
        return [_hold_edit(work, message, frame, read, verdict)]
    message.collapsed_by = verdict.content_note if verdict.handling is Handling.COLLAPSE else None
    seq = publishing.announce_change(work, message, "edited", text=frame.text)
    _remember(work, actor.id, frame, seq)
    answers: list[Wire] = [posting.posted(message, seq, frame.client_id)]
    return answers + alarm.after_publishing(work, member, message, read, verdict)


def answered_by(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> UUID | None:
    """What the actor's own message answers."""
    return _own(work, actor, "frame.edit", room_id, message_id).reply_to


def withdraw(work: Work, actor: Actor, frame: frames.Withdraw) -> None:
    """Taken back: the words go at once, unless an open case still needs them."""
    message = _own(work, actor, "frame.withdraw", frame.room, frame.message)
    if message.state not in {"published", "held"}:
        return
    was_shown = message.state == "published"
    message.state = "withdrawn"
    if stored_cases.find_open(work, message.id) is None:
        message.sealed = None
    work.session.add(message)
    if was_shown:
        publishing.announce_change(work, message, "withdrawn")


def react(work: Work, actor: Actor, frame: frames.React) -> None:
    """A quiet sign, set or taken back; the room sees counts."""
    message = _seen(work, actor, "frame.react", frame.room, frame.message)
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


def flag(work: Work, actor: Actor, frame: frames.Flag) -> None:
    """Ask a moderator to look. The one who asks is told that somebody will, and later what came of it."""
    message = _seen(work, actor, "frame.flag", frame.room, frame.message)
    cases.raise_case(
        work,
        room_id=frame.room,
        subject_id=message.author_id,
        message_id=message.id,
        kind=CaseKind.FLAG,
        urgency=_FLAG_URGENCY[frame.reason],
        handling=None,
        about=None,
        language=None,
        policy=DEFAULT.version,
        source="member",
        reasons=[f"flag_{frame.reason}"],
        words=[],
        spans=[],
        by=actor.id,
        note=frame.words,
    )
    notices.tell(
        work,
        member_id=actor.id,
        kind="flag_answered",
        code="flag_received",
        words=None,
        room_id=frame.room,
        message_id=message.id,
        by_role="machine",
        automated=True,
    )


def mark_read(work: Work, actor: Actor, frame: frames.Read) -> None:
    """How far the actor has read, never beyond what there is."""
    seat = rooms.find_seat(work, frame.room, actor.id)
    check(actor, "frame.read", relation_of(seat.seat if seat else None))
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


def _check_not_paused(work: Work, actor: Actor, room_id: UUID) -> None:
    seat = rooms.find_seat(work, room_id, actor.id)
    if seat and seat.paused_until and seat.paused_until > work.now:
        raise Paused


def _rewrite(work: Work, message: Message, text: str) -> None:
    before = messages.open_text(work, message)
    if before is not None:
        messages.keep_revision(work, message, before)
    messages.seal_text(work, message, text)
    message.edited_at = work.now
    work.session.add(message)


def _hold_edit(
    work: Work, message: Message, frame: frames.Edit, read: Reading, verdict: Verdict
) -> Wire:
    """The message leaves everybody's sight until a person has judged its new words."""
    message.state = "held"
    seq = publishing.announce_change(work, message, "hidden")
    _remember(work, message.author_id, frame, seq)
    return alarm.hold(work, message, read, verdict)


def _remember(work: Work, author_id: UUID, frame: frames.Edit, seq: int) -> None:
    work.session.add(
        Edit(
            author_id=author_id,
            client_id=frame.client_id,
            message_id=frame.message,
            seq=seq,
            at=work.now,
        )
    )


def _repeat(message: Message, before: Edit) -> Wire:
    if before.message_id != message.id:
        raise Conflict
    return posting.posted(message, before.seq, before.client_id)
