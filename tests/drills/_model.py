"""One room as it should be, in memory: what was said and done, and what somebody may hear of it."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from server.protocol import frames

InOrder = frames.Message | frames.Changed | frames.Reacted


class Diverged(AssertionError):
    """The server did what the model does not."""


@dataclass(slots=True)
class Said:
    """One message. texts: each with the `seq` from which it holds. gone_at: since when it is out of sight."""

    id: UUID
    author: str
    texts: list[tuple[int, str]]
    state: str = "published"
    reactions: dict[str, str] = field(default_factory=dict)
    gone_at: int | None = None

    @property
    def text(self) -> str:
        """As it is now."""
        return self.texts[-1][1]

    def counts(self) -> dict[str, int]:
        """Reactions as the room sees them."""
        kinds = list(self.reactions.values())
        return {kind: kinds.count(kind) for kind in set(kinds)}


@dataclass(frozen=True, slots=True)
class Event:
    """What took one `seq`."""

    kind: str
    message: UUID | None = None


@dataclass(slots=True)
class Model:
    """events[n] took `seq` n + 1. answers: the frame and the first answer to each, by author and client_id.

    seated: for each member, when a seat began or ended, in the order of all things.
    """

    events: list[Event] = field(default_factory=list)
    said: dict[UUID, Said] = field(default_factory=dict)
    answers: dict[tuple[str, UUID], tuple[Any, frames.Posted]] = field(default_factory=dict)
    seated: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    @property
    def head(self) -> int:
        """The newest `seq`."""
        return len(self.events)

    # --- what happens ---

    def happens(self, kind: str, message: UUID | None = None) -> int:
        """The next `seq` is taken."""
        self.events.append(Event(kind, message))
        return self.head

    def is_said(self, author: str, frame: frames.Post, posted: frames.Posted) -> None:
        """Acknowledged: it stands at the next place."""
        self.happens("message", posted.id)
        self._answered(author, frame, posted)
        self.said[posted.id] = Said(posted.id, author, [(self.head, frame.text)])

    def is_edited(self, author: str, frame: frames.Edit, posted: frames.Posted) -> None:
        """Acknowledged: other words from the next place on."""
        self.happens("edited", frame.message)
        self._answered(author, frame, posted)
        self.said[frame.message].texts.append((self.head, frame.text))

    def is_gone(self, message: UUID, how: str, at: int) -> None:
        """Out of sight from then on."""
        self.happens(how, message)
        self.said[message].state, self.said[message].gone_at = how, at

    def is_back(self, message: UUID) -> None:
        """Shown again."""
        self.happens("shown", message)
        self.said[message].state, self.said[message].gone_at = "published", None

    def reacts(self, name: str, message: UUID, reaction: str | None) -> None:
        """A quiet sign; the same again is nothing."""
        said = self.said[message]
        if said.reactions.get(name) == reaction:
            return
        if reaction is None:
            del said.reactions[name]
        else:
            said.reactions[name] = reaction
        self.happens("reaction", message)

    def sits(self, name: str, seat: str, at: int) -> None:
        """A seat begins or ends: seated, left or removed."""
        if name in self.seated:
            self.happens("joined" if seat == "seated" else "left")
        self.seated.setdefault(name, []).append((at, seat))

    # --- what holds ---

    def seat(self, name: str, at: int | None = None) -> str:
        """Now, or at a moment."""
        changes = [seat for since, seat in self.seated[name] if at is None or since <= at]
        return changes[-1] if changes else "seated"

    def visible(self) -> list[UUID]:
        """Messages that are shown, in their order."""
        return [id for id, said in self.said.items() if said.state == "published"]

    def shows(self) -> list[tuple[UUID, str, dict[str, int]]]:
        """What everybody in the room sees, in its order."""
        return [(id, self.said[id].text, self.said[id].counts()) for id in self.visible()]

    def check_heard(self, name: str, frame: InOrder, at: int) -> None:
        """I5 to I7, for one frame. Raises Diverged."""
        if frame.seq > self.head:
            raise Diverged(f"I5: out of nowhere: {frame.type} at {frame.seq}")
        if self.seat(name, at) != "seated":
            raise Diverged(f"I6: {name} has no seat and heard {frame.seq}")
        event = self.events[frame.seq - 1]
        text = getattr(frame, "text", None)
        if text is not None and event.message:
            self._check_words(self.said[event.message], frame.seq, text, at)
        if not _is_of(frame, event):
            raise Diverged(f"I5: {frame.seq} is {event.kind} and was heard as {frame!r}")

    def _check_words(self, said: Said, seq: int, text: str, at: int) -> None:
        if said.gone_at is not None and at > said.gone_at:
            raise Diverged(f"I7: words that are {said.state} were heard again at {seq}")
        before = [words for since, words in said.texts if since <= seq]
        if text not in before[-1:] + [words for since, words in said.texts if since > seq]:
            raise Diverged(f"I4: other words at {seq} than were said")

    def _answered(self, author: str, frame: Any, posted: frames.Posted) -> None:
        if posted.seq != self.head:
            raise Diverged(f"I3: posted at {posted.seq}, and the room stands at {self.head}")
        self.answers[author, frame.client_id] = frame, posted


def _is_of(frame: InOrder, event: Event) -> bool:
    if isinstance(frame, frames.Message):
        return event.kind == "message" and frame.id == event.message
    if isinstance(frame, frames.Reacted):
        return event.kind == "reaction" and frame.message == event.message
    if frame.change == "other":  # about something that is out of sight by now
        return event.message is not None and frame.message is None and frame.text is None
    return event.kind == frame.change and frame.message == event.message
