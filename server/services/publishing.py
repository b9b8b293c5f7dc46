"""A message becomes part of its room: sealed, counted, and announced after the commit."""

from uuid import UUID

from server.ids import new_id
from server.protocol import frames
from server.services import render
from server.store import messages, rooms
from server.store.tables import Message
from server.store.work import ToRoom, Work


def publish(work: Work, stored: Message, text: str) -> frames.Message:
    """Give a sealed message its `seq` and tell the room. For a new message, and for one that was held."""
    stored.seq = rooms.next_seq(work, stored.room_id, "message", stored.id)
    stored.state, stored.published_at = "published", work.now
    work.session.add(stored)
    by = render.author_in(work, stored.room_id, stored.author_id)
    frame = render.message(work, stored, text, by)
    work.announce(ToRoom(stored.room_id, stored.seq, frame))
    return frame


def say(
    work: Work,
    room_id: UUID,
    author_id: UUID,
    text: str,
    *,
    author_kind: str = "person",
    client_id: UUID | None = None,
) -> Message:
    """A message that needs no judging: staff's first words in a conversation, the place's own bot."""
    stored = Message(
        room_id=room_id,
        author_id=author_id,
        author_kind=author_kind,
        client_id=client_id or new_id(),
        fingerprint=work.sealer.fingerprint(text),
        at=work.now,
    )
    messages.seal_text(work, stored, text)
    publish(work, stored, text)
    return stored


def announce_change(work: Work, stored: Message, change: str) -> int:
    """A change to a published message takes the next `seq`."""
    seq = rooms.next_seq(work, stored.room_id, change, stored.id)
    frame = render.change(work, stored, change, seq=seq, at=work.now)
    work.announce(ToRoom(stored.room_id, seq, frame))
    return seq


def hide(work: Work, stored: Message) -> None:
    """Take a message out of everybody's sight; a held one is simply never published."""
    was_published = stored.state == "published"
    stored.state = "hidden"
    work.session.add(stored)
    if was_published:
        announce_change(work, stored, "hidden")


def show(work: Work, stored: Message) -> None:
    """Bring a hidden message back where it stood, or publish one that never was."""
    if stored.seq is None:
        publish(work, stored, messages.open_text(work, stored) or "")
    else:
        stored.state = "published"
        work.session.add(stored)
        announce_change(work, stored, "shown")
