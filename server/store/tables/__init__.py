"""Every table. Importing this package fills the metadata that migrations are compared with."""

from server.store.tables.cases import Case, CaseFlag, Decision, Notice, Timer
from server.store.tables.judgement import Assessment, NudgeShown
from server.store.tables.people import Consent, Invitation, Member, Session, Shift
from server.store.tables.place import Audit, OwnHelpLine, Place
from server.store.tables.quiet import QuietPerson, QuietTopic
from server.store.tables.rooms import (
    Edit,
    FeltHeard,
    Membership,
    Message,
    Reaction,
    Revision,
    Room,
    RoomEvent,
    RoomHead,
)

__all__ = [
    "Assessment",
    "Audit",
    "Case",
    "CaseFlag",
    "Consent",
    "Decision",
    "Edit",
    "FeltHeard",
    "Invitation",
    "Member",
    "Membership",
    "Message",
    "Notice",
    "NudgeShown",
    "OwnHelpLine",
    "Place",
    "QuietPerson",
    "QuietTopic",
    "Reaction",
    "Revision",
    "Room",
    "RoomEvent",
    "RoomHead",
    "Session",
    "Shift",
    "Timer",
]
