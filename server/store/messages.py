"""Queries about messages, and the sealing of their text."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, delete, func, literal, select

from server.store.sealing import Spot, Unreadable
from server.store.tables import FeltHeard, Member, Membership, Message, Reaction, Revision
from server.store.work import Work

UNREADABLE = "[These words can no longer be read.]"


class Said(NamedTuple):
    """A message as plain values: what is needed to show it."""

    id: UUID
    room_id: UUID
    seq: int | None
    author_id: UUID
    author_kind: str
    client_id: UUID
    sealed: bytes | None
    reply_to: UUID | None
    ask: bool
    sealed_note: bytes | None
    collapsed_by: str | None
    state: str
    at: datetime
    published_at: datetime | None
    edited_at: datetime | None


def seal_text(work: Work, message: Message, text: str) -> None:
    """Put words into a message, sealed under its author's key."""
    message.sealed = sealed(work, message.author_id, message.id, message.room_id, text)


def sealed(
    work: Work, author_id: UUID, message_id: UUID, room_id: UUID, text: str, column: str = "sealed"
) -> bytes:
    """Words of a message, as its row keeps them."""
    return work.sealer.seal(author_id, text, Spot("message", column, message_id, room_id))


def open_text(work: Work, message: Message | Said) -> str | None:
    """A message's words, or None when they were taken back. Damaged or erased ones are said to be so."""
    return _open(work, message, message.sealed, _spot(message))


def seal_note(work: Work, message: Message, note: str) -> None:
    """Put the author's own content note into a message, sealed as its words are."""
    message.sealed_note = work.sealer.seal(message.author_id, note, _note_spot(message))


def open_note(work: Work, message: Message | Said) -> str | None:
    """The author's own content note, if there is one."""
    return _open(work, message, message.sealed_note, _note_spot(message))


def keep_revision(work: Work, message: Message, text: str) -> None:
    """Keep the words before an edit for those who judge an open case."""
    revision = Revision(message_id=message.id, sealed=b"", at=work.now)
    spot = Spot("revision", "sealed", revision.id, message.room_id)
    revision.sealed = work.sealer.seal(message.author_id, text, spot)
    work.session.add(revision)


def forget_words(work: Work, message: Message) -> None:
    """Let go of everything its author wrote into a message: words, note, and words before edits."""
    message.sealed = message.sealed_note = None
    work.session.add(message)
    work.session.exec(delete(Revision).where(col(Revision.message_id) == message.id))


def find_message(work: Work, room_id: UUID, message_id: UUID) -> Message | None:
    """A message of this room; the id of another room's message finds nothing."""
    message = work.session.get(Message, message_id)
    return message if message and message.room_id == room_id else None


def said_lately(
    work: Work,
    room_id: UUID,
    since: datetime,
    before: int | None,
    *,
    by: UUID | None = None,
    but_by: UUID | None = None,
    most: int,
) -> list[UUID]:
    """The newest that stand in the room, of one author or of all but one; before a `seq` where one is given."""
    query = select(Message.id).where(
        Message.room_id == room_id, Message.state == "published", Message.at >= since
    )
    if before is not None:
        query = query.where(col(Message.seq) < before)
    if by is not None:
        query = query.where(Message.author_id == by)
    if but_by is not None:
        query = query.where(Message.author_id != but_by)
    return [*work.session.exec(query.order_by(col(Message.seq).desc()).limit(most))]


def find_by_client_id(work: Work, author_id: UUID, client_id: UUID) -> Message | None:
    """What this author already sent under this client_id, ever."""
    query = select(Message).where(Message.author_id == author_id, Message.client_id == client_id)
    return work.session.exec(query).first()


def page_before(work: Work, room_id: UUID, before: int | None, limit: int) -> Sequence[Message]:
    """Messages that have a `seq`, newest first, from before one."""
    query = select(Message).where(Message.room_id == room_id, col(Message.seq).is_not(None))
    if before is not None:
        query = query.where(col(Message.seq) < before)
    return work.session.exec(query.order_by(col(Message.seq).desc()).limit(limit)).all()


def page_of_author(
    work: Work, room_id: UUID, author_id: UUID, before: int | None, limit: int
) -> Sequence[Message]:
    """What somebody said in a room and everybody there can read, newest first, from before a `seq`."""
    query = select(Message).where(
        Message.room_id == room_id, Message.author_id == author_id, Message.state == "published"
    )
    query = query.where(col(Message.seq).is_not(None))
    if before is not None:
        query = query.where(col(Message.seq) < before)
    return work.session.exec(query.order_by(col(Message.seq).desc()).limit(limit)).all()


