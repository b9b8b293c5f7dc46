"""Bodies of the HTTP API, both ways."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Name, ShortText, Storable, Text, Time, Wire
from server.protocol.desk import Desk
from server.protocol.duties import DutiesStatus, OutsideOnCase, TakeDown
from server.protocol.frames import Author, Heard, HelpLine, Marked, Notice, Reaction
from server.protocol.kinds import Act, AgeGroup, EscalationOutcome, RoomAges
from server.protocol.kinds import Action as Action
from server.protocol.kinds import CaseKind as CaseKind
from server.protocol.kinds import CaseState as CaseState
from server.protocol.kinds import Role as Role
from server.protocol.kinds import Urgency as Urgency
from server.protocol.reasons import Clause

Seat = Literal["member", "host", "moderator", "clinician"]
SignUpMode = Literal["open", "invited", "approved"]
Country = Annotated[Storable, Field(pattern=r"^[A-Z]{2}$")]
Passphrase = Annotated[Storable, Field(min_length=8, max_length=256)]
Code = Annotated[Storable, Field(min_length=8, max_length=128)]


class Problem(Wire):
    """Every refusal. `code` is stable; `detail` is for people and holds nothing private."""

    code: str
    detail: str


# --- the place ---


class Coverage(Wire):
    """What reads one language here, in words. `language`: a code, or "other" for all that have no row."""

    language: str
    name: str
    model: str
    phrases: str


class Place(Wire):
    """What a visitor may know before signing up."""

    name: str
    about: str
    sign_up: SignUpMode
    minimum_age: int
    country: str | None
    help_lines_confirmed: bool
    policy: str
    policy_reviewed: bool
    """False: "not yet reviewed by a clinician"."""
    coverage: list[Coverage]
    demo: bool = False


class CountryLines(Wire):
    """Help lines of one country, the emergency number first."""

    country: str
    name: str
    emergency: list[str]
    lines: list[HelpLine]


class HelpCountries(Wire):
    countries: list[CountryLines]
    chosen: str | None


# --- members ---


class SignUp(Wire):
    """All three declarations must be true. Without a passphrase, the recovery code is the only key."""

    pseudonym: Name
    passphrase: Passphrase | None = None
    old_enough: Literal[True]
    not_an_emergency_service: Literal[True]
    machine_reads_for_safety: Literal[True]
    age_group: AgeGroup | None = None
    """None: not said; rooms for one group stay closed until it is. Without effect where 18 is the least age."""
    invitation: Code | None = None
    as_program: bool = False


class LogIn(Wire):
    """By passphrase, or by recovery code (which is then replaced by a new one).

    second: what the app for codes shows, or one of ten recovery codes; only for those who set it up.
    """

    pseudonym: Name
    passphrase: Passphrase | None = None
    recovery_code: Code | None = None
    second: Annotated[Storable, Field(min_length=6, max_length=64)] | None = None
    as_program: bool = False


class Me(Wire):
    """The member who asks."""

    id: Id
    pseudonym: str
    role: Role
    state: Literal["active", "pending", "removed"]
    tone_nudges: bool
    country: str | None
    has_passphrase: bool
    on_shift: bool
    unread_notices: int
    joined_at: Time
    second_step_until: Time | None = None
    """Staff without a second step have until then to set it up."""


class Entered(Wire):
    """Signed up or logged in. `token` only for programs; `recovery_code` only when it is new, and never again."""

    me: Me
    recovery_code: str | None = None
    token: str | None = None


class MePatch(Wire):
    tone_nudges: bool | None = None
    country: Country | None = None


class NewPassphrase(Wire):
    """The current passphrase, or the recovery code, proves who asks. Ends all other sessions."""

    passphrase: Passphrase
    current: Passphrase | None = None
    recovery_code: Code | None = None


class SessionInfo(Wire):
    """browser, system: of the device that logged in, where it said so. name: of a program's token."""

    id: Id
    kind: Literal["browser", "program", "token"]
    browser: str | None = None
    system: str | None = None
    name: str | None = None
    created_at: Time
    last_seen_at: Time
    current: bool


