"""Saying something: the way of one message, from the frame to the room.

A verb here answers with frames for the author alone. The room is told by what is announced.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from moderation.policy import Context, Handling, Urgency, Verdict
from server.access import Actor, check, relation_of
from server.errors import Conflict, NotFound, NotNow, Paused, RoomClosed, ServerError
from server.protocol import frames
from server.protocol.base import Wire
from server.services import (
    acts,
    alarm,
    cases,
    nudging,
    ordinary,
    publishing,
    quiet,
    reading,
    urging,
)
from server.services.ordinary import Draft
from server.services.reading import Reading
from server.store import messages, people, rooms
from server.store import reactions as stored_reactions
from server.store.tables import Membership, Message
from server.store.work import Together, Work

Answers = list[Wire]


@dataclass(frozen=True, slots=True)
class _Judged:
    """A post that may be said, with all that judging needs."""

    actor: Actor
    frame: frames.Post
    reading: Reading
    verdict: Verdict
    fingerprint: bytes


def post(work: Work, actor: Actor, frame: frames.Post, read: Reading) -> Answers:
    """Publish, nudge or hold. The same client_id again gets the first answer again."""
    seat = rooms.find_any_seat(work, frame.room, actor.id)
    check(actor, "frame.post", relation_of(seat.seat if seat else None))
    fingerprint = ordinary.fingerprint_of(work, frame)
    before = messages.find_by_client_id(work, actor.id, frame.client_id)
    if before:
        return [repeat(work, before, fingerprint), *support_again(work, actor, frame, read)]
    if stored_reactions.find_edit(work, actor.id, frame.client_id):
        raise Conflict
    refusal = _refusal(work, actor, seat, frame)
    if refusal:
        return refuse(work, actor, frame, read, refusal)
    return _judge(work, actor, frame, read, fingerprint)


def refuse(
    work: Work,
    actor: Actor,
    frame: frames.Post | frames.Edit,
    read: Reading,
    refusal: ServerError,
    *,
    opens_line: bool = True,
) -> Answers:
    """What is refused is still screened: someone who may be in danger sees support, and a line opens.

    opens_line: False for the eleventh in a minute, which no person needs to see.
    """
    verdict = read.judge(_screened(work, actor, frame, read))
    answers: Answers = [refused_frame(refusal, frame.client_id, frame.room)]
    if rooms.find_any_seat(work, frame.room, actor.id) is None:
        return answers
    if verdict.urgency is not Urgency.NONE:
        answers.insert(0, _help(work, actor, frame, verdict, opens_line=opens_line))
    if refusal.code in _IN_THE_LEDGER:
        acts.refused(work, actor.id, frame.room, refusal.code, read)
    return answers


def _help(
    work: Work,
    actor: Actor,
    frame: frames.Post | frames.Edit,
    verdict: Verdict,
    *,
    opens_line: bool,
) -> frames.Support:
    if opens_line:
        return alarm.open_line(work, actor, frame, verdict)
    return alarm.help_now(work, actor.id, verdict, frame.room, frame.client_id)


def _screened(work: Work, actor: Actor, frame: frames.Post | frames.Edit, read: Reading) -> Context:
    reply_to = frame.reply_to if isinstance(frame, frames.Post) else None
    return urging.screened(work, actor.id, frame.room, reply_to, read)


_IN_THE_LEDGER = frozenset({"paused", "room_closed", "not_found", "too_fast"})
"""What somebody decided about their author or room; what cannot be read at all is nobody's decision."""


def support_again(
    work: Work, actor: Actor, frame: frames.Post | frames.Edit, read: Reading
) -> Answers:
    """The first answer may never have arrived, and help with it."""
    verdict = read.judge(_screened(work, actor, frame, read))
    if not verdict.support:
        return []
    return [alarm.help_now(work, actor.id, verdict, frame.room, frame.client_id)]


def refused_frame(
    refusal: ServerError,
    client_id: UUID | None,
    room_id: UUID | None,
    message_id: UUID | None = None,
) -> frames.Refused:
    """A refusal as whoever asked sees it; the ids let them match it with what they sent."""
    return frames.Refused(
        code=refusal.code,
        detail=refusal.detail,
        retryable=refusal.retry_after_s is not None,
        retry_after_s=refusal.retry_after_s,
        client_id=client_id,
        room=room_id,
        message=message_id,
    )


