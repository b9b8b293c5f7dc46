"""What is between members and clinicians: in which ways somebody can stand to it, and what is asked for."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from server.access import Relation, aside
from server.ids import new_id
from tests.server.matrix.care import (
    GRAVE,
    SHARING,
    Care,
    words_about,
)
from tests.server.matrix.cast import Person
from tests.server.matrix.operation import Aim, One, Operation
from tests.server.matrix.targets import WORDS_HERE, WORDS_THERE, Targets

IN_THE_BODY = frozenset({"to elsewhere", "of elsewhere"})
"""Where what is asked for stands in the body, and not in the path."""
NEEDS_SOMEBODY = frozenset({"about me", "emergency of mine", "asked by me"})
ONES_OWN = frozenset({"mood_id", "export_id", "ask_id"})
_LETS_IN = {
    "person_read": {"shares", "shares another thing", "emergency of mine"},
    "measures_fhir": {"shares"},
    "measures_csv": {"shares"},
}
"""Under which of SHARING something is there to be seen; all other looks: `_LOOK`."""
_LOOK = frozenset({"shares", "emergency of mine"})


class Aims:
    """Says how an operation can be aimed, and aims it; what it does not know is the matrix's."""

    def __init__(self, targets: Targets, care: Care, one: One) -> None:
        self._targets, self._care, self._one = targets, care, one
        self._cast = targets.cast

    def variants(self, operation: Operation) -> tuple[str, ...] | None:
        """None: not here."""
        names, row = operation.parameters, operation.row
        if row == "member.look" and "member_id" in names:
            return (*SHARING, "of another room", "from another room", "line")
        if row == "measures.export":
            return ("everybody", *SHARING, "line")
        if "emergency_id" in names:
            return ("asked by another", "asked by me", "about me", "of another room")
        if "alert_id" in names:
            return ("shares", "withdrew", "ran out", "about me", "of another room", "line")
        if row.startswith("team_note") and "note_id" in names:
            return ("mine", "theirs", "about me", "of another room", "line")
        if row.startswith("group_session") and "session_id" in names:
            return ("here", "of another room")
        if row.startswith("escalation") and "case_id" in names:
            return ("open", "aside", "about me", "never handed up")
        if operation.model in {"NewEmergency", "NewTeamNote"}:
            return ("room", "of elsewhere", "line")
        if operation.model == "NewMeasureCall":
            return ("room", "to elsewhere")
        return None

    def aim(
        self,
        operation: Operation,
        person: Person,
        variant: str,
        body: dict[str, Any],
        *,
        fresh: bool,
    ) -> Aim | None:
        """None: not here."""
        if self.variants(operation) is None:
            return None
        if variant == "line":
            line = dict.fromkeys(operation.parameters & {"room_id"}, self._targets.line)
            rest = {name: new_id() for name in operation.parameters - {"room_id"}}
            return Aim(person.relation, False, line | rest, body)
        return self._way(operation)(operation, person, variant, body, fresh)

    def _way(self, operation: Operation) -> Callable[..., Aim]:
        ways = {
            "member.look": self._at_person, "measures.export": self._at_export,
            "emergency.answer": self._at_emergency, "emergency.end": self._at_emergency,
            "emergency.ask": self._asking, "clinic.measures": self._at_alert,
            "measure.own": self._calling,
        }  # fmt: skip
        if operation.row in ways:
            return ways[operation.row]
        if operation.row.startswith("group_session"):
            return self._at_session
        if operation.row.startswith("escalation"):
            return self._at_escalation
        return self._at_note if "note_id" in operation.parameters else self._noting

    # --- people who share ---

    def _at_person(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        if variant == "of another room":
            there = self._one("sharer there", False, self._care.sharer_there)
            return Aim(
                person.elsewhere, True, {"room_id": self._cast.there, "member_id": there}, body
            )
        if variant == "from another room":
            ids = {"room_id": self._cast.there, "member_id": self._sharer("shares", person)}
            return Aim(person.elsewhere, False, ids, body)
        ids = {"room_id": self._cast.here, "member_id": self._sharer(variant, person)}
        return Aim(person.relation, variant in _LETS_IN.get(operation.id, _LOOK), ids, body)

    def _at_export(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        body["member"] = None if variant == "everybody" else str(self._sharer(variant, person))
        if variant == "everybody":
            self._sharer("shares", person)
        is_there = variant == "everybody" or variant in _LETS_IN[operation.id]
        return Aim(person.relation, is_there, {"room_id": self._cast.here}, body)

    def _sharer(self, variant: str, person: Person) -> UUID:
        whose = person.id if variant == "emergency of mine" else None
        found: UUID = self._one(
            ("sharer", variant, whose), False, lambda: self._care.sharer(variant, person.id)
        )
        return found

    def _at_alert(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        if variant == "about me":
            alert = self._one(
                ("alert about", person.id), False, lambda: self._care.alert_about(person.id)
            )
        else:
            alert = self._one(("alert", variant), fresh, lambda: self._care.alert(variant))
        return Aim(
            person.relation,
            variant == "shares",
            {"room_id": self._cast.here, "alert_id": alert},
            body,
        )

    # --- emergencies ---

    def _at_emergency(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        """Nobody answers their own; to end it is theirs. Of one about oneself one does not know."""
        is_there = variant != "about me"
        if variant == "asked by me":
            is_there = operation.row == "emergency.end"
        key = ("emergency", variant, person.id if variant in NEEDS_SOMEBODY else None)
        made = self._one(key, fresh, lambda: self._emergency(person, variant))
        relation = person.elsewhere if variant == "of another room" else person.relation
        return Aim(relation, is_there, {"emergency_id": made}, body)

    def _emergency(self, person: Person, variant: str) -> UUID:
        here, there, carer = self._cast.here, self._cast.there, self._cast.carer.id
        if variant == "about me":
            return self._care.emergency(here, person.id, carer, words_about(person.id))
        by = person.id if variant == "asked by me" else carer
        room = there if variant == "of another room" else here
        return self._care.emergency(room, self._care.member("spare"), by)

    def _asking(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        elsewhere = self._care.name_of(self._cast.other_author.id)
        seated = self._one("seated", fresh, self._care.seated) if variant == "room" else elsewhere
        body["name"] = seated
        return Aim(person.relation, variant == "room", {"room_id": self._cast.here}, body)

    def _calling(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        """By role; and the room is one's own, or it is not there."""
        if fresh:
            self._care.grave_answer(person.id)
        room = self._cast.here if variant == "room" else self._cast.there
        seat = person.relation if variant == "room" else person.elsewhere
        body["room"] = str(room)
        return Aim(Relation.NONE, seat is not Relation.NONE, {"measure": GRAVE}, body)

    # --- notes ---

    def _at_note(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        by = person.id if variant == "mine" and person.token else self._cast.carer.id
        room = self._cast.there if variant == "of another room" else self._cast.here
        about = person.id if variant == "about me" else None
        key = ("team note", room, by, about)
        note = self._one(key, fresh, lambda: self._care.team_note(room, by, about))
        ids = {"room_id": self._cast.here, "note_id": note}
        return Aim(person.relation, variant in {"mine", "theirs"}, ids, body)

    def _noting(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        about = self._cast.author if variant == "room" else self._cast.other_author
        body["member"] = str(about.id)
        return Aim(person.relation, variant == "room", {"room_id": self._cast.here}, body)

    # --- what is of a room, or of a case ---

    def _at_session(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        is_here = variant == "here"
        room, title = (self._cast.here, WORDS_HERE) if is_here else (self._cast.there, WORDS_THERE)
        made = self._one(("session", room), fresh, lambda: self._care.group_session(room, title))
        if operation.model == "GroupSessionPatch":
            body = {"edition": 1, "title": title}
        relation = person.relation if is_here else person.elsewhere
        return Aim(relation, True, {"session_id": made}, body)

    def _at_escalation(
        self, operation: Operation, person: Person, variant: str, body: dict[str, Any], fresh: bool
    ) -> Aim:
        whose = person.id if variant == "about me" else None
        case = self._one(
            ("escalated", variant, whose), fresh, lambda: self._escalated(person, variant)
        )
        if operation.model == "NewOutcome":
            body["version"] = case.version
        relation = aside(person.relation) if variant == "aside" else person.relation
        return Aim(relation, variant in {"open", "aside"}, {"case_id": case.id}, body)

    def _escalated(self, person: Person, variant: str) -> Any:
        here, author = self._cast.here, self._cast.author
        if variant == "about me":
            case = self._targets.case_about(self._targets.said(here, person.id))
        else:
            case = self._targets.case(here, author, aside=variant == "aside")
        return case if variant == "never handed up" else self._care.escalate(case)
