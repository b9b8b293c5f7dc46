"""Every frame on the socket, both ways. docs/protocol.md explains them; the browser's types are generated from them."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from server.protocol.base import Id, Seq, ShortText, Text, Time, Wire

SUBPROTOCOL = "hearth.v1"

Reaction = Literal["heart", "hug", "same", "strength"]
MessageState = Literal["published", "withdrawn", "hidden"]
Heard = Literal["heard", "not_yet"]
AuthorKind = Literal["person", "bot"]

# --- from the client ---


class Join(Wire):
    """Listen to a room; `after` is the last `seq` seen, None means only what comes from now on."""

    type: Literal["join"]
    room: Id
    after: Seq | None = None


class Leave(Wire):
    """Stop listening. The seat in the room stays."""

    type: Literal["leave"]
    room: Id


class Post(Wire):
    """Say something. The same `client_id` again gets the first answer again."""

    type: Literal["post"]
    room: Id
    client_id: Id
    text: Text
    reply_to: Id | None = None
    ask: bool = False
    insist: bool = False
    content_note: ShortText | None = None


class Edit(Wire):
    """Change one's own message; judged exactly as a post."""

    type: Literal["edit"]
    room: Id
    client_id: Id
    message: Id
    text: Text
    insist: bool = False


class Discard(Wire):
    """A nudged draft was given up; nothing was stored but the fact."""

    type: Literal["discard"]
    client_id: Id


class Withdraw(Wire):
    """Take one's own message back."""

    type: Literal["withdraw"]
    room: Id
    message: Id


class React(Wire):
    """Set or, with None, take back one's own quiet reaction."""

    type: Literal["react"]
    room: Id
    message: Id
    reaction: Reaction | None


class FeltHeard(Wire):
    """The asker's private answer to a reply."""

    type: Literal["felt_heard"]
    room: Id
    message: Id
    answer: Heard


FlagReason = Literal["worried", "unkind", "unsafe", "private", "not_sure"]


class Flag(Wire):
    """Ask a moderator to look at a message."""

    type: Literal["flag"]
    room: Id
    message: Id
    reason: FlagReason
    words: Annotated[Text | None, Field()] = None
    aside: bool = False
    """About somebody who keeps this room: to somebody who does not keep it. Otherwise it changes nothing."""


class Typing(Wire):
    """I am writing; forgotten after a few seconds."""

    type: Literal["typing"]
    room: Id


class Read(Wire):
    """I have read up to `seq`."""

    type: Literal["read"]
    room: Id
    seq: Seq


ClientFrame = Annotated[
    Join | Leave | Post | Edit | Discard | Withdraw | React | FeltHeard | Flag | Typing | Read,
    Field(discriminator="type"),
]
client_frame: TypeAdapter[ClientFrame] = TypeAdapter(ClientFrame)

# --- from the server ---


class Limits(Wire):
    """What one frame, one message and one socket may hold."""

    frame_bytes: int
    text_code_points: int
    posts_per_minute: int


class Hello(Wire):
    """First frame. A new `epoch` means positions from before are worthless."""

    type: Literal["hello"] = "hello"
    epoch: str
    member: Id
    limits: Limits
    heartbeat_s: int


class Joined(Wire):
    """Listening; `seq` is the room's newest. What was missed follows, then live."""

    type: Literal["joined"] = "joined"
    room: Id
    seq: Seq
    members: int
    here: int
    moderator_on: bool


class Author(Wire):
    """Who said it, as others see them."""

    id: Id
    name: str
    role: Literal["peer", "host", "moderator", "clinician", "bot"]


class Message(Wire):
    """One published message, the same frame for everybody, its author too."""

    type: Literal["message"] = "message"
    room: Id
    seq: Seq
    id: Id
    author: Author
    author_kind: AuthorKind = "person"
    text: str
    at: Time
    client_id: Id
    reply_to: Id | None = None
    ask: bool = False
    content_note: str | None = None
    """Shown collapsed behind these words."""
    edited_at: Time | None = None
    reactions: dict[Reaction, int] = {}


class Posted(Wire):
    """Durable: the answer to `post`, and to its repetition."""

    type: Literal["posted"] = "posted"
    room: Id
    client_id: Id
    seq: Seq
    id: Id
    at: Time


class Marked(Wire):
    """Words that were noticed: code points of the text that was sent, end exclusive."""

    start: int
    end: int
    signal: str


class Nudge(Wire):
    """Private: what was noticed and what could be tried. Edit, send as it is, or discard."""

    type: Literal["nudge"] = "nudge"
    room: Id
    client_id: Id
    reasons: list[str]
    words: str
    spans: list[Marked]
    suggestions: list[str]


class Praise(Wire):
    """Private, after `posted`, now and then: what the author of a reply did well. Kept nowhere."""

    type: Literal["praise"] = "praise"
    room: Id
    client_id: Id
    words: str


class Held(Wire):
    """The message waits for a moderator; its author alone knows."""

    type: Literal["held"] = "held"
    room: Id
    client_id: Id
    id: Id
    at: Time
    notice: Id
    words: str