class Sessions(Wire):
    sessions: list[SessionInfo]


class Notices(Wire):
    """Newest first: everything that was decided about me or my words."""

    notices: list[Notice]


class NewAppeal(Wire):
    words: Text


# --- rooms ---


class Room(Wire):
    """A room as its list shows it."""

    id: Id
    slug: str
    name: str
    purpose: str
    kind: Literal["room", "conversation"]
    language: str
    state: Literal["open", "closed"]
    age_group: RoomAges
    members: int
    here: int
    moderator_on: bool
    seat: Seat | None
    paused_until: Time | None = None
    seq: int
    unread: int
    """Words of others after `read_seq`; in the list of rooms no more than 100 are counted."""
    read_seq: int
    """How far the member has read; 0 without a seat."""
    first_reply_asks: int = 0
    """Asks of the last four weeks, to the nearest five; 0 where fewer than eight people asked."""
    first_reply_median_s: float | None = None
    """Until another person first answers an ask, to the minute; None also where at least half wait still."""


class Rooms(Wire):
    rooms: list[Room]


class Keeper(Wire):
    """Who keeps a room: peers see pseudonym and seat."""

    id: Id
    name: str
    seat: Seat


class RoomDetail(Wire):
    room: Room
    keepers: list[Keeper]


class HistoryMessage(Wire):
    """A message on a page of history; `state` withdrawn or hidden carries no text."""

    seq: int
    id: Id
    author: Author
    author_kind: Literal["person", "bot"]
    state: Literal["published", "withdrawn", "hidden", "held"]
    text: str | None
    at: Time
    client_id: Id | None = None
    reply_to: Id | None = None
    ask: bool = False
    content_note: str | None = None
    edited_at: Time | None = None
    reactions: dict[Reaction, int] = {}
    my_reaction: Reaction | None = None
    my_answer: Heard | None = None
    helped: bool = False
    """On one's own reply: the asker felt heard."""
    replies: int = 0
    """How many answers to it can be seen."""


class History(Wire):
    """Oldest first. `before` gives the page before; None when this is the beginning."""

    messages: list[HistoryMessage]
    before: int | None
    seq: int
    held: list[HistoryMessage] = []
    """One's own messages that wait for a moderator."""


# --- the queue ---


class CaseLine(Wire):
    """One line of the queue: no text."""

    id: Id
    room: Id
    room_name: str
    kind: CaseKind
    state: CaseState
    urgency: Urgency
    handling: Literal["publish", "collapse", "nudge", "hold"] | None
    about: Literal["self", "another"] | None
    opened_at: Time
    due_at: Time
    version: int
    claimed_by: str | None
    claimed_by_me: bool
    claimed_until: Time | None
    seen_by_a_person: bool
    flags: int
    why: list[str]
    language: str | None
    again_of: Id | None = None
    """The closed case after which this person is looked at again."""
    aside: bool = False
    """Not for those who keep the room: it is about one of them."""
    rung: Literal["again", "clinicians", "on_call", "repeat"] | None = None
    """Who was called last, while nobody has come."""
    answered: EscalationOutcome | None = None
    """What a clinician answered last, where it was handed up to them."""
    take_down: TakeDown | None = None
    """The clock of what was reported from outside."""


class Queue(Wire):
    """A page of the queue in the order it should be worked, and what is waiting."""

    cases: list[CaseLine]
    open: dict[Urgency, int]
    """All of urgency `now`, of any other no more than a thousand: a thousand means that many or more."""
    urgent_outside: int
    """Cases of urgency `now` that the filters leave out."""
    not_assessed: int
    """Up to 1,000: beyond that nobody counts."""
    on_shift: list[str]
    on_pause: list[str]
    """Those of them who take a short pause."""
    after: str | None


