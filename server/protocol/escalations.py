"""Bodies of what goes between moderators and clinicians: escalations with their outcomes, and team notes."""

from typing import Annotated, Literal

from pydantic import Field

from server.protocol.base import Id, Text, Time, Wire
from server.protocol.bodies import CaseMessage
from server.protocol.kinds import CaseKind, CaseState, Role, Urgency
from server.protocol.kinds import EscalationOutcome as Outcome


class EscalationLine(Wire):
    """One that stands with the clinicians: no text. `awaits`: no clinician has done anything yet."""

    case: Id
    room: Id
    room_name: str
    kind: CaseKind
    urgency: Urgency
    by: str
    at: Time
    due_at: Time
    awaits: bool
    words: int
    outcome: Outcome | None


class Escalations(Wire):
    """What is due first stands first."""

    escalations: list[EscalationLine]


class EscalationWord(Wire):
    """Something that was said about the case, between those who keep the room and its clinicians."""

    id: Id
    by: str
    by_role: Role
    mine: bool
    text: str
    at: Time


class GivenOutcome(Wire):
    """What a clinician answered. `note` None: nothing was added."""

    outcome: Outcome
    by: str
    note: str | None
    at: Time


class Escalation(Wire):
    """A case as it was handed up: with what the moderator chose to show, and no more.

    version: of the case, for an outcome. may_answer: the reader is one of those who were asked.
    """

    case: Id
    room: Id
    room_name: str
    version: int
    kind: CaseKind
    state: CaseState
    urgency: Urgency
    due_at: Time
    awaits: bool
    subject: str
    by: str
    at: Time
    note: str
    shared: list[CaseMessage]
    words: list[EscalationWord]
    outcomes: list[GivenOutcome]
    may_answer: bool


class NewEscalationWord(Wire):
    """The same `client_id` again says nothing twice."""

    client_id: Id
    text: Text


class NewOutcome(Wire):
    """`version`: the one of the case that was read."""

    version: int
    outcome: Outcome
    note: Text | None = None


class TeamNoteVersion(Wire):
    """`struck`: the text is the reason. `text` None: it can no longer be read."""

    kind: Literal["written", "corrected", "struck"]
    text: str | None
    by: str
    at: Time


class TeamNote(Wire):
    """What a clinician wrote for the room's clinicians, oldest version first. `mine`: the reader wrote it."""

    id: Id
    member: Id | None
    member_name: str | None
    struck: bool
    mine: bool
    versions: list[TeamNoteVersion]


class NotedMember(Wire):
    """Somebody with a seat in the room, about whom a note may be written."""

    id: Id
    name: str


class TeamNotes(Wire):
    """Newest first. Only for the clinicians of this room; each look is in the audit log."""

    room: Id
    room_name: str
    notes: list[TeamNote]


class NotedMembers(Wire):
    """By name."""

    members: list[NotedMember]


class NewTeamNote(Wire):
    """`member` None: about the group."""

    member: Id | None = None
    text: Text


class TeamNoteChange(Wire):
    """A correction, or with `strike` the reason why it no longer stands. `version`: how many were read."""

    version: Annotated[int, Field(ge=1, le=10_000)]
    text: Text
    strike: bool = False
