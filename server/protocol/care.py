"""Bodies of care: what a member shares with a group's clinicians, who looked, check-ins, emergencies."""

from typing import Literal

from server.protocol.base import Id, Name, ShortText, Time, Wire
from server.protocol.bodies import HistoryMessage, Role

Scope = Literal["mood", "measures", "messages", "alerts"]
"""What is shared, each apart."""
Looked = Literal[Scope, "measures.export", "case", "notes"]
"""What a clinician looks at: what is shared, or a copy of it that left; a case for the member's safety, the team's
notes about them."""
Feeling = Literal["very_low", "low", "so_so", "good", "very_good"]
Months = Literal[1, 3, 6, 12]
Reason = Literal["danger", "unreachable", "another", "handed_over"]
"""Why somebody looks without consent."""


class CareQuestion(Wire):
    """What sharing one thing means, in full. wording: version and language, to be named when it is given."""

    scope: Scope
    wording: ShortText
    title: str
    words: list[str]


class Shared(Wire):
    """One agreement with a group's clinicians, as the ledger keeps it."""

    room: Id
    room_name: str
    scope: Scope
    wording: str
    given_at: Time
    until: Time | None
    withdrawn_at: Time | None


class CareGroup(Wire):
    """A group and what is shared there now.

    seated: whether the member still sits there. has_clinician: without one nobody can look.
    """

    room: Id
    room_name: str
    seated: bool
    has_clinician: bool
    shared: list[Shared]


class Care(Wire):
    """What can be shared and is. language: of the questions. about: what holds for all of them."""

    language: str
    review: str
    about: list[str]
    questions: list[CareQuestion]
    groups: list[CareGroup]
    ledger: list[Shared]


class NewShare(Wire):
    """I agree to these words, for so many months."""

    wording: ShortText
    months: Months


class ReceiptLine(Wire):
    """Looks of one kind on one day (UTC). by: the role that looked; never who.

    given_at: of the consent that allowed it. reason: where it was an emergency instead. Neither: it
    needs no consent, as a case and the team's notes do not.
    """

    room: Id
    room_name: str
    scope: Looked
    by: Role
    looks: int
    first_at: Time
    last_at: Time
    given_at: Time | None
    reason: Reason | None


class Receipts(Wire):
    """Every look at what is mine, newest first. since: older ones are kept and not in here."""

    receipts: list[ReceiptLine]
    since: Time


class NewMood(Wire):
    """How I am now. client_id: the same again is the same check-in."""

    client_id: Id
    feeling: Feeling


class Mood(Wire):
    """One check-in."""

    id: Id
    feeling: Feeling
    at: Time


class Moods(Wire):
    """Check-ins of the last days, newest first."""

    moods: list[Mood]
    days: int


class PersonScope(Wire):
    """Something that can be seen now. emergency: without the member's consent."""

    scope: Scope
    until: Time | None
    emergency: bool


class Person(Wire):
    """A member who shares something, and what."""

    id: Id
    name: str
    scopes: list[PersonScope]


class People(Wire):
    """Those in a room who share something with its clinicians. Nobody else is in it, not even as a number."""

    room: Id
    room_name: str
    people: list[Person]


class PersonMessages(Wire):
    """What somebody said in the room, oldest first. before: the token of the page before."""

    messages: list[HistoryMessage]
    before: int | None


class NewEmergency(Wire):
    """I need to see what this member did not share. words: why; the member will read them.

    at_once: for 5 minutes without a second person, who are all told.
    """

    name: Name
    reason: Reason
    words: ShortText
    at_once: bool


class EmergencyAnswer(Wire):
    """A second person says whether it may be."""

    confirm: bool


class Emergency(Wire):
    """Access without consent, as those see it who may answer it.

    state: waits for a second person, or open until then. mine: I asked. may_answer: I can be the second.
    """

    id: Id
    room: Id
    room_name: str
    member: Id
    name: str
    by: Name
    mine: bool
    may_answer: bool
    reason: Reason
    words: str | None
    state: Literal["waits", "open"]
    confirmed: bool
    asked_at: Time
    until: Time | None


class Emergencies(Wire):
    """Those that wait or are open now, in rooms that are mine to answer for."""

    emergencies: list[Emergency]
