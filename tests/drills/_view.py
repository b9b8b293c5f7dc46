"""What one member holds of a room: a snapshot through HTTP, and what each frame makes of it.

Written from docs/protocol.md, as another client would be: what it says must be enough.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from server.client import Declined, Http
from server.protocol import bodies, frames

_PAGE = 100
_IN_ORDER = frozenset({"message", "changed", "reaction"})
_GONE: dict[str, Any] = {"text": None, "content_note": None, "edited_at": None, "reactions": {}}


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as staff see it stand."""

    urgency: str
    state: str
    version: int
    claimed_by_me: bool


@dataclass(slots=True)
class View:
    """One member's. kept: lines that went out of sight, as they were, for when they come back.

    unknown: messages that a frame spoke of and that were never had: to be read anew.
    """

    me: bodies.Me
    room: UUID
    seq: int = 0
    members: int = 0
    here: int = 0
    moderator_on: bool = False
    seat: str | None = None
    lines: dict[UUID, bodies.HistoryMessage] = field(default_factory=dict)
    held: dict[UUID, bodies.HistoryMessage] = field(default_factory=dict)
    notices: dict[UUID, frames.Notice] = field(default_factory=dict)
    conversations: frozenset[UUID] = frozenset()
    cases: dict[UUID, Standing] = field(default_factory=dict)
    said: dict[UUID, UUID] = field(default_factory=dict)
    kept: dict[UUID, bodies.HistoryMessage] = field(default_factory=dict)
    drafts: dict[UUID, frames.Post | frames.Edit] = field(default_factory=dict)
    unknown: set[UUID] = field(default_factory=set)
    counted_to: int = 0
    """Seats up to this `seq` are in `members` already."""
    gaps: int = 0
    is_stale: bool = False

    def copy(self) -> "View":
        """One that changes by itself."""
        copied = {name: _copied(getattr(self, name)) for name in self.__slots__}
        return View(**copied)

    def shows(self) -> dict[str, Any]:
        """What can be compared. Out of sight is out of sight: whether a place is kept for it is each client's."""
        seen = {id: line for id, line in self.lines.items() if line.state in {"published", "held"}}
        private = {
            "seat": self.seat,
            "said": self.said,
            "notices": {id: _told(notice) for id, notice in self.notices.items()},
            # Staff find theirs in the case.
            "conversations": self.conversations if self.me.role == "peer" else None,
        }
        if self.seat is None:
            return private
        return private | {
            "seq": self.seq,
            "gaps": self.gaps,
            "members": self.members,
            "here": self.here,
            "moderator_on": self.moderator_on,
            "lines": {id: _bare(line) for id, line in seen.items()},
            "order": sorted(seen, key=lambda id: seen[id].seq),
            "held": {id: _bare(line) for id, line in self.held.items()},
            "cases": self.cases,
        }

    # --- one's own acts, which nobody tells one about ---

    def act(self, frame: frames.ClientFrame) -> None:
        """Something this member sends."""
        match frame:
            case frames.Post() | frames.Edit():
                self.drafts[frame.client_id] = frame
            case frames.React():
                self._patch(frame.message, my_reaction=frame.reaction)
            case frames.FeltHeard():
                self._patch(frame.message, my_answer=frame.answer)

    # --- frames ---

    def apply(self, frame: frames.ServerFrame) -> None:
        """Something this member hears. What was heard before is dropped."""
        if getattr(frame, "seq", None) is not None and frame.type in _IN_ORDER:
            if frame.seq <= self.seq:  # type: ignore[union-attr]
                return
            self.gaps += frame.seq - self.seq - 1  # type: ignore[union-attr]
            self.seq = frame.seq  # type: ignore[union-attr]
        change: Callable[[Any], None] | None = getattr(self, f"_on_{frame.type}", None)
        if change:
            change(frame)

    def _on_joined(self, frame: frames.Joined) -> None:
        self.members, self.counted_to = frame.members, frame.seq
        self.here, self.moderator_on = frame.here, frame.moderator_on
        self.seat = self.seat or "member"

    def _on_message(self, frame: frames.Message) -> None:
        own = frame.author.id == self.me.id
        self.lines[frame.id] = _line(frame, own=own)
        self._count_reply(frame.reply_to, 1)
        if own:
            self.held.pop(frame.id, None)
            self.said[frame.client_id] = frame.id

    def _on_changed(self, frame: frames.Changed) -> None:
        match frame.change:
            case "joined" | "left" if frame.seq > self.counted_to:
                self.members += 1 if frame.change == "joined" else -1
            case "hidden" | "withdrawn" if frame.message:
                self._take_away(frame.message, frame.change)
            case "edited" | "shown" | "collapsed" if frame.message:
                self._bring(frame, frame.message)

    def _on_reaction(self, frame: frames.Reacted) -> None:
        self._patch(frame.message, reactions=frame.reactions)

    def _on_presence(self, frame: frames.Presence) -> None:
        self.here, self.moderator_on = frame.here, frame.moderator_on

    def _on_posted(self, frame: frames.Posted) -> None:
        if isinstance(self.drafts.get(frame.client_id), frames.Post):
            self.said[frame.client_id] = frame.id

    def _on_held(self, frame: frames.Held) -> None:
        draft = self.drafts[frame.client_id]
        if isinstance(draft, frames.Edit):
            before = self.kept.pop(frame.id, self.lines.get(frame.id))
            self.unknown.discard(frame.id)
            if before is None:
                return
            self.lines[frame.id] = before.model_copy(update={"text": draft.text, "state": "held"})
        else:
            self.held[frame.id] = _held_line(frame, draft, self.me)

    def _on_notice(self, frame: frames.Notice) -> None:
        self.notices[frame.id] = frame
        if frame.conversation:
            self.conversations |= {frame.conversation}
        if frame.message and frame.kind == "helped":
            self._patch(frame.message, helped=True)
        if frame.kind == "held" and frame.message in self.kept:
            self.unknown.add(frame.message)  # an edit of mine, perhaps from another device
        elif frame.message and frame.kind not in {"held", "flag_answered"}:
            self._is_judged(frame.message)

    def _on_support(self, frame: frames.Support) -> None:
        if frame.private_line:
            self.conversations |= {frame.private_line}

    def _on_queue(self, frame: frames.QueueChanged) -> None:
        standing = Standing(frame.urgency, frame.state, frame.version, frame.claimed_by_me)
        self.cases[frame.case] = standing
        if frame.state == "closed":
            del self.cases[frame.case]

    def _on_left(self, frame: frames.RoomEnded) -> None:
        self.seat = None
        self.lines, self.held, self.kept, self.said = {}, {}, {}, {}

    def _on_reset(self, frame: frames.Reset) -> None:
        self.is_stale = True

    # --- lines ---

    def _count_reply(self, to: UUID | None, more: int) -> None:
        """As many as can be seen; also of what is out of sight now and may come back."""
        for held in (self.lines, self.kept):
            if to in held:
                line = held[to]
                held[to] = line.model_copy(update={"replies": line.replies + more})

    def _patch(self, message: UUID, **change: Any) -> None:
        if message in self.lines:
            self.lines[message] = self.lines[message].model_copy(update=change)

    def _is_judged(self, message: UUID) -> None:
        """One's own held words: published ones came before this was told, so these never will be."""
        self.held.pop(message, None)
        if message in self.lines and self.lines[message].state == "held":
            self._patch(message, **_GONE, state="hidden", my_reaction=None)

    def _take_away(self, message: UUID, state: str) -> None:
        line = self.lines.get(message)
        if line is None:
            return
        if state == "hidden" and line.state == "published":
            self.kept[message] = line
        if line.state == "published":
            self._count_reply(line.reply_to, -1)
        self._patch(message, **_GONE, state=state, my_reaction=None)

    def _bring(self, frame: frames.Changed, message: UUID) -> None:
        line = self.kept.pop(message, None) or self.lines.get(message)
        if line is None or line.text is None:
            self.unknown.add(message)
            return
        change: dict[str, Any] = {"content_note": frame.content_note, "state": "published"}
        if frame.change != "collapsed":
            change |= {"text": frame.text, "edited_at": frame.edited_at}
        if self.lines[message].state != "published":
            self._count_reply(line.reply_to, 1)
        self.lines[message] = line.model_copy(update=change)


