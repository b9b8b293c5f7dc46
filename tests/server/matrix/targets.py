"""What somebody asks for, made in the database: theirs or another's, of this room or the other one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from moderation.cases import CaseKind
from moderation.policy import Handling
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.ids import digest, new_code, new_id
from server.protocol import duties
from server.services import (
    cases,
    complaints,
    conversations,
    deciding,
    notices,
    outside,
    publishing,
    seats,
    sessions,
)
from server.store import acts, climate, colleagues, journal, policies, push, quiet, ways
from server.store import complaints as stored_complaints
from server.store import outside as outside_reports
from server.store.push import Address
from server.store.tables import (
    Act,
    AgeChange,
    Case,
    Invitation,
    Member,
    Message,
    Opinion,
    OwnHelpLine,
    Passkey,
    PolicyReplay,
    PushDevice,
    QuietTopic,
    Removal,
    Template,
)
from server.store.work import Work
from tests.server.matrix.cast import Cast

WORDS_HERE, WORDS_THERE, WORDS_IN_LINE = "qzhereqz", "qzthereqz", "qzlineqz"
NOTE_HERE, NOTE_THERE = "qznotehereqz", "qznotethereqz"
STAFF_WORDS = "qzstaffqz"
"""Between colleagues: in a case, and nowhere else."""
REPORTED = "qzreportedqz"
"""What somebody outside told the stewards, or a member complained of to them."""
SECRET = "qzsecretqz"
"""Of a push device: no answer ever holds it."""


def words_of(member_id: UUID) -> str:
    """What only this member may read."""
    return f"qz{member_id}qz"


@dataclass(slots=True)
class Targets:
    """Makes one thing of each kind. owner: whose it is where it is somebody's own."""

    work: Work
    cast: Cast
    line: UUID = field(init=False)
    """A private conversation in which nobody of those who ask sits."""

    def __post_init__(self) -> None:
        line = conversations.open_conversation(
            self.work, self.cast.here, self.cast.author.id, [self.cast.keeper.id], "A line"
        )
        self.line = line.id
        publishing.say(self.work, line.id, self.cast.author.id, WORDS_IN_LINE)
        for room, author, words in (
            (self.cast.here, self.cast.author, WORDS_HERE),
            (self.cast.there, self.cast.other_author, WORDS_THERE),
        ):
            publishing.say(self.work, room, author.id, words)
            self.case(room, author)
        climate.add_note(self.work, self.cast.here, self.cast.author.id, _DAY, NOTE_HERE)
        climate.add_note(self.work, self.cast.there, self.cast.author.id, _DAY, NOTE_THERE)

    def open_line(self, member: UUID) -> str:
        """What stands for one that they open when it is asked for: lines live in the server alone."""
        return f"line-of-{member}"

    # --- of a room ---

    def said(self, room: UUID, author: UUID, own: str | None = None, **more: Any) -> Message:
        """A message. own: other words than those of its room."""
        words = own or (WORDS_HERE if room == self.cast.here else WORDS_THERE)
        message = publishing.say(self.work, room, author, words)
        for name, value in more.items():
            setattr(message, name, value)
        self.work.session.add(message)
        self.work.session.flush()
        return message

    def reply_to(self, asker: UUID) -> Message:
        """The author's answer to an ask."""
        ask = self.said(self.cast.here, asker, ask=True)
        return self.said(self.cast.here, self.cast.author.id, reply_to=ask.id)

    def case(self, room: UUID, author: Member, *, aside: bool = False) -> Case:
        """About a message, urgent: its clinicians are concerned, too. aside: not for its keepers."""
        return self.case_about(self.said(room, author.id), aside=aside)

    def case_about(self, message: Message, *, aside: bool = False) -> Case:
        """The same about this message, with a word between colleagues in it."""
        return cases.raise_case(
            self.work, room_id=message.room_id, subject_id=message.author_id,
            message_id=message.id, kind=CaseKind.RISK, urgency=Urgency.NOW,
            handling=Handling.PUBLISH, about="self", language="en", policy="1",
            source="classifier", reasons=["risk_intent"], words=["It may mean danger."], spans=[],
            by=None, note=STAFF_WORDS, aside=aside,
        )  # fmt: skip

    def opinion(self, case: Case, of: UUID) -> UUID:
        """Somebody is asked what they think."""
        row = Opinion(case_id=case.id, by=self.cast.keeper.id, of=of, sealed=b"", at=self.work.now)
        colleagues.add_opinion(self.work, case, row, STAFF_WORDS)
        self.work.session.flush()
        return row.id

    def removal(self) -> UUID:
        """The keeper asks that a member leaves the place."""
        subject = self.member()
        seats.take_seat(self.work, self.cast.here, subject.id)
        case = self.case(self.cast.here, subject)
        actor = self.actor(self.cast.keeper)
        decision = deciding.append(self.work, actor, case, None, "remove_from_place", STAFF_WORDS)
        row = Removal(case_id=case.id, decision_id=decision.id, at=self.work.now)
        self.work.session.add(row)
        self.work.session.flush()
        return row.id

    def age_change(self) -> UUID:
        """Somebody who sits here says that they are an adult now."""
        member = self.member()
        member.age_group = "minors"
        seats.take_seat(self.work, self.cast.here, member.id)
        row = AgeChange(member_id=member.id, age_group="adults", at=self.work.now)
        return self._add(row)  # type: ignore[no-any-return]

    def note(self, room: UUID, author: UUID) -> UUID:
        """What happened on a day."""
        words = NOTE_HERE if room == self.cast.here else NOTE_THERE
        return climate.add_note(self.work, room, author, _DAY, words).id

    # --- for stewards ---

    def report(self) -> UUID:
        """Something reported from outside that no link names."""
        asked = duties.OutsideForm(
            kind="other", where="Nowhere", words=REPORTED, name="", address="", good_faith=True
        )
        code = outside.report(self.work, asked, new_code()).code
        found = outside_reports.find_by_code(self.work, digest(code))
        assert found is not None
        return found.id

    def complaint(self) -> UUID:
        """A member of no staff was not treated as they should be."""
        member = self.actor(self.member())
        new = duties.NewComplaint(client_id=new_id(), kind="treated", words=REPORTED)
        complaints.complain(self.work, member, new)
        return stored_complaints.of_member(self.work, member.id, 1)[0].id

    # --- somebody's own ---

    def notice(self, owner: UUID) -> UUID:
        """A warning, with a statement of reasons, that can be appealed."""
        message = self.said(self.cast.here, owner, "What was warned about.")
        return notices.tell(
            self.work, member_id=owner, kind="warn", code="warn", words=words_of(owner),
            room_id=self.cast.here, message_id=message.id, by_role="moderator",
            by=self.cast.keeper.id, appealable=True,
        ).id  # fmt: skip

    def act(self, owner: UUID) -> UUID:
        """One entry of a ledger."""
        row = Act(
            bound=0, member_id=owner, kind="nudge", room_id=self.cast.here, client_id=new_id(),
            reasons=[], model="", policy="1", at=self.work.now,
        )  # fmt: skip
        acts.add(self.work, row)
        return row.id

    def entry(self, owner: UUID) -> UUID:
        """A page of a journal."""
        return journal.add_entry(self.work, owner, new_id(), f'{{"now": "{words_of(owner)}"}}').id

    def topic(self, owner: UUID) -> UUID:
        """A word somebody does not want to meet."""
        known = {topic.id for topic in quiet.topics_of(self.work, owner)}
        quiet.add_topic(self.work, owner, "What was warned about.")
        self.work.session.flush()
        found: list[QuietTopic] = list(quiet.topics_of(self.work, owner))
        return next(topic.id for topic in found if topic.id not in known)

    def device(self, owner: UUID) -> UUID:
        """A browser that is called."""
        row = PushDevice(
            member_id=owner, mark=b"", sealed=b"", time_zone="Europe/Dublin", made_at=self.work.now
        )
        endpoint = f"https://fcm.googleapis.com/fcm/send/{SECRET}{new_id()}"
        push.add_device(self.work, row, Address(endpoint, "B" * 87, "A" * 22))
        self.work.session.flush()
        return row.id

    def passkey(self, owner: UUID) -> UUID:
        """A device somebody logs in with."""
        row = Passkey(
            member_id=owner, credential_id=new_id().bytes, public_key=b"", sealed=b"",
            made_at=self.work.now,
        )  # fmt: skip
        ways.add_passkey(self.work, row, words_of(owner))
        return row.id

    def session(self, owner: UUID) -> UUID:
        """A further session."""
        return self.opened(owner).session.id

    def opened(self, owner: UUID) -> sessions.Opened:
        """The same, with its token: to be ended."""
        member = self.work.session.get(Member, owner)
        assert member
        opened = sessions.open_session(self.work, member, "program")
        self.work.session.flush()
        return opened

    # --- of the place ---

    def member(self) -> Member:
        """Somebody whom nobody needs."""
        name = f"spare {str(new_id())[-12:]}"
        row = Member(pseudonym=name, name_key=name, joined_at=self.work.now)
        self.work.session.add(row)
        self.work.session.flush()
        return row

    def invitation(self) -> UUID:
        """One that still opens a door."""
        until = self.work.now + timedelta(days=7)
        row = Invitation(code_digest=digest(new_code()), created_at=self.work.now, expires_at=until)
        return self._add(row)  # type: ignore[no-any-return]

    def template(self) -> str:
        """A steward's own words to start from."""
        row = Template(
            id=f"own-{new_id()}", action="warn", language="en", name="A start", words="Please.",
            hidden=False, at=self.work.now,
        )  # fmt: skip
        return str(self._add(row))

    def help_line(self) -> str:
        """A steward's own line."""
        identity = f"own-{new_id()}"
        fields: dict[str, Any] = {
            "id": identity, "name": "A line", "dial": "116 123", "text": None,
            "url": "https://example.org", "hours": "always", "about": "To talk.", "country": "IE",
            "languages": [], "verified_at": "2026-11-01", "source": "https://example.org",
        }  # fmt: skip
        row = OwnHelpLine(id=identity, country="IE", fields=fields, at=self.work.now)
        return str(self._add(row))

    def replay(self) -> UUID:
        """A replay of a policy, done."""
        row = PolicyReplay(fingerprint="none", against=0, at=self.work.now, report=_REPORT)
        policies.add_replay(self.work, row)
        self.work.session.flush()
        return row.id

    def actor(self, member: Member) -> Actor:
        """Somebody who does something here by themselves."""
        return Actor(member.id, member.pseudonym, Role(member.role), new_id())

    def _add(self, row: Any) -> Any:
        self.work.session.add(row)
        self.work.session.flush()
        return row.id


_DAY = datetime(2026, 11, 16, tzinfo=UTC).date()
_SHARE = {"part": 0, "whole": 0, "low": None, "high": None}
_SIDE: dict[str, Any] = {
    "version": "1", "flagged": 0, "caught": _SHARE, "missed": 0, "missed_risk": 0,
    "flagged_harmless": _SHARE, "to_person": 0, "handling": {}, "urgency": {},
}  # fmt: skip
_REPORT: dict[str, Any] = {
    "source": "history", "since": None, "until": "2026-11-16T00:00:00Z", "model": "", "messages": 0,
    "people": None, "affected_people": None, "not_assessed": 0, "unreadable": 0,
    "kept_readings": 0, "read_again": 0, "decided": {}, "before": _SIDE, "after": _SIDE,
    "newly_flagged": 0, "no_longer_flagged": 0, "newly_caught": 0, "newly_missed": 0, "moves": {},
    "rules": {}, "changes": [], "warnings": [], "rooms": [], "languages": [], "newcomers": [],
    "load": {"minutes_each": 1.0, "measured_on": 0, "more_cases": 0, "more_minutes": 0.0,
             "more_minutes_per_week": None},
    "notes": [], "ran_s": 0.0,
}  # fmt: skip