class QueueLanguages(Wire):
    languages: list[str]


class CaseMessage(Wire):
    """A message around a case, as a moderator of that room may read it: `state` withdrawn, hidden or held has
    text only where the case is about it."""

    id: Id
    seq: int | None
    author: Author
    state: Literal["published", "withdrawn", "hidden", "held", "refused"]
    text: str | None
    at: Time
    reply_to: Id | None = None
    content_note: str | None = None
    subject: bool = False
    """The message the case is about."""


class CaseFlag(Wire):
    source: Literal[
        "classifier",
        "lexicon",
        "rule",
        "member",
        "moderator",
        "refused",
        "clock",
        "measure",
        "outside",
    ]
    reasons: list[str]
    words: list[str]
    spans: list[Marked]
    note: str | None
    at: Time


class CaseDecision(Wire):
    """What a person did with a case. `undone`: it was taken back, and nothing of it stands."""

    id: Id
    action: Action | Act
    by: str
    reason: str
    at: Time
    until: Time | None
    policy: str
    clause: Clause | None = None
    clause_words: str | None = None
    undone: bool = False


class CaseMember(Wire):
    """The person the case is about, as far as a moderator needs."""

    id: Id
    name: str
    since: Time
    messages_here: int
    paused_until: Time | None
    open_cases: int
    past_sanctions: int
    blocked_by: int | None = None
    """How many people blocked them, from three on; never who."""


class Case(Wire):
    line: CaseLine
    subject: CaseMember
    messages: list[CaseMessage]
    flags: list[CaseFlag]
    decisions: list[CaseDecision]
    allowed: list[Action]
    conversation: Id | None
    appeal_words: str | None
    assessed: bool
    policy: str
    policy_reviewed: bool
    clause: Clause
    """The promise that a sanction here usually rests on."""
    model: str | None = None
    """What read the message; None when nothing has."""
    desk: Desk
    outside: list[OutsideOnCase] = []
    """What was reported from outside about its message."""


class Claim(Wire):
    version: int


class NewDecision(Wire):
    """`version` is the one that was read. `reason` is told to the author; `words` is the first
    message of a conversation or the text of a care note. `minutes` is the length of a pause.
    `undoable`: it can be taken back for 30 seconds, and what the author would read waits as long."""

    action: Action
    version: int
    reason: Text
    words: Text | None = None
    minutes: Annotated[int, Field(ge=5, le=60 * 24 * 30)] | None = None
    clause: Clause | None = None
    """The promise of the place that a sanction rests on; None for the usual one."""
    undoable: bool = False
    shared: Annotated[list[Id], Field(max_length=40)] | None = None
    """Which of the case's messages the clinicians are shown with an escalation; None: the one it is about."""


class NextCase(Wire):
    """The case handed out and claimed, or None when nothing waits."""

    case: Id | None
    spared: Literal["budget", "in_a_row", "given_back"] | None = None
    """Why something more pressing was left to somebody else who is free; `anyway` hands it out."""


class Shift(Wire):
    on: bool


class NotAssessedMessage(Wire):
    id: Id
    room: Id
    author: Author
    text: str
    at: Time
    why: str


class NotAssessed(Wire):
    """The newest, oldest first. older: there are more before them."""

    messages: list[NotAssessedMessage]
    older: bool


# --- clinic ---


class PolicyText(Wire):
    """What judges here, to be read: by file name. `reviewed_at` only for exactly this edition."""

    version: str
    edition: str
    texts: dict[str, str]
    reviewed_at: Time | None


class PolicyReview(Wire):
    """The edition that was read."""

    edition: ShortText


class Clinic(Wire):
    rooms: list[Room]


# --- steward ---


class PlacePatch(Wire):
    name: Name | None = None
    about: Text | None = None
    sign_up: SignUpMode | None = None
    minimum_age: Annotated[int, Field(ge=13, le=99)] | None = None
    country: Country | None = None
    help_lines_confirmed: bool | None = None


