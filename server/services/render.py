"""What is stored, as it goes over the wire. The one place where a message becomes a frame."""

from datetime import datetime
from typing import Any
from uuid import UUID

from server.protocol import frames
from server.store import messages, rooms
from server.store.messages import Said
from server.store.tables import Member, Message
from server.store.work import Work

_SEEN_SEATS = {"host": "host", "moderator": "moderator", "clinician": "clinician"}


def author(member: Member, seat: str | None) -> frames.Author:
    """An author as others see them: pseudonym, and the seat they hold here."""
    return author_as(member.id, member.pseudonym, seat, is_bot=member.is_bot)


def author_as(member_id: UUID, name: str, seat: str | None, *, is_bot: bool) -> frames.Author:
    """The same, from plain values."""
    role: Any = "bot" if is_bot else _SEEN_SEATS.get(seat or "", "peer")
    return frames.Author(id=member_id, name=name, role=role)


def author_in(work: Work, room_id: UUID, member_id: UUID) -> frames.Author:
    """The same, looked up."""
    member = work.session.get(Member, member_id)
    assert member is not None  # noqa: S101 - a foreign key
    seat = rooms.find_any_seat(work, room_id, member_id)
    return author(member, seat.seat if seat else None)


def message(
    work: Work,
    stored: Message | Said,
    text: str,
    by: frames.Author,
    reactions: dict[Any, int] | None = None,
) -> frames.Message:
    """The one frame for everybody."""
    assert stored.seq is not None  # noqa: S101 - only published messages are rendered
    kind: Any = stored.author_kind
    return frames.Message(
        room=stored.room_id,
        seq=stored.seq,
        id=stored.id,
        author=by,
        author_kind=kind,
        text=text,
        at=stored.published_at or stored.at,
        client_id=stored.client_id,
        reply_to=stored.reply_to,
        ask=stored.ask,
        content_note=note_of(work, stored),
        edited_at=stored.edited_at,
        reactions=reactions or {},
    )


def change(
    work: Work, stored: Message | Said, kind: str, *, seq: int, at: datetime
) -> frames.Changed:
    """A change to a message, the same live and for who comes later: only what it changes.

    kind: as `change` of the frame. What is taken out of sight takes its words and its note along.
    """
    shows = kind in {"edited", "shown"}
    return frames.Changed(
        room=stored.room_id,
        seq=seq,
        change=kind,  # type: ignore[arg-type]
        message=stored.id,
        text=messages.open_text(work, stored) if shows else None,
        content_note=note_of(work, stored) if shows or kind == "collapsed" else None,
        at=at,
        edited_at=stored.edited_at if shows else None,
    )


def note_of(work: Work, stored: Message | Said) -> str | None:
    """The words a message is collapsed behind: the author's own, or the policy's."""
    return messages.open_note(work, stored) or stored.collapsed_by