def repeat(work: Work, before: Message, fingerprint: bytes) -> Wire:
    """The first answer again. Raises Conflict when something else was said under this client_id."""
    if not work.sealer.is_same(before.fingerprint, fingerprint):
        raise Conflict
    if before.seq is None:
        return alarm.held_again(work, before, before.client_id)
    return posted(before, before.seq, before.client_id)


def posted(message: Message, seq: int, client_id: UUID) -> frames.Posted:
    """Durable, once the transaction is."""
    return frames.Posted(
        room=message.room_id,
        client_id=client_id,
        seq=seq,
        id=message.id,
        at=message.published_at or message.at,
    )


def find_refusal(work: Work, seat: Membership | None, room_id: UUID) -> ServerError | None:
    """Why whoever holds this seat may not say anything in this room now."""
    if seat is None or seat.left_at is not None:
        return NotFound()
    if seat.paused_until and seat.paused_until > work.now:
        return Paused()
    room = rooms.find_room(work, room_id)
    if room is None or room.state != "open":
        return RoomClosed()
    return None


def _refusal(
    work: Work, actor: Actor, seat: Membership | None, frame: frames.Post
) -> ServerError | None:
    refusal = find_refusal(work, seat, frame.room)
    if refusal or frame.reply_to is None:
        return refusal
    answered = messages.find_message(work, frame.room, frame.reply_to)
    if answered is None:
        return NotFound("The message you answer is not in this room.")
    return None if quiet.may_answer(work, actor, answered) else NotNow(quiet.NO_ANSWERS)


def _judge(
    work: Work, actor: Actor, frame: frames.Post, read: Reading, fingerprint: bytes
) -> Answers:
    member = people.find_member(work, actor.id)
    assert member is not None  # noqa: S101 - an actor is a member
    in_danger = urging.answers_danger(work, actor.id, frame.room, frame.reply_to, read)
    context = reading.context(
        work, member, frame.room, frame.reply_to, read.policy,
        insist=frame.insist, answers_danger=in_danger,
    )  # fmt: skip
    context, verdict = nudging.judge(work, member, read, context)
    read.note_shadow(work, context, verdict)
    draft = _Judged(actor, frame, read, verdict, fingerprint)
    if verdict.handling is Handling.NUDGE:
        return [nudging.show(work, actor, frame, read, verdict, fingerprint)]
    nudging.settle(work, actor.id, frame.client_id, fingerprint)
    return _hold(work, draft) if verdict.handling is Handling.HOLD else _publish(work, draft)


def _publish(work: Work, draft: _Judged) -> Answers:
    message = _store(work, draft, "published")
    if draft.verdict.handling is Handling.COLLAPSE:
        message.collapsed_by = draft.verdict.content_note
    shown = publishing.publish(work, message, draft.frame.text)
    reading.store_assessment(work, message, draft.reading, draft.verdict)
    cases.note_word_in(work, message.room_id, message.author_id)
    answers: Answers = [posted(message, shown.seq, message.client_id)]
    answers += alarm.after_publishing(
        work, message, draft.reading, draft.verdict, client_id=message.client_id
    )
    return answers + nudging.praise(work, draft.actor, draft.frame, draft.verdict)


def _hold(work: Work, draft: _Judged) -> Answers:
    message = _store(work, draft, "held")
    reading.store_assessment(work, message, draft.reading, draft.verdict)
    return [alarm.hold(work, message, draft.reading, draft.verdict, client_id=message.client_id)]


def _store(work: Work, draft: _Judged, state: str) -> Message:
    frame = draft.frame
    message = Message(
        room_id=frame.room,
        author_id=draft.actor.id,
        client_id=frame.client_id,
        fingerprint=draft.fingerprint,
        reply_to=frame.reply_to,
        ask=frame.ask,
        state=state,
        at=work.now,
    )
    messages.seal_text(work, message, frame.text)
    if frame.content_note is not None:
        messages.seal_note(work, message, frame.content_note)
    work.session.add(message)
    work.session.flush()
    return message


def _post_draft(work: Work, draft: Draft) -> Answers:
    return post(work, draft.actor, draft.frame, draft.read)


POSTS: Final = Together(many=ordinary.post_together, one=_post_draft)
"""Posts of one moment: the ordinary ones in one go, each other one in a savepoint of its own."""
