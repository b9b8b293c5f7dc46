"""What is between members and clinicians, made in the database: who shares what, emergencies, notes, group sessions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from moderation.cases import CaseState
from server.access import Actor, Role
from server.ids import new_id
from server.measures import load
from server.protocol.plans import Plan
from server.services import deciding, escalating, names, seats
from server.store import emergencies, group_sessions, measures, moods, plans, rooms, team_notes
from server.store.tables import (
    Case,
    Consent,
    CourseAlert,
    DataExport,
    Emergency,
    GroupSession,
    MeasureAsk,
    MeasurePlan,
    Member,
    SafetyPlan,
    TeamNote,
)
from server.store.work import Work
from tests.server.matrix.cast import Cast
from tests.server.matrix.targets import STAFF_WORDS, WORDS_HERE, WORDS_THERE, Targets, words_of

CARE_HERE, CARE_THERE = "qzcarehereqz", "qzcarethereqz"
"""In a note of a room's clinicians: for them alone."""
WHY_HERE, WHY_THERE = "qzwhyhereqz", "qzwhythereqz"
"""Why an emergency was asked for: for a room's clinicians, and the stewards."""
UNSHARED = "qzunsharedqz"
"""In the name of whoever shares nothing with the clinicians of the room `here`, or not any more."""
UNSHARED_TOTAL: Final = 21
"""Their score, and nobody else's."""
MEASURE, GRAVE, GRAVE_ITEM = "gad-7", "phq-9", "phq9-9"
SHARING: Final = (
    "shares", "shares another thing", "withdrew", "ran out", "shares elsewhere", "shares nothing",
    "left", "emergency of mine", "emergency of another",
)  # fmt: skip
"""How a member stands to the clinicians of the room `here`. All have the same to show."""
_SCOPES = ("mood", "measures", "messages", "alerts")
_SHARED_TOTAL = 7
_WORDING = "2026-12 en"
_HOUR, _MONTH = timedelta(hours=1), timedelta(days=30)


def words_about(member_id: UUID) -> str:
    """What others wrote about this member, and they may not read."""
    return f"qzabout{member_id}qz"