class OnCall(Wire):
    """Somebody who is called when nobody else has come, and the rooms whose cases they may judge."""

    id: Id
    name: str
    role: Role
    rooms: list[str]


RungMinutes = Annotated[
    list[Annotated[int, Field(ge=1, le=1_440)]], Field(min_length=3, max_length=3)
]


class Calling(Wire):
    """Who is called when nobody looks at an urgent case, and when.

    Minutes from the opening of a case: those on shift again, the room's clinicians, those on call.
    """

    now_minutes: list[int]
    soon_minutes: list[int]
    on_call: list[OnCall]
    has_command: bool
    last_call: str | None
    """How the newest run of the steward's command ended: done, or a code."""
    last_call_at: Time | None


class CallingPatch(Wire):
    now_minutes: RungMinutes | None = None
    soon_minutes: RungMinutes | None = None
    on_call: Annotated[list[Id], Field(max_length=50)] | None = None


class NewRoom(Wire):
    name: Name
    purpose: ShortText
    slug: Annotated[Storable, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$")] | None = None
    language: Annotated[Storable, Field(pattern=r"^[a-z]{2,3}$")] = "en"
    age_group: RoomAges = "everybody"


class RoomPatch(Wire):
    name: Name | None = None
    purpose: ShortText | None = None
    state: Literal["open", "closed"] | None = None
    language: Annotated[Storable, Field(pattern=r"^[a-z]{2,3}$")] | None = None
    age_group: RoomAges | None = None
    """Another one ends the seats of those whom the room is not for any more."""


class NewKeeper(Wire):
    """A steward seats a member; `seat` None takes the seat away."""

    member: Id
    seat: Seat | None


class StewardMember(Wire):
    """What a steward sees of a member: no words, no cases."""

    id: Id
    pseudonym: str
    role: Role
    state: Literal["active", "pending", "removed"]
    joined_at: Time
    seats: list[str]


class StewardMembers(Wire):
    members: list[StewardMember]
    after: str | None


class MemberPatch(Wire):
    role: Role | None = None
    state: Literal["active", "removed"] | None = None
    reason: Text | None = None
    """Why somebody is removed: told to them."""


class NewInvitation(Wire):
    role: Role = "peer"
    room: Id | None = None
    days: Annotated[int, Field(ge=1, le=30)] = 7


class Invitation(Wire):
    """`code` and `path` only when it is new, and never again."""

    id: Id
    role: Role
    room: Id | None
    created_at: Time
    expires_at: Time
    redeemed_at: Time | None
    code: str | None = None
    path: str | None = None


class Invitations(Wire):
    invitations: list[Invitation]


class NewHelpLine(Wire):
    """A line the steward checked; `verified_at` is the day they did, `source` where they read it."""

    country: Country
    name: Name
    dial: Annotated[Storable, Field(pattern=r"^[0-9+*# ]{2,24}$")] | None = None
    text: ShortText | None = None
    url: Annotated[Storable, Field(pattern=r"^https://", max_length=280)] | None = None
    hours: ShortText | None = None
    about: ShortText | None = None
    verified_at: Annotated[Storable, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    source: ShortText | None = None


class HelpLinePatch(Wire):
    hidden: bool


class StewardHelpLine(Wire):
    line: HelpLine
    hidden: bool
    own: bool
    old: bool


class StewardHelpLines(Wire):
    country: str | None
    confirmed_at: Time | None
    lines: list[StewardHelpLine]


class StewardStatus(Wire):
    """Is it well? For the steward's page and `hearth doctor`."""

    version: str
    classifier: str
    classifier_state: Literal["ready", "starting", "down"]
    database: str
    not_assessed: int
    oldest_open_case_s: int | None
    sockets: int
    key_backup_at: Time | None
    duties: DutiesStatus