def page_after(work: Work, room_id: UUID, after: int, limit: int) -> Sequence[Message]:
    """The next messages after a `seq`, oldest first."""
    query = select(Message).where(Message.room_id == room_id, col(Message.seq) > after)
    return work.session.exec(query.order_by(col(Message.seq)).limit(limit)).all()


def held_by(work: Work, room_id: UUID, author_id: UUID) -> Sequence[Message]:
    """An author's own messages that wait for a moderator."""
    query = select(Message).where(
        Message.room_id == room_id, Message.author_id == author_id, Message.state == "held"
    )
    return work.session.exec(query.order_by(col(Message.at))).all()


def around(work: Work, room_id: UUID, seq: int, before: int, after: int) -> Sequence[Message]:
    """Messages around a position, oldest first."""
    earlier = page_before(work, room_id, seq + 1, before + 1)
    return [*reversed(earlier), *page_after(work, room_id, seq, after)]


def by_id(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, Message]:
    """Several messages at once."""
    query = select(Message).where(col(Message.id).in_(message_ids))
    return {message.id: message for message in work.session.exec(query)}


def authors_of(work: Work, messages: Sequence[Message]) -> dict[UUID, tuple[Member, str | None]]:
    """Author and seat for each author of these messages, all of one room."""
    if not messages:
        return {}
    author_ids = {message.author_id for message in messages}
    query = (
        select(Member, Membership.seat)
        .join(
            Membership,
            (col(Membership.member_id) == Member.id)
            & (col(Membership.room_id) == messages[0].room_id),
            isouter=True,
        )
        .where(col(Member.id).in_(author_ids))
    )
    return {member.id: (member, seat) for member, seat in work.session.exec(query)}


def reactions_of(work: Work, message_ids: Sequence[UUID]) -> dict[UUID, dict[Any, int]]:
    """Counts of each kind, per message."""
    query = (
        select(Reaction.message_id, Reaction.kind, func.count())
        .where(col(Reaction.message_id).in_(message_ids))
        .group_by(col(Reaction.message_id), Reaction.kind)
    )
    counts: dict[UUID, dict[Any, int]] = {}
    for message_id, kind, count in work.session.exec(query):
        counts.setdefault(message_id, {})[kind] = count
    return counts


def my_reactions(work: Work, member_id: UUID, message_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """A member's own quiet signs."""
    query = select(Reaction).where(
        Reaction.member_id == member_id, col(Reaction.message_id).in_(message_ids)
    )
    return {reaction.message_id: reaction.kind for reaction in work.session.exec(query)}


def answers_to(work: Work, message_ids: Sequence[UUID]) -> Sequence[FeltHeard]:
    """All private answers on these replies: the caller shows each only to whom it concerns."""
    return work.session.exec(
        select(FeltHeard).where(col(FeltHeard.message_id).in_(message_ids))
    ).all()


def count_unread(work: Work, member_id: UUID, most: int) -> dict[UUID, int]:
    """Messages of others that came after what the member has read, per room; no more than `most` are looked at."""
    new = (
        select(literal(1))
        .where(
            col(Message.room_id) == col(Membership.room_id),
            col(Message.seq) > col(Membership.read_seq),
            Message.author_id != member_id,
            Message.state == "published",
        )
        .limit(most)
        .correlate(Membership)
        .subquery()
    )
    count = select(func.count()).select_from(new).scalar_subquery()
    query = select(Membership.room_id, count).where(
        Membership.member_id == member_id, col(Membership.left_at).is_(None)
    )
    return {room_id: count for room_id, count in work.session.exec(query)}  # noqa: C416 - rows are not pairs to mypy


def _open(work: Work, message: Message | Said, sealed: bytes | None, spot: Spot) -> str | None:
    if sealed is None:
        return None
    try:
        return work.sealer.open(message.author_id, sealed, spot)
    except Unreadable:
        return UNREADABLE


def _spot(message: Message | Said) -> Spot:
    return Spot("message", "sealed", message.id, message.room_id)


def _note_spot(message: Message | Said) -> Spot:
    return Spot("message", "sealed_note", message.id, message.room_id)
