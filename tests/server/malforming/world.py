"""A place to be rude to: one of each role, a room they share, and something of everything in it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from moderation.review import EDITION
from server.access import Role
from server.client import Client, Http
from server.ids import new_id
from server.protocol import bodies, frames
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.store.tables import Member
from server.store.work import Work
from tests.server.live_server import LiveServer

ROLES = (Role.PEER, Role.MODERATOR, Role.CLINICIAN, Role.STEWARD)


@dataclass(slots=True)
class World:
    """Tokens by role, and ids of things that are there."""

    tokens: dict[Role, str]
    room: UUID
    other: UUID
    """A member whom nobody needs: stewards may do to them what they like."""
    own: UUID
    theirs: UUID
    case: UUID
    notice: UUID


class _Made:
    """What is made in the database."""

    def __init__(self, work: Work) -> None:
        self.room = make_room(work, f"Rude {str(new_id())[-6:]}", "To be rude in.").id
        self.members = {role: self._member(work, role) for role in ROLES}
        self.other = self._member(work, Role.PEER).id
        self.tokens = {
            role: sessions.open_session(work, member, "program").token
            for role, member in self.members.items()
        }
        self.second = sessions.open_session(work, self.members[Role.STEWARD], "program").token

    def _member(self, work: Work, role: Role) -> Member:
        name = f"{role} {str(new_id())[-12:]}"
        member = Member(
            pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now
        )
        work.session.add(member)
        work.session.flush()
        staff = role in {Role.MODERATOR, Role.CLINICIAN}
        seats.take_seat(work, self.room, member.id, str(role) if staff else "member")
        return member


async def build(server: LiveServer) -> World:
    """Two messages, a flag on one, and so a case and a notice."""
    made = await server.on_database(_Made)
    peer, steward = made.tokens[Role.PEER], made.tokens[Role.STEWARD]
    async with Client(server.url, peer) as one, Client(server.url, steward) as two:
        await one.join(made.room)
        own = _id(await one.post(made.room, "Something of my own."))
        theirs = _id(await two.post(made.room, "Something of theirs.", reply_to=own))
        await one.send(_flag(made.room, theirs))
        notice = await _first_notice(Http(server.url, peer))
    queue = await Http(server.url, made.tokens[Role.MODERATOR]).read("/api/queue", bodies.Queue)
    return World(made.tokens, made.room, made.other, own, theirs, queue.cases[0].id, notice)


def valid_frames(world: World) -> dict[str, dict[str, Any]]:
    """One valid frame of each type, with every field."""
    room, own, theirs = str(world.room), str(world.own), str(world.theirs)
    a, b, c = (str(new_id()) for _ in range(3))
    words = "A plain sentence."
    return {
        "join": {"type": "join", "room": room, "after": 0},
        "leave": {"type": "leave", "room": room},
        "post": {
            "type": "post", "room": room, "client_id": a, "text": words, "reply_to": theirs,
            "ask": False, "insist": True, "content_note": "A note.",
        },
        "edit": {
            "type": "edit", "room": room, "client_id": b, "message": own, "text": words,
            "insist": True,
        },
        "discard": {"type": "discard", "client_id": c},
        "withdraw": {"type": "withdraw", "room": room, "message": own},
        "react": {"type": "react", "room": room, "message": theirs, "reaction": "hug"},
        "felt_heard": {"type": "felt_heard", "room": room, "message": theirs, "answer": "heard"},
        "flag": {
            "type": "flag", "room": room, "message": theirs, "reason": "not_sure", "words": words,
            "aside": True,
        },
        "typing": {"type": "typing", "room": room},
        "read": {"type": "read", "room": room, "seq": 1},
    }  # fmt: skip


def valid_bodies(world: World) -> dict[str, dict[str, Any]]:
    """One valid body of each model that a route takes, with every field; harmless if it is done."""
    secret, words = "correct horse battery", "A plain sentence."
    return {
        "SignUp": {
            "pseudonym": "Rude Visitor", "passphrase": None, "old_enough": True,
            "not_an_emergency_service": True, "machine_reads_for_safety": True,
            "age_group": "adults", "invitation": None, "as_program": True,
        },
        "LogIn": {
            "pseudonym": "Nobody Here", "passphrase": None, "recovery_code": "AAAAA-BBBBB",
            "second": None, "as_program": True,
        },
        "MePatch": {"tone_nudges": True, "country": "IE"},
        "NewPassphrase": {"passphrase": secret, "current": None, "recovery_code": "AAAAA-BBBBB"},
        "NewAge": {"age_group": "adults"},
        "AgeAnswer": {"confirm": False, "reason": words},
        "NewAppeal": {"words": words},
        "NewFlag": {
            "client_id": str(new_id()), "reason": "not_sure", "words": words, "aside": True,
        },
        "NewNudgeQuiet": {"until": "2030-01-01T00:00:00Z"},
        "NewQuietPerson": {"blocked": False},
        "NewQuietTopic": {"words": words},
        "ComfortPatch": {
            "language": "en", "plain": False, "calm": False, "breaks": True, "practised": False,
            "topics": [{"topic": "loss", "choice": "fold"}],
        },
        "Shift": {"on": True},
        "Claim": {"version": 1},
        "NewDecision": {
            "action": "dismiss", "version": 1, "reason": words, "words": words, "minutes": 60,
            "clause": "kind",
            "undoable": True, "shared": [],
        },
        "NewEscalationWord": {"client_id": str(new_id()), "text": words},
        "NewOutcome": {"version": 1, "outcome": "keep_an_eye", "note": words},
        "NewTeamNote": {"member": str(world.other), "text": words},
        "TeamNoteChange": {"version": 1, "text": words, "strike": True},
        "NewGroupSession": {
            "title": "An hour", "about": words, "starts_at": "2030-01-01T18:00:00Z",
            "time_zone": "Europe/Dublin", "minutes": 60, "host": None,
        },
        "GroupSessionPatch": {
            "edition": 1, "title": "An hour", "about": words, "starts_at": "2030-01-01T18:00:00Z",
            "time_zone": "Europe/Dublin", "minutes": 60, "host": None,
        },
        "GroupSessionEnd": {"edition": 1, "reason": words},
        "PromisePatch": {"words": words},
        "SetUrgency": {"version": 1, "urgency": "soon", "reason": words, "undoable": True},
        "SetHandling": {
            "version": 1, "handling": "collapse", "content_note": "choose_when", "reason": words,
            "undoable": True,
        },
        "ShowAgain": {"version": 1, "reason": words},
        "NewHandOver": {"version": 1, "to": None, "note": words},
        "ShiftHandOver": {"to": None, "note": words},
        "NewOpinion": {"of": str(world.other), "question": words},
        "OpinionAnswer": {"words": words},
        "RemovalAnswer": {"confirm": False, "reason": words},
        "NewTemplate": {"action": "warn", "language": "en", "name": "A start", "words": words},
        "TemplatePatch": {"name": "A start", "words": words, "hidden": True, "as_shipped": True},
        "PolicyReview": {"edition": EDITION},
        "NewClimateNote": {"day": "2026-11-16", "text": words},
        "NewMeasuresExport": {
            "member": str(world.other), "passphrase": secret, "recovery_code": "AAAAA-BBBBB",
        },
        "PlacePatch": {
            "name": "Hearth", "about": words, "sign_up": "open", "minimum_age": 18,
            "country": "IE", "help_lines_confirmed": True,
        },
        "CallingPatch": {"now_minutes": [5, 10, 15], "soon_minutes": [60, 90, 120], "on_call": []},
        "NewRoom": {
            "name": "Another", "purpose": words, "slug": "another-one", "language": "en",
            "age_group": "everybody",
        },
        "RoomPatch": {"name": "Rude", "purpose": words, "state": "open", "language": "en", "age_group": "everybody"},
        "NewKeeper": {"member": str(world.other), "seat": "member"},
        "MemberPatch": {"role": "peer", "state": "active", "reason": words},
        "NewInvitation": {"role": "peer", "room": str(world.room), "days": 7},
        "NewHelpLine": {
            "country": "IE", "name": "A line", "dial": "116 123", "text": None,
            "url": "https://example.org", "hours": "always", "about": words,
            "verified_at": "2026-11-01", "source": "https://example.org",
        },
        "HelpLinePatch": {"hidden": False},
        "GuardPatch": {"on": True, "budget": 6},
        "ShortPause": {"minutes": 3},
        "NewJournalEntry": {
            "client_id": str(new_id()), "words": words, "now": words, "stays": words,
            "helps": words,
        },
        "JournalTurn": {
            "version": 0, "proof": None, "entries": [{"id": str(new_id()), "words": words}],
        },
        "NewPushDevice": {
            "endpoint": "https://fcm.googleapis.com/fcm/send/nobody", "p256dh": "B" * 87,
            "auth": "A" * 22, "time_zone": "Europe/Dublin", "quiet": {"start": 1_320, "end": 420},
        },
        "PushDevicePatch": {"quiet": {"start": 1_320, "end": 420}},
        "StewardPushPatch": {"on": True},
        "WishPatch": {"wish": "all"},
        "StewardAwayPatch": {
            "members_called": True,
            "plain_name": "Notes",
            "leave_to": "https://weather.example.org/",
        },
        "NewConsent": {"wording": "2026-11 en"},
        "NewShare": {"wording": "2026-12 en", "months": 1},
        "NewMood": {"client_id": str(new_id()), "feeling": "so_so"},
        "NewPlan": {"version": 0, "plan": {"signs": [words], "worth": [words]}},
        "NewEmergency": {
            "name": "Nobody Here", "reason": "danger", "words": words, "at_once": False,
        },
        "EmergencyAnswer": {"confirm": False},
        "NewMeasureAnswer": {"value": 0},
        "NewMeasureCall": {"room": str(world.room)},
        "MeasureAskAnswer": {"answer": "later"},
        "NewMeasurePlan": {"every_days": 14},
        "NewMeasureConfirmation": {"terms": words},
        "CourseAlertClosed": {"outcome": words},
        "LabelsSwitch": {"allowed": False},
        "PolicyDraft": {"text": ""},
        "NewPolicyReplay": {"text": "", "days": 30},
        "NewPolicyEdition": {
            "text": "", "mode": "shadow", "reason": words, "replay": None, "accept_warnings": False,
        },
        "PolicyRollback": {"to": 0, "reason": words},
        "PolicyTrialEnd": {"reason": words},
        "Proof": {"current": None, "recovery_code": "AAAAA-BBBBB"},
        "RetentionPatch": {"days": 90, "as_shipped": False},
        "NewPasskey": {
            "name": "My phone", "credential_id": "AAAA", "client_data": "e30", "attestation": "oA",
        },
        "PasskeyPatch": {"name": "My other phone"},
        "Signature": {
            "credential_id": "AAAA", "client_data": "e30", "authenticator_data": "AAAA",
            "signature": "AAAA", "user_handle": None,
        },
        "PasskeyLogIn": {
            "credential_id": "AAAA", "client_data": "e30", "authenticator_data": "AAAA",
            "signature": "AAAA", "user_handle": None, "as_program": True,
        },
        "CodeShown": {"code": "000000"},
        "NewProof": {"passphrase": None, "recovery_code": "AAAAA-BBBBB"},
        "LineSaid": {"first": 1, "frames": [{"type": "typing", "room": str(world.room)}]},
        "NewComplaint": {
            "client_id": str(new_id()), "kind": "treated", "words": words, "notice": None,
        },
        "ReportAnswer": {"outcome": "kept", "words": words},
        "ReportLink": {"link": "https://example.org/rooms"},
        "TakeDownPatch": {"hours": 24},
        "NewStep": {"step": "note", "words": words, "to": None, "outcome": None},
        "NewRecovery": {"code": "AAAAA-BBBBB", "passphrase": None},
    }  # fmt: skip


def path_ids(world: World) -> dict[str, str]:
    """What stands in a path, by the parameter's name."""
    nobody = str(new_id())
    return {
        "room_id": str(world.room), "case_id": str(world.case), "notice_id": str(world.notice),
        "member_id": str(world.other), "session_id": nobody, "invitation_id": nobody,
        "open_line_id": "no-such-line",
        "line_id": "no-such-line", "entry_id": nobody, "device_id": nobody, "code": "kind",
        "act_id": nobody, "change_id": nobody, "opinion_id": nobody, "removal_id": nobody,
        "template_id": "no-such-template", "scope": "labels", "replay_id": nobody,
        "note_id": nobody, "message_id": str(world.own), "person_id": str(world.other),
        "topic_id": nobody, "export_id": nobody, "kind": "notices",
        "care_scope": "mood", "mood_id": nobody, "emergency_id": nobody,
        "report_id": nobody, "complaint_id": nobody, "report_kind": "hate",
        "measure": "gad-7", "passkey_id": nobody, "item": "gad7-1", "ask_id": nobody, "alert_id": nobody,
    }  # fmt: skip


def _id(answer: frames.Posted | object) -> UUID:
    assert isinstance(answer, frames.Posted), answer
    return answer.id


def _flag(room: UUID, message: UUID) -> frames.Flag:
    return frames.Flag(type="flag", room=room, message=message, reason="not_sure")


async def _first_notice(http: Http) -> UUID:
    async with asyncio.timeout(10):
        while True:
            found = (await http.read("/api/me/notices", bodies.Notices)).notices
            if found:
                return found[0].id
            await asyncio.sleep(0.05)