async def fetch(http: Http, room: UUID) -> View:
    """The room as it is now for this member, from nothing."""
    me = await http.read("/api/me", bodies.Me)
    shown = (await http.read(f"/api/rooms/{room}", bodies.RoomDetail)).room
    listed = (await http.read("/api/rooms", bodies.Rooms)).rooms
    notices = (await http.read("/api/me/notices", bodies.Notices)).notices
    view = View(me, room, seat=shown.seat)
    view.members, view.here, view.moderator_on = shown.members, shown.here, shown.moderator_on
    view.notices = {notice.id: notice for notice in notices}
    view.conversations = frozenset(line.id for line in listed if line.kind == "conversation")
    await _read_history(http, view)
    if me.role in {"moderator", "clinician"}:
        view.cases = await _cases(http, room)
    return view


async def read_line(http: Http, view: View, message: UUID) -> None:
    """Read history for a message that was never had."""
    fresh = View(view.me, view.room)
    await _read_history(http, fresh)
    line = view.lines[message] = fresh.lines[message]
    if line.reply_to in fresh.lines:
        view._patch(line.reply_to, replies=fresh.lines[line.reply_to].replies)
    view.unknown.discard(message)


async def _read_history(http: Http, view: View) -> None:
    before: int | None = None
    while True:
        cursor = "" if before is None else f"&before={before}"
        path = f"/api/rooms/{view.room}/messages?limit={_PAGE}{cursor}"
        try:
            page = await http.read(path, bodies.History)
        except Declined:
            return  # no seat: nothing to see
        if before is None:
            view.seq = view.counted_to = page.seq
            view.held = {line.id: line for line in page.held}
        view.lines |= {line.id: line for line in page.messages}
        own = [line for line in page.messages if line.client_id]
        view.said |= {line.client_id: line.id for line in own if line.client_id}
        before = page.before
        if before is None:
            return


