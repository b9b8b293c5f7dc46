"""Every table. Importing this package fills the metadata that migrations are compared with."""

from server.store.tables.away import AwayState, PushNews, PushWish
from server.store.tables.care import Receipt
from server.store.tables.cases import Case, CaseFlag, Decision, Notice, Timer
from server.store.tables.climate import ClimateNote, ClimateWeek
from server.store.tables.comfort import AskPassedOn, MemberComfort
from server.store.tables.crossing import Crossing, Guess
from server.store.tables.desk import HandOver, Opinion, Removal, Template, Undo, WrongRule
from server.store.tables.duties import Complaint, ComplaintStep, OutsideReport, TakeDownTime
from server.store.tables.emergencies import Emergency
from server.store.tables.escalations import Escalation, TeamNote
from server.store.tables.group_sessions import (
    GroupSession,
    GroupSessionPresence,
    GroupSessionReminder,
    GroupSessionTimer,
)
from server.store.tables.guard import GuardCase, GuardChoice, GuardShift
from server.store.tables.journal import JournalEntry, JournalLock
from server.store.tables.judgement import Assessment, NudgeShown
from server.store.tables.labels import LabelExport, LabelRow
from server.store.tables.measures import (
    CourseAlert,
    MeasureAsk,
    MeasureConfirmation,
    MeasurePlan,
    MeasureResponse,
)
from server.store.tables.moods import Mood
from server.store.tables.people import AgeChange, Consent, Invitation, Member, Session, Shift
from server.store.tables.place import Audit, OwnHelpLine, Place
from server.store.tables.plans import SafetyPlan
from server.store.tables.policy import PolicyEdition, PolicyReplay, ReplayJob, ShadowCount
from server.store.tables.push import PushCall, PushDevice, PushState
from server.store.tables.quiet import QuietPerson, QuietTopic
from server.store.tables.reasons import Act, PlaceWords
from server.store.tables.rights import DataExport, Erasure, HeldWords, Hold, Retention
from server.store.tables.rooms import (
    Edit,
    FeltHeard,
    FirstReply,
    Membership,
    Message,
    Reaction,
    Revision,
    Room,
    RoomEvent,
    RoomHead,
)
from server.store.tables.ways import Challenge, CodeApp, Passkey, RecoveryCode, RecoveryLink

__all__ = [
    "Act",
    "AgeChange",
    "AskPassedOn",
    "Assessment",
    "Audit",
    "AwayState",
    "Case",
    "CaseFlag",
    "Challenge",
    "ClimateNote",
    "ClimateWeek",
    "CodeApp",
    "Complaint",
    "ComplaintStep",
    "Consent",
    "CourseAlert",
    "Crossing",
    "DataExport",
    "Decision",
    "Edit",
    "Emergency",
    "Erasure",
    "Escalation",
    "FeltHeard",
    "FirstReply",
    "GroupSession",
    "GroupSessionPresence",
    "GroupSessionReminder",
    "GroupSessionTimer",
    "GuardCase",
    "GuardChoice",
    "GuardShift",
    "Guess",
    "HandOver",
    "HeldWords",
    "Hold",
    "Invitation",
    "JournalEntry",
    "JournalLock",
    "LabelExport",
    "LabelRow",
    "MeasureAsk",
    "MeasureConfirmation",
    "MeasurePlan",
    "MeasureResponse",
    "Member",
    "MemberComfort",
    "Membership",
    "Message",
    "Mood",
    "Notice",
    "NudgeShown",
    "Opinion",
    "OutsideReport",
    "OwnHelpLine",
    "Passkey",
    "Place",
    "PlaceWords",
    "PolicyEdition",
    "PolicyReplay",
    "PushCall",
    "PushDevice",
    "PushNews",
    "PushState",
    "PushWish",
    "QuietPerson",
    "QuietTopic",
    "Reaction",
    "Receipt",
    "RecoveryCode",
    "RecoveryLink",
    "Removal",
    "ReplayJob",
    "Retention",
    "Revision",
    "Room",
    "RoomEvent",
    "RoomHead",
    "SafetyPlan",
    "Session",
    "ShadowCount",
    "Shift",
    "TakeDownTime",
    "TeamNote",
    "Template",
    "Timer",
    "Undo",
    "WrongRule",
]
