"""Every cell that HTTP has: each operation, each person, each way to stand to what is asked for."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from server.access import Actor, Relation, Role, aside
from server.ids import new_id
from server.services import plain, seats
from server.services.rooms import make_room
from server.store.work import Work
from tests.server.malforming.world import World, path_ids, valid_bodies
from tests.server.matrix.aims import IN_THE_BODY, NEEDS_SOMEBODY, ONES_OWN, Aims
from tests.server.matrix.care import Care
from tests.server.matrix.cast import RECOVERY_CODE, Cast, Person, Standing
from tests.server.matrix.expected import Answer, expected
from tests.server.matrix.operation import PLAIN, Aim, Cell, Operation, Request
from tests.server.matrix.swapped import swapped
from tests.server.matrix.targets import WORDS_HERE, Targets

_SWAPPED = 1_000
_ONES_OWN = ONES_OWN | {
    "notice_id", "session_id", "act_id", "entry_id", "device_id", "topic_id", "passkey_id",
    "open_line_id",
}  # fmt: skip
_WHOEVER = frozenset({"quiet_person_remove", "care_withdraw", "care_withdraw_all"})
"""Nothing happens where there was nothing, and nothing is said of it."""
_WHERE_ONE_SITS = frozenset({"care_give", "push_wish"})
"""By role; and of a room in which one does not sit nothing is said."""
_OWN_WORDS = frozenset({"frame.edit", "frame.withdraw", "frame.felt_heard"})


Wanted = tuple[Operation, Person, str]
Pick = Callable[[list[Wanted]], list[Wanted]]
"""Some of all cells, before anything is made for them."""


class Matrix:
    """Made in the database: the cast, two rooms of everything, and a request for each cell.

    Things that are asked for are made anew where they may be changed, and shared where they may not.
    """

    def __init__(
        self,
        work: Work,
        found: list[Operation],
        standings: Sequence[Standing] = tuple(Standing),
        pick: Pick = list,
    ) -> None:
        self._work = work
        self.cast = Cast(work, standings)
        self.targets = Targets(work, self.cast)
        self.care = Care(work, self.cast, self.targets)
        self.care.everything()
        self._aims = Aims(self.targets, self.care, self._one)
        self._foyer = make_room(work, f"Foyer {str(new_id())[-6:]}", "To come in by.").id
        self._shared: dict[Any, Any] = {}
        self._world = World({}, self.cast.here, self.cast.author.id, *(new_id() for _ in range(4)))
        self._doors = {one: self._door(one) for one in self.cast.people}
        for person in self.cast.people:
            if person.standing is Standing.SENT_OUT:
                self._send_out(person)
            if person.token:
                self._own_everything(person)
        every = [
            (operation, person, variant)
            for operation in found
            for variant in self._variants(operation)
            for person in self.cast.people
            if person.token or variant not in NEEDS_SOMEBODY | _NEEDS_SOMEBODY
        ]
        self.cells = [self._cell(*one) for one in pick(every)]
        self.swapped = swapped(self.cells, self._known, self.cast.there, _SWAPPED)

    # --- who ---

    def _door(self, person: Person) -> str:
        """What their plain forms carry."""
        actor = Actor(person.id, "", person.role, person.session or new_id())
        return plain.head(self._work, actor).token

    def _elsewhere_too(self, person: Person) -> Person:
        """The same, by a session that can be ended."""
        opened = self.targets.opened(person.id)
        again = replace(person, token=opened.token, session=opened.session.id)
        self._doors[again] = self._door(again)
        return again

    def _send_out(self, person: Person) -> None:
        held = seats.take_seat(self._work, self._foyer, person.id)
        self._work.session.flush()
        seats.end_seat(self._work, held, "removed")

    def _own_everything(self, person: Person) -> None:
        """So that a list that forgets to ask whose it is shows it to others."""
        made = (
            self.targets.notice, self.targets.entry, self.targets.topic, self.care.mood,
            self.care.ask, self.care.plan,
        )  # fmt: skip
        for make in made:
            make(person.id)

    # --- what ---

    def _variants(self, operation: Operation) -> tuple[str, ...]:
        names = operation.parameters
        known = self._aims.variants(operation)
        if known:
            return known
        if "opinion_id" in names:
            return ("open", "aside", "about me", "of another", "of another case")
        if operation.model == "NewOpinion":
            return ("open", "aside", "about me", "asks an outsider", "asks a keeper of elsewhere")
        if "case_id" in names:
            return ("open", "aside", "about me")
        if "note_id" in names:
            return ("mine", "theirs", "of another room")
        if operation.row in _OWN_WORDS or names & _ONES_OWN:
            return ("mine", "theirs", *(("of another room",) if "message_id" in names else ()))
        if "message_id" in names:
            return ("room", "of another room")
        if operation.model == "NewInvitation":
            return ("place", "into a line")
        if operation.row == "frame.discard":
            return ("room",)
        return ("room", "line") if "room_id" in names else ("place",)

    def _cell(self, operation: Operation, person: Person, variant: str) -> Cell:
        aim = self._aim(operation, person, variant, fresh=False)
        answer = _answer(operation, person, aim)
        if answer == "allowed":
            aim = self._aim(operation, person, variant, fresh=True)
            if operation.row == "session.end" and not operation.parameters:
                person = self._elsewhere_too(person)
        asked = self._request(operation, person, aim)
        missing = None
        if answer == "not_found" and (aim.ids or variant in IN_THE_BODY | _IN_THE_BODY):
            missing = self._request(operation, person, self._nothing(operation, aim))
        return Cell(operation, person, variant, answer, asked, missing)

    def _known(self, operation: Operation, person: Person, variant: str) -> Answer:
        return _answer(operation, person, self._aim(operation, person, variant, fresh=False))

    def _aim(self, operation: Operation, person: Person, variant: str, *, fresh: bool) -> Aim:
        body = self._body(operation)
        aim = self._aims.aim(operation, person, variant, body, fresh=fresh)
        aim = aim or self._aimed(operation, person, variant, body, fresh=fresh)
        for name in operation.parameters & _WORDS_IN_PATH - aim.ids.keys():
            aim.ids[name] = path_ids(self._world)[name]
        return aim

    def _body(self, operation: Operation) -> dict[str, Any]:
        """A valid one, and as harmless as it can be done."""
        body = dict(valid_bodies(self._world)[operation.model]) if operation.model else {}
        if operation.model in {"Proof", "NewMeasuresExport"}:
            body |= {"recovery_code": RECOVERY_CODE}
        if operation.model == "NewMeasuresExport":
            body["passphrase"] = None
        if operation.model == "NewPlan":
            body["version"] = 1
        if operation.model == "RetentionPatch":
            body["as_shipped"] = True
        if operation.model == "StewardAwayPatch":
            body["members_called"] = False
        if operation.model == "NewGroupSession":
            body["starts_at"] = self.care.free_time().isoformat()
        return body

    def _aimed(
        self,
        operation: Operation,
        person: Person,
        variant: str,
        body: dict[str, Any],
        *,
        fresh: bool,
    ) -> Aim:
        names = operation.parameters
        if "case_id" in names:
            return self._at_case(operation, person, variant, body, fresh=fresh)
        if "removal_id" in names:
            relation = Relation.NONE if person.role is Role.STEWARD else person.relation
            removal = self._one("removal", fresh, self.targets.removal)
            return Aim(relation, True, {"removal_id": removal}, body)
        if "change_id" in names:
            relation = Relation.NONE if person.role is Role.STEWARD else person.relation
            change = self._one("age change", fresh, self.targets.age_change)
            return Aim(relation, True, {"change_id": change}, body)
        if "room_id" in names:
            return self._at_room(operation, person, variant, body, fresh=fresh)
        if names & _ONES_OWN:
            return self._at_own(operation, person, variant, body, fresh=fresh)
        return self._at_place(operation, person, variant, body, fresh=fresh)

    def _at_case(
        self,
        operation: Operation,
        person: Person,
        variant: str,
        body: dict[str, Any],
        *,
        fresh: bool,
    ) -> Aim:
        here, author = self.cast.here, self.cast.author
        relation = person.relation
        if variant == "about me":
            case = self._one(("about", person.id), False, lambda: self._about(person))
        elif variant == "aside":
            case = self._one("aside", fresh, lambda: self.targets.case(here, author, aside=True))
            relation = aside(relation)
        else:
            case = self._one("case", fresh, lambda: self.targets.case(here, author))
        is_there = variant in {"open", "aside"}
        if operation.model == "NewOpinion":
            body["of"] = str(self._whom(person, variant))
        ids: dict[str, Any] = {"case_id": case.id}
        if "opinion_id" in operation.parameters:
            ids["opinion_id"] = self._opinion(case, person, variant)
        return Aim(relation, is_there, ids, body)

    def _about(self, person: Person) -> Any:
        """Where they keep the room alone it would be set aside by itself, which hides it as well."""
        return self.targets.case_about(self.targets.said(self.cast.here, person.id))

    def _whom(self, person: Person, variant: str) -> UUID:
        outside = [Standing.ELSEWHERE, Standing.NOWHERE]
        there = [self.cast.find(Role.MODERATOR, one) for one in outside]
        if variant == "asks an outsider":
            return self.cast.other_author.id
        if variant in {"aside", "asks a keeper of elsewhere"}:
            return next(one.id for one in there if one != person)
        return self.cast.keeper.id

    def _opinion(self, case: Any, person: Person, variant: str) -> UUID:
        if variant == "of another" or not person.token:
            return self.targets.opinion(case, self.cast.keeper.id)
        if variant == "of another case":
            case = self._one("elsewhere", False, self._case_there)
        return self.targets.opinion(case, person.id)

    def _case_there(self) -> Any:
        return self.targets.case(self.cast.there, self.cast.other_author)

    def _at_room(
        self,
        operation: Operation,
        person: Person,
        variant: str,
        body: dict[str, Any],
        *,
        fresh: bool,
    ) -> Aim:
        if operation.row == "room.enter":
            sent_out = person.standing is Standing.SENT_OUT or variant == "line"
            room = self.targets.line if variant == "line" else self._foyer
            return Aim(Relation.NONE, not sent_out, {"room_id": room}, body)
        if variant == "line":
            # Seated or not, whatever the table opens: this one is not there for them.
            unseated = operation.row.startswith("room.") or operation.is_by_role
            relation = Relation.NONE if unseated else person.relation
            is_there = operation.id in _WHOEVER
            return Aim(relation, is_there, {"room_id": self.targets.line}, body)
        ids: dict[str, Any] = {"room_id": self.cast.here}
        relation, is_there = person.relation, True
        if operation.is_by_role:
            relation = Relation.NONE
        if operation.id in _WHERE_ONE_SITS:
            is_there = person.relation is not Relation.NONE
        if operation.row in _OWN_WORDS and "message_id" in operation.parameters:
            is_own = variant == "mine" and person.relation is not Relation.NONE
            relation = Relation.SELF if is_own else Relation.NONE
        if operation.row == "frame.discard":
            relation = Relation.SELF
        if operation.model == "NewKeeper" and fresh:
            body["member"] = str(self.targets.member().id)
        if "message_id" in operation.parameters:
            ids["message_id"] = self._message(operation, person, variant, fresh=fresh)
            is_there = variant != "of another room"
        if "note_id" in operation.parameters:
            ids["note_id"] = self._note(person, variant, fresh=fresh)
            is_there = variant == "mine"
        return Aim(relation, is_there, ids, body)

    def _message(self, operation: Operation, person: Person, variant: str, *, fresh: bool) -> UUID:
        here, there, author = self.cast.here, self.cast.there, self.cast.author.id
        mine = person.id if person.token else author
        if variant == "of another room":
            return self._one(("there", mine), False, lambda: self.targets.said(there, mine)).id  # type: ignore[no-any-return]
        if operation.row == "frame.felt_heard":
            asker = mine if variant == "mine" else self.cast.other_author.id
            return self._one(("reply", asker), fresh, lambda: self.targets.reply_to(asker)).id  # type: ignore[no-any-return]
        by = mine if variant == "mine" else author
        return self._one(("said", by), fresh, lambda: self.targets.said(here, by)).id  # type: ignore[no-any-return]

    def _note(self, person: Person, variant: str, *, fresh: bool) -> UUID:
        room = self.cast.there if variant == "of another room" else self.cast.here
        by = self.cast.author.id if variant == "theirs" or not person.token else person.id
        made = self._one(("note", room, by), fresh, lambda: self.targets.note(room, by))
        return made  # type: ignore[no-any-return]

    def _at_own(
        self,
        operation: Operation,
        person: Person,
        variant: str,
        body: dict[str, Any],
        *,
        fresh: bool,
    ) -> Aim:
        [name] = operation.parameters & _ONES_OWN
        owner = person.id if variant == "mine" and person.token else self.cast.author.id
        of = self.care if name in ONES_OWN else self.targets
        make = getattr(of, name.removesuffix("_id"))
        made = self._one((name, owner), fresh, lambda: make(owner))
        is_mine = owner == person.id
        if operation.is_by_role:
            return Aim(Relation.NONE, is_mine, {name: made}, body)
        return Aim(Relation.SELF if is_mine else Relation.NONE, True, {name: made}, body)

    def _at_place(
        self,
        operation: Operation,
        person: Person,
        variant: str,
        body: dict[str, Any],
        *,
        fresh: bool,
    ) -> Aim:
        ids: dict[str, Any] = {}
        is_there = variant != "into a line"
        if operation.model == "NewInvitation":
            body["room"] = str(self.cast.here if is_there else self.targets.line)
        if operation.model == "SignUp":
            body["pseudonym"] = f"Visitor {str(new_id())[-12:]}"
        if operation.model == "LogIn":
            body["pseudonym"] = f"Nobody {str(new_id())[-12:]}"
        if operation.model == "ReportLink":
            here, author = self.cast.here, self.cast.author.id
            said = self._one("reported", fresh, lambda: self.targets.said(here, author))
            body["link"] = f"/rooms/{here}?message={said.id}"
        if operation.model == "NewPushDevice":
            body["endpoint"] += str(new_id())
        for name in operation.parameters - _WORDS_IN_PATH:
            ids[name] = self._of_place(name, fresh=fresh)
        if operation.id == "quiet_person_put":
            # Whoever ever sat here has met its author.
            is_there = person.standing not in {Standing.NOWHERE, Standing.ELSEWHERE}
        relation = Relation.NONE
        if operation.row == "session.end":
            relation = Relation.SELF
        return Aim(relation, is_there or operation.id in _WHOEVER, ids, body)

    def _of_place(self, name: str, *, fresh: bool) -> Any:
        """Raises KeyError for a parameter that nobody taught this kit."""
        known = {
            "member_id": lambda: self.targets.member().id,
            "person_id": lambda: self.cast.author.id,
            "invitation_id": self.targets.invitation,
            "template_id": self.targets.template,
            "line_id": self.targets.help_line,
            "replay_id": self.targets.replay,
            "report_id": self.targets.report,
            "complaint_id": self.targets.complaint,
        }
        return self._one(name, fresh, known[name])

    def _one(self, key: Any, fresh: bool, make: Any) -> Any:
        if fresh:
            return make()
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    # --- how ---

    def _nothing(self, operation: Operation, aim: Aim) -> Aim:
        """The same, about ids that never were."""
        ids = {
            name: value if name in _WORDS_IN_PATH else _like(value)
            for name, value in aim.ids.items()
        }
        body = dict(aim.body)
        if operation.model == "NewInvitation":
            body["room"] = str(new_id())
        if operation.model == "NewOpinion" and aim.is_there:
            body["of"] = str(new_id())
        if operation.model == "NewEmergency":
            body["name"] = "Nobody Here"
        for name in _IDS_IN_BODY.get(operation.model or "", ()):
            body[name] = str(new_id()) if body[name] else None
        return Aim(aim.relation, aim.is_there, ids, body)

    def _request(self, operation: Operation, person: Person, aim: Aim) -> Request:
        url = operation.path.format(**aim.ids) + _QUERIES.get(operation.id, "")
        if operation.form:
            return self._form(operation, person, url)
        headers = {"Authorization": f"Bearer {person.token}"} if person.token else {}
        if operation.model is None:
            return Request(operation.method, url, headers, None)
        headers["Content-Type"] = "application/json"
        return Request(operation.method, url, headers, json.dumps(aim.body))

    def _form(self, operation: Operation, person: Person, url: str) -> Request:
        headers = {"Cookie": f"hearth={person.token}"} if person.token else {}
        if operation.method == "GET":
            return Request("GET", url, headers, None)
        headers |= {"Origin": "{origin}", "Content-Type": "application/x-www-form-urlencoded"}
        fields = {
            "token": self._doors[person], "client_id": str(new_id()), "text": WORDS_HERE,
            "reason": "not_sure", "words": WORDS_HERE, "answer": "heard", "first": "no",
            "pseudonym": "Nobody Here", "recovery_code": "AAAAA-BBBBB", "insist": "yes",
            "kind": "other", "where": "Nowhere", "good_faith": "yes",
        }  # fmt: skip
        return Request("POST", url, headers, urlencode(fields))


_QUERIES = {
    "climate_compare": "?first=2026-11-02&last=2026-11-08&other_first=2026-11-09&other_last=2026-11-15",
    "steward_duties_csv": "?year=2026",
    "line_hear": "?wait_s=0",
}
"""Without which a route answers nobody."""
_NEEDS_SOMEBODY = frozenset({"mine", "about me"})
_IN_THE_BODY = frozenset({"into a line"})
_WORDS_IN_PATH = frozenset(
    {"care_scope", "code", "item", "kind", "measure", "report_kind", "scope"}
)
_IDS_IN_BODY = {
    "NewMeasureCall": ("room",), "NewMeasuresExport": ("member",), "NewTeamNote": ("member",),
}  # fmt: skip
_PAGES_AS = {f"{PLAIN}get /plain/rooms/{{room_id}}": "room.list"}
"""A room one does not sit in is a page, too: what it is for, the way in, and not a word of it."""


def _answer(operation: Operation, person: Person, aim: Aim) -> Answer:
    row = _PAGES_AS.get(operation.id, operation.row)
    relation = Relation.NONE if row == "room.list" else aim.relation
    is_open = operation.path.endswith((".css", "/language")) or row.startswith("outside.")
    answer = expected(row, operation.id, person, relation, is_there=aim.is_there)
    if operation.form and person.standing is Standing.PENDING and not is_open:
        return "pending"
    if operation.form and answer in {"removed", "no_session"}:
        return "no_session"
    return answer


def _like(value: Any) -> Any:
    return new_id() if isinstance(value, UUID) else f"own-{new_id()}"


def requests_in_order(cells: list[Cell]) -> Iterator[list[Cell]]:
    """In the order in which what ends things comes last."""
    for order in sorted({cell.operation.order for cell in cells}):
        yield [cell for cell in cells if cell.operation.order == order]