async def _cases(http: Http, room: UUID) -> dict[UUID, Standing]:
    queue = await http.read(f"/api/queue?room={room}", bodies.Queue)
    return {
        line.id: Standing(line.urgency, line.state, line.version, line.claimed_by_me)
        for line in queue.cases
    }


def _line(frame: frames.Message, *, own: bool) -> bodies.HistoryMessage:
    shared = frame.model_dump(exclude={"type", "room", "client_id"})
    return bodies.HistoryMessage(
        **shared, state="published", client_id=frame.client_id if own else None
    )


def _held_line(frame: frames.Held, draft: frames.Post, me: bodies.Me) -> bodies.HistoryMessage:
    role: Any = me.role if me.role in {"moderator", "clinician"} else "peer"
    return bodies.HistoryMessage(
        seq=0,
        id=frame.id,
        author=frames.Author(id=me.id, name=me.pseudonym, role=role),
        author_kind="person",
        state="held",
        text=draft.text,
        at=frame.at,
        client_id=draft.client_id,
        reply_to=draft.reply_to,
        ask=draft.ask,
        content_note=draft.content_note,
    )


def _bare(line: bodies.HistoryMessage) -> bodies.HistoryMessage:
    """When a held edit was made is told with what becomes of it."""
    return line.model_copy(update={"edited_at": None}) if line.state == "held" else line


def _told(notice: frames.Notice) -> frames.Notice:
    """What became of an appeal is a notice of its own; and whether it was read is one's own act."""
    return notice.model_copy(update={"appeal": None, "read": False})


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, dict | set) else value