@dataclass(slots=True)
class Care:
    """Makes one thing of each kind."""

    work: Work
    cast: Cast
    targets: Targets
    _later: int = field(default=0, init=False)

    def everything(self) -> None:
        """Of each room, so that a list that forgets to ask where it is shows it to others."""
        for room, title in ((self.cast.here, WORDS_HERE), (self.cast.there, WORDS_THERE)):
            self.emergency(room, self.member("spare"), self.cast.carer.id)
            self.team_note(room, self.cast.carer.id)
            self.group_session(room, title)
            author = self.cast.author if room == self.cast.here else self.cast.other_author
            self.escalate(self.targets.case(room, author))
        for variant in ("withdrew", "of another room"):
            self.alert(variant)

    # --- people ---

    def sharer(self, variant: str, asker: UUID) -> UUID:
        """A member of the room `here` who stands to its clinicians so. asker: whose emergency it is."""
        is_quiet = variant not in {"shares", "shares another thing", "emergency of mine"}
        member = self.member(UNSHARED if is_quiet else "spare")
        seats.take_seat(self.work, self.cast.here, member)
        self.targets.said(self.cast.here, member)
        self._has_something(member, UNSHARED_TOTAL if is_quiet else _SHARED_TOTAL)
        now = self.work.now
        match variant:
            case "shares" | "left":
                self._agree(member, self.cast.here)
            case "shares another thing":
                self._agree(member, self.cast.here, scopes=("alerts",))
            case "withdrew":
                self._agree(member, self.cast.here, withdrawn_at=now)
            case "ran out":
                self._agree(member, self.cast.here, until=now - timedelta(seconds=1))
            case "shares elsewhere":
                seats.take_seat(self.work, self.cast.there, member)
                self._agree(member, self.cast.there)
            case "emergency of mine":
                self.emergency(self.cast.here, member, asker, is_open=True)
            case "emergency of another":
                self.emergency(self.cast.here, member, self.cast.carer.id, is_open=True)
        if variant == "left":
            held = rooms.find_seat(self.work, self.cast.here, member)
            assert held
            seats.end_seat(self.work, held)
        self.work.session.flush()
        return member

    def sharer_there(self) -> UUID:
        """A member of the other room, who shares everything with its clinicians."""
        member = self.member("spare")
        seats.take_seat(self.work, self.cast.there, member)
        self.targets.said(self.cast.there, member)
        self._has_something(member, _SHARED_TOTAL)
        self._agree(member, self.cast.there)
        return member

    def member(self, mark: str) -> UUID:
        """Somebody whom nobody needs."""
        name = f"{mark} {str(new_id())[-12:]}"
        row = Member(pseudonym=name, name_key=names.name_key(name), joined_at=self.work.now)
        self.work.session.add(row)
        self.work.session.flush()
        return row.id

    def name_of(self, member_id: UUID) -> str:
        """As others see it."""
        member = self.work.session.get(Member, member_id)
        assert member
        return member.pseudonym

    def seated(self) -> str:
        """The name of a new member of the room `here`."""
        member = self.member("spare")
        seats.take_seat(self.work, self.cast.here, member)
        self.work.session.flush()
        return self.name_of(member)

    def _agree(
        self,
        member: UUID,
        room: UUID,
        *,
        scopes: tuple[str, ...] = _SCOPES,
        until: datetime | None = None,
        withdrawn_at: datetime | None = None,
    ) -> None:
        for scope in scopes:
            row = Consent(
                member_id=member, room_id=room, scope=scope, wording=_WORDING,
                given_at=self.work.now - _HOUR, until=until or self.work.now + _MONTH,
                withdrawn_at=withdrawn_at,
            )  # fmt: skip
            self.work.session.add(row)
        self.work.session.flush()

    def _has_something(self, member: UUID, total: int) -> None:
        self.mood(member)
        definition = load().definitions[MEASURE]
        answers = {item.link_id: total // len(definition.items) for item in definition.items}
        self._finish(member, MEASURE, answers, total)

    def _finish(self, member: UUID, measure: str, answers: Mapping[str, int], total: int) -> UUID:
        edition = load().definitions[measure].version
        response = measures.begin(self.work, member, measure, edition, self.cast.here)
        measures.keep(self.work, response, answers)
        measures.finish(self.work, response, answers, total)
        return response.id

    # --- somebody's own ---

    def mood(self, owner: UUID) -> UUID:
        """A check-in."""
        return moods.add(self.work, owner, new_id(), "low").id

    def plan(self, owner: UUID) -> UUID:
        """A plan for hard times."""
        row = SafetyPlan(member_id=owner, version=0, locked=False, sealed=b"", at=self.work.now)
        plans.put(self.work, row, Plan(signs=[words_of(owner)]).model_dump_json())
        return row.id

    def export(self, owner: UUID) -> UUID:
        """A copy of what is theirs, ready to be fetched."""
        now = self.work.now
        row = DataExport(
            member_id=owner, asked_at=now, state="ready", ready_at=now, until=now + _HOUR
        )
        return self._add(row)

    def ask(self, owner: UUID) -> UUID:
        """A questionnaire that they are asked."""
        plan = MeasurePlan(
            room_id=self.cast.here, measure=MEASURE, every_days=7, by=self.cast.carer.id,
            made_at=self.work.now, next_at=self.work.now + _MONTH, ended_at=self.work.now,
        )  # fmt: skip
        row = MeasureAsk(
            member_id=owner, plan_id=self._add(plan), room_id=self.cast.here, measure=MEASURE,
            round_at=self.work.now, at=self.work.now,
        )  # fmt: skip
        return self._add(row)

    def grave_answer(self, owner: UUID) -> None:
        """One that asks for a person."""
        self._finish(owner, GRAVE, {GRAVE_ITEM: 2}, 2)

    # --- for clinicians ---

    def alert(self, variant: str, about: UUID | None = None) -> UUID:
        """A course that is not as expected. about: whose; None: a member who stands so."""
        is_there = variant == "of another room"
        room = self.cast.there if is_there else self.cast.here
        if about is None:
            about = self.sharer_there() if is_there else self.sharer(variant, new_id())
        response = measures.finished(self.work, about, MEASURE)[-1].id
        row = CourseAlert(
            member_id=about, room_id=room, response_id=response, measure=MEASURE,
            open_key=measures.alert_key(room, about, MEASURE), sealed=b"", raised_at=self.work.now,
        )  # fmt: skip
        reason = {"reason": "worse", "first": 1, "last": 7, "measurements": 2}
        assert measures.add_alert(self.work, row, reason)
        return row.id

    def alert_about(self, member: UUID) -> UUID:
        """The same about somebody, who shares it."""
        self._has_something(member, _SHARED_TOTAL)
        self._agree(member, self.cast.here, scopes=("measures",))
        return self.alert("about me", member)

    def emergency(
        self, room: UUID, about: UUID, by: UUID, words: str | None = None, *, is_open: bool = False
    ) -> UUID:
        """It waits for a second person; or is confirmed, and open."""
        now = self.work.now
        row = Emergency(
            member_id=about, room_id=room, asked_by=by, reason="danger", sealed=b"", asked_at=now,
            at_once=False,
        )  # fmt: skip
        if is_open:
            row.until, row.answer = now + _HOUR, "confirmed"
            row.answered_by, row.answered_at = self.cast.carer.id, now
        own = WHY_HERE if room == self.cast.here else WHY_THERE
        emergencies.add(self.work, row, words or own)
        return row.id

    def team_note(self, room: UUID, by: UUID, about: UUID | None = None) -> UUID:
        """About somebody, or about the group."""
        first = new_id()
        version = TeamNote(
            id=first, note_id=first, version=1, kind="written", room_id=room, member_id=about,
            author_id=by, sealed=b"", at=self.work.now,
        )  # fmt: skip
        own = CARE_HERE if room == self.cast.here else CARE_THERE
        team_notes.append(self.work, version, words_about(about) if about else own)
        self.work.session.flush()
        return first

    def escalate(self, case: Case) -> Case:
        """It is handed up, with a word to the clinicians."""
        keeper = self.cast.keeper
        actor = Actor(keeper.id, keeper.pseudonym, Role(keeper.role), new_id())
        decision = deciding.append(self.work, actor, case, None, "escalate", STAFF_WORDS)
        case.state, case.awaits_clinician = CaseState.ESCALATED, True
        self.work.session.add(case)
        escalating.open_escalation(self.work, case, decision, None)
        return case

    # --- of a room ---

    def group_session(self, room: UUID, title: str) -> UUID:
        """At a time of its own."""
        starts_at = self.free_time()
        row = GroupSession(
            room_id=room, made_by=self.cast.keeper.id, host_id=self.cast.keeper.id,
            sealed_by=self.cast.keeper.id, sealed=b"", starts_at=starts_at,
            ends_at=starts_at + _HOUR, time_zone="Europe/Dublin", made_at=self.work.now,
        )  # fmt: skip
        group_sessions.seal(self.work, row, self.cast.keeper.id, title, title)
        self.work.session.flush()
        return row.id

    def free_time(self) -> datetime:
        """No other session is then."""
        self._later += 1
        return self.work.now + timedelta(days=2) + self._later * _HOUR

    def _add(self, row: Any) -> UUID:
        self.work.session.add(row)
        self.work.session.flush()
        found: UUID = row.id
        return found
