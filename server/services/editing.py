"""Other words for one's own message: judged and answered as a post is."""

from dataclasses import dataclass
from uuid import UUID

from moderation.policy import Handling, Verdict
from server.access import Actor, Relation, check
from server.errors import Conflict, NotNow, ServerError
from server.protocol import frames
from server.protocol.base import Wire
from server.services import alarm, nudging, posting, publishing, reading, urging
from server.services.reading import Reading
from server.store import messages, people, rooms
from server.store import reactions as stored
from server.store.tables import Edit, Message
from server.store.work import Work


@dataclass(frozen=True, slots=True)
class _Change:
    """An edit that may be made, with all that judging needs."""

    actor: Actor
    message: Message
    frame: frames.Edit
    reading: Reading
    fingerprint: bytes


def edit(work: Work, actor: Actor, frame: frames.Edit, read: Reading) -> list[Wire]:
    """Change, nudge or hold. The same client_id again gets the first answer again.

    What is refused is screened as a refused post is. Raises Conflict when this client_id carried a
    post or other words.
    """
    message = _get_own(work, actor, frame.room, frame.message)
    fingerprint = work.sealer.fingerprint(str(frame.room), str(frame.message), frame.text)
    before = stored.find_edit(work, actor.id, frame.client_id)
    if before:
        again = posting.support_again(work, actor, frame, read)
        return [_repeat(work, message, before, fingerprint), *again]
    if messages.find_by_client_id(work, actor.id, frame.client_id):
        raise Conflict
    refusal = _find_refusal(work, message)
    if refusal:
        return posting.refuse(work, actor, frame, read, refusal)
    return _judge(work, _Change(actor, message, frame, read, fingerprint))


def answered_by(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> UUID | None:
    """What the actor's own message answers; None also when there is no such message of theirs."""
    message = messages.find_message(work, room_id, message_id)
    return message.reply_to if message and message.author_id == actor.id else None


def _get_own(work: Work, actor: Actor, room_id: UUID, message_id: UUID) -> Message:
    """The actor's own message, also in a room they left: what they write there is still screened."""
    message = messages.find_message(work, room_id, message_id)
    own = message is not None and message.author_id == actor.id
    check(actor, "frame.edit", Relation.SELF if own else Relation.NONE)
    assert message is not None  # noqa: S101 - checked just now
    return message


def _find_refusal(work: Work, message: Message) -> ServerError | None:
    seat = rooms.find_any_seat(work, message.room_id, message.author_id)
    refusal = posting.find_refusal(work, seat, message.room_id)
    if refusal is None and message.state != "published":
        return NotNow("Only a message that is shown can be edited.")
    return refusal


def _judge(work: Work, change: _Change) -> list[Wire]:
    message, frame = change.message, change.frame
    member = people.find_member(work, message.author_id)
    assert member is not None  # noqa: S101 - a foreign key
    read = change.reading
    in_danger = urging.answers_danger(
        work, member.id, message.room_id, message.reply_to, read, message.seq
    )
    context = reading.context(
        work, member, message.room_id, message.reply_to, read.policy,
        insist=frame.insist, answers_danger=in_danger,
    )  # fmt: skip
    context, verdict = nudging.judge(work, member, read, context)
    read.note_shadow(work, context, verdict)
    if verdict.handling is Handling.NUDGE:
        return [
            nudging.show(work, change.actor, frame, change.reading, verdict, change.fingerprint)
        ]
    nudging.settle(work, member.id, frame.client_id, change.fingerprint)
    _rewrite(work, message, frame.text)
    reading.store_assessment(work, message, change.reading, verdict)
    if verdict.handling is Handling.HOLD:
        return [_hold(work, change, verdict)]
    return _show(work, change, verdict)


def _rewrite(work: Work, message: Message, text: str) -> None:
    before = messages.open_text(work, message)
    if before is not None:
        messages.keep_revision(work, message, before)
    messages.seal_text(work, message, text)
    message.edited_at = work.now
    work.session.add(message)


def _show(work: Work, change: _Change, verdict: Verdict) -> list[Wire]:
    message, client_id = change.message, change.frame.client_id
    message.collapsed_by = verdict.content_note if verdict.handling is Handling.COLLAPSE else None
    seq = publishing.announce_change(work, message, "edited")
    _remember(work, change, seq)
    answers: list[Wire] = [posting.posted(message, seq, client_id)]
    return answers + alarm.after_publishing(
        work, message, change.reading, verdict, client_id=client_id
    )


def _hold(work: Work, change: _Change, verdict: Verdict) -> Wire:
    """The message leaves everybody's sight until a person has judged its new words."""
    message, client_id = change.message, change.frame.client_id
    message.state = "held"
    seq = publishing.announce_change(work, message, "hidden")
    held = alarm.hold(work, message, change.reading, verdict, client_id=client_id)
    _remember(work, change, seq, held.notice)
    return held


def _remember(work: Work, change: _Change, seq: int, notice_id: UUID | None = None) -> None:
    work.session.add(
        Edit(
            author_id=change.message.author_id,
            client_id=change.frame.client_id,
            message_id=change.message.id,
            fingerprint=change.fingerprint,
            seq=seq,
            notice_id=notice_id,
            at=work.now,
        )
    )


def _repeat(work: Work, message: Message, before: Edit, fingerprint: bytes) -> Wire:
    """The first answer again; like a post, one that was held is `posted` once it is shown."""
    if not work.sealer.is_same(before.fingerprint, fingerprint):
        raise Conflict
    if before.notice_id and message.state != "published":
        return alarm.held_again(work, message, before.client_id, before.notice_id)
    return posting.posted(message, before.seq, before.client_id)
