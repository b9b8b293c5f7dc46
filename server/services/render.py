"""What is stored, as it goes over the wire. The one place where a message becomes a frame."""

from typing import Any
from uuid import UUID

from server.protocol import frames
from server.store import messages, rooms
from server.store.tables import Member, Message
from server.store.work import Work

_SEEN_SEATS = {"host": "host", "moderator": "moderator", "clinician": "clinician"}


def author(member: Member, seat: str | None) -> frames.Author:
    """An author as others see them: pseudonym, and the seat they hold here."""
    role: Any = "bot" if member.is_bot else _SEEN_SEATS.get(seat or "", "peer")
    return frames.Author(id=member.id, name=member.pseudonym, role=role)


def author_in(work: Work, room_id: UUID, member_id: UUID) -> frames.Author:
    """The same, looked up."""
    member = work.session.get(Member, member_id)
    assert member is not None  # noqa: S101 - a foreign key
    seat = rooms.find_any_seat(work, room_id, member_id)
    return author(member, seat.seat if seat else None)


def message(
    stored: Message,
    text: str,
    by: frames.Author,
    reactions: dict[Any, int] | None = None,
    *,
    seq: int | None = None,
) -> frames.Message:
    """The one frame for everybody. `seq`: that of the event that shows it, by default its own."""
    position = seq if seq is not None else stored.seq
    assert position is not None  # noqa: S101 - only published messages are rendered
    kind: Any = stored.author_kind
    return frames.Message(
        room=stored.room_id,
        seq=position,
        id=stored.id,
        author=by,
        author_kind=kind,
        text=text,
        at=stored.published_at or stored.at,
        client_id=stored.client_id,
        reply_to=stored.reply_to,
        ask=stored.ask,
        content_note=note_of(stored),
        edited_at=stored.edited_at,
        reactions=reactions or {},
    )


def note_of(stored: Message) -> str | None:
    """The words a message is collapsed behind: the author's own, or the policy's."""
    return stored.content_note or stored.collapsed_by


def message_in(work: Work, stored: Message) -> frames.Message:
    """The same, looked up."""
    counts = messages.reactions_of(work, [stored.id]).get(stored.id)
    text = messages.open_text(work, stored) or ""
    return message(stored, text, author_in(work, stored.room_id, stored.author_id), counts)