class Refused(Wire):
    """Not done. `retryable` with `retry_after_s` says whether and when to try again."""

    type: Literal["refused"] = "refused"
    code: str
    detail: str
    retryable: bool = False
    retry_after_s: float | None = None
    client_id: Id | None = None
    room: Id | None = None
    message: Id | None = None
    """The message that a frame without a `client_id` was about."""


class Changed(Wire):
    """A change that took a `seq`. Without `message`: something you may not see, so that a gap is always a gap."""

    type: Literal["changed"] = "changed"
    room: Id
    seq: Seq
    change: Literal[
        "edited", "withdrawn", "hidden", "shown", "collapsed", "joined", "left", "other"
    ] = "other"
    message: Id | None = None
    text: str | None = None
    content_note: str | None = None
    at: Time | None = None
    edited_at: Time | None = None


class Reacted(Wire):
    """Counts of quiet reactions on one message after a change."""

    type: Literal["reaction"] = "reaction"
    room: Id
    seq: Seq
    message: Id
    reactions: dict[Reaction, int]


class Presence(Wire):
    """How many are here now, and whether a moderator is on. Never who, to peers."""

    type: Literal["presence"] = "presence"
    room: Id
    here: int
    moderator_on: bool


class IsTyping(Wire):
    """Somebody is writing."""

    type: Literal["typing"] = "typing"
    room: Id
    name: str


class HelpLine(Wire):
    """One line to call or write to. `verified_at` is the record's own date, or None."""

    id: str
    country: str
    name: str
    dial: str | None = None
    text: str | None = None
    url: str | None = None
    hours: str | None = None
    about: str | None = None
    languages: list[str] = []
    verified_at: str | None = None
    source: str | None = None


class Support(Wire):
    """Shown at once to someone who may be in danger, or who writes about someone in danger."""

    type: Literal["support"] = "support"
    room: Id | None = None
    client_id: Id | None = None
    about: Literal["self", "another"]
    words: str
    emergency: list[str]
    lines: list[HelpLine]
    private_line: Id | None = None
    """A room where moderators answer, when one was opened."""


class Notice(Wire):
    """What was done about the receiver or their message, by whom (a role), why, and until when it can be appealed."""

    type: Literal["notice"] = "notice"
    id: Id
    kind: Literal[
        "held",
        "published",
        "hidden",
        "care_note",
        "warn",
        "pause",
        "removed",
        "reach_out",
        "collapsed",
        "looked_at",
        "appeal",
        "helped",
        "assessed_late",
        "flag_answered",
        "called",
        "nobody_yet",
        "shift_ended",
        "resources",
        "taken_back",
        "course_alert",
        "measure_confirm",
        "emergency",
        "measure_ask",
        "measure_called",
        "session",
        "sharing_ends",
        "your_data",
        "way_in",
        "outside_report",
        "complaint",
        "age_group",
    ]
    at: Time
    words: str
    room: Id | None = None
    message: Id | None = None
    conversation: Id | None = None
    """The room of a conversation that was opened with the receiver."""
    automated: bool
    by: Literal["machine", "moderator", "clinician", "steward", "member"]
    policy: str | None = None
    until: Time | None = None
    appeal_until: Time | None = None
    appeal: Literal["open", "upheld", "overturned", "changed"] | None = None
    read: bool = False


class QueueChanged(Wire):
    """To staff: a case in one of your rooms was opened or changed. Ids and urgency, no text."""

    type: Literal["queue"] = "queue"
    case: Id
    room: Id
    urgency: Literal["none", "routine", "soon", "now"]
    state: Literal["open", "escalated", "closed"]
    version: int
    claimed_by_me: bool = False
    alert: bool = False


class SightChanged(Wire):
    """To the room's clinicians: what they may see of somebody may have changed. Ask anew."""

    type: Literal["sight"] = "sight"
    room: Id


class RoomEnded(Wire):
    """You no longer listen to this room."""

    type: Literal["left"] = "left"
    room: Id
    reason: Literal["left", "removed", "closed"]


class Reset(Wire):
    """Your position is unknown here: fetch the room anew."""

    type: Literal["reset"] = "reset"
    epoch: str
    room: Id


ServerFrame = Annotated[
    Hello
    | Joined
    | Message
    | Posted
    | Nudge
    | Praise
    | Held
    | Refused
    | Changed
    | Reacted
    | Presence
    | IsTyping
    | Support
    | Notice
    | QueueChanged
    | SightChanged
    | RoomEnded
    | Reset,
    Field(discriminator="type"),
]
server_frame: TypeAdapter[ServerFrame] = TypeAdapter(ServerFrame)


class Close:
    """Close codes. 4408: too slow, come back with `after`. 4503: restart, come back after a moment."""

    BAD_FRAME = 4400
    SESSION = 4401
    FORBIDDEN = 4403
    TOO_SLOW = 4408
    TOO_MANY = 4429
    RESTART = 4503
