"""Every live event: caused while everybody listens, and heard by those whom the table names and by nobody else."""

import asyncio
import contextlib
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import select
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from moderation.cases import CLINICIANS_ONLY, CaseKind
from moderation.classifier import Assessment
from server.access import EVENTS, Relation, Role, aside
from server.client import Http
from server.ids import new_id
from server.store.tables import Case, Notice
from server.store.work import Work
from tests.server.matrix.cast import SEATED, Person, Standing
from tests.server.matrix.cells import Matrix
from tests.server.matrix.commands import open_line
from tests.server.matrix.expected import Table
from tests.server.readings import calm, harsh, severe, warm

EVENT_TABLE: Table = dict(EVENTS)
"""As it is written: what a control opens later does not open here."""
_OF_ROOM = frozenset({"sight", "joined", "message", "changed", "reaction", "presence", "typing"})
_ANSWER = "queue: an answer"
"""What a questionnaire called for: told to clinicians of that group alone."""
_OF_DRAFT = frozenset({"posted", "nudge", "praise", "held", "support"})
_SETTLE_S = 1.5
_NO_LINE = frozenset({Standing.LOGGED_OUT, Standing.EXPIRED, Standing.REMOVED, Standing.PENDING})
HARSH, SEVERE, WARM = "Harsh, read as such.", "Severe, read as such.", "Warm, read as such."
DANGER = "I am going to kill myself tonight"


def reads(text: str) -> Assessment:
    """What the classifier says here, by the words of this module."""
    by_words = {HARSH: harsh, SEVERE: severe, WARM: warm}
    return by_words.get(text, calm)().assessment


@dataclass(slots=True)
class Ear:
    """One person's socket, all that came by it, and the drafts that they sent."""

    person: Person
    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)
    drafts: set[str] = field(default_factory=set)

    async def listen(self) -> None:
        """Until the line ends."""
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self.heard.append(orjson.loads(text))

    async def send(self, **frame: Any) -> str:
        """A command; a post or an edit gets a client_id. Returns that."""
        client_id = str(frame.pop("client_id", new_id()))
        if frame["type"] in {"post", "edit"}:
            self.drafts.add(client_id)
            frame["client_id"] = client_id
        await self.socket.send(json.dumps(frame))
        return client_id


@dataclass(slots=True)
class Heard:
    """What came of it. wrong: the first of each kind of event and role."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)
    by_event: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def fault(self, kind: str, person: Person, what: str) -> None:
        """Count it."""
        self.counts[kind] += 1
        self.wrong.setdefault((kind, f"{what} {person.name}"), f"{kind}: {what} to {person.name}")


@dataclass(frozen=True, slots=True)
class Owners:
    """Read from the database afterwards. notices: to whom. cases: room, about whom, whether aside, of what kind."""

    notices: dict[str, str]
    cases: dict[str, tuple[str, str, bool, CaseKind]]


@contextlib.asynccontextmanager
async def everybody(url: str, matrix: Matrix) -> AsyncIterator[list[Ear]]:
    """All who may open a line: each asks for both rooms and the private conversation, seated or not."""
    async with contextlib.AsyncExitStack() as stack:
        ears = []
        for person in matrix.cast.people:
            if person.token and person.standing not in _NO_LINE:
                socket = await stack.enter_async_context(await open_line(url, person.token))
                ears.append(Ear(person, socket))
        listening = [asyncio.create_task(ear.listen()) for ear in ears]
        for ear in ears:
            for room in (matrix.cast.here, matrix.cast.there, matrix.targets.line):
                await ear.send(type="join", room=str(room))
        await asyncio.sleep(_SETTLE_S)
        yield ears
        for task in listening:
            task.cancel()


async def cause_everything(
    url: str, matrix: Matrix, ears: list[Ear], ask: UUID, kept: UUID
) -> None:
    """Each event at least once for each kind of receiver. ask: it seeks an answer; kept: a keeper's own."""
    here = str(matrix.cast.here)
    seated = [ear for ear in ears if ear.person.standing in SEATED]
    for ear in seated:
        await ear.send(type="typing", room=here)
        await ear.send(type="react", room=here, message=str(ask), reaction="hug")
        await ear.send(type="flag", room=here, message=str(ask), reason="not_sure")
        for words in (HARSH, SEVERE, DANGER):
            await ear.send(type="post", room=here, text=words)
        praised = UUID(int=(new_id().int >> 2) << 2)
        await ear.send(type="post", room=here, text=WARM, reply_to=str(ask), client_id=str(praised))
        await ear.send(type="join", room=here, after=2**40)
        await ear.send(type="join", room=here)
        await asyncio.sleep(0.6)  # a room hears of one who writes at a time
    await _let_an_answer_call(url, seated, here)
    for ear in seated[:2]:
        await ear.send(
            type="flag", room=here, message=str(kept), reason="unkind", aside=ear is seated[0]
        )
    await asyncio.sleep(_SETTLE_S)
    for ear in seated:
        await Http(url, ear.person.token).call("DELETE", f"/api/rooms/{here}/seat")
    await asyncio.sleep(_SETTLE_S)


async def _let_an_answer_call(url: str, seated: list[Ear], here: str) -> None:
    """One of them agreed to it, and answers so: it calls the clinicians of that group, and nobody else hears of it."""
    member = Http(url, next(ear.person.token for ear in seated if ear.person.role is Role.PEER))
    asked = (await member.call("GET", "/api/me/care"))["questions"]
    wording = next(one["wording"] for one in asked if one["scope"] == "alerts")
    await member.call("PUT", f"/api/me/care/{here}/alerts", {"wording": wording, "months": 1})
    await member.call("PUT", "/api/measures/phq-9/answers/phq9-9", {"value": 2})


def judge(ears: list[Ear], matrix: Matrix, owners: Owners) -> Heard:
    """Each frame that reached anybody, and each that did not reach whom the table names."""
    found = Heard()
    for ear in ears:
        for frame in ear.heard:
            found.counts["delivered"] += 1
            kind = frame["type"]
            if (ear.person.role, _relation(ear, frame, matrix, owners)) in EVENT_TABLE[kind]:
                found.by_event[kind].add(ear.person.name)
            else:
                found.fault("leaks", ear.person, kind)
            if kind == "queue" and owners.cases[frame["case"]][3] in CLINICIANS_ONLY:
                found.by_event[_ANSWER].add(ear.person.name)
    for ear in ears:
        for kind in _owed(ear.person):
            if ear.person.name not in found.by_event[kind]:
                found.fault("unheard", ear.person, kind)
    return found


def _owed(person: Person) -> set[str]:
    """What each of them must have heard: a table that opens nothing would leak nothing, too."""
    owed = {"hello"}
    if person.standing in SEATED:
        owed |= set(EVENT_TABLE) - {"queue", "sight"}
    for kind in ("queue", "sight"):
        if (person.role, person.relation) in EVENT_TABLE[kind]:
            owed |= {kind}
    if (person.role, person.relation) == (Role.CLINICIAN, Relation.CARER):
        owed |= {_ANSWER}
    if (person.role, aside(person.relation)) in EVENT_TABLE["queue"]:
        owed |= {"queue"}
    return owed


def read_owners(work: Work) -> Owners:
    """All there are."""
    notices = {str(one.id): str(one.member_id) for one in work.session.exec(select(Notice))}
    cases = {
        str(one.id): (str(one.room_id), str(one.subject_id), one.aside, CaseKind(one.kind))
        for one in work.session.exec(select(Case))
    }
    return Owners(notices, cases)


def _relation(ear: Ear, frame: dict[str, Any], matrix: Matrix, owners: Owners) -> Relation:
    """How the receiver stands to what this frame is about."""
    kind = frame["type"]
    if kind in _OF_ROOM:
        return _in_room(ear.person, frame["room"], matrix)
    if kind == "queue":
        room, subject, is_aside, about = owners.cases[frame["case"]]
        relation = _in_room(ear.person, room, matrix)
        if subject == str(ear.person.id):
            return Relation.NONE
        if about in CLINICIANS_ONLY and relation is not Relation.CARER:
            return Relation.NONE
        return aside(relation) if is_aside else relation
    return Relation.SELF if _is_own(ear, frame, matrix, owners) else Relation.NONE


def _in_room(person: Person, room: str, matrix: Matrix) -> Relation:
    if room == str(matrix.cast.here):
        return person.relation
    return person.elsewhere if room == str(matrix.cast.there) else Relation.NONE


def _is_own(ear: Ear, frame: dict[str, Any], matrix: Matrix, owners: Owners) -> bool:
    kind = frame["type"]
    if kind == "hello":
        return bool(frame["member"] == str(ear.person.id))
    if kind == "notice":
        return owners.notices.get(frame["id"]) == str(ear.person.id)
    if kind in _OF_DRAFT:
        return frame["client_id"] in ear.drafts
    if kind in {"left", "reset"}:
        return _in_room(ear.person, frame["room"], matrix) is not Relation.NONE
    # Refused: of what they sent themselves, or of a room they asked for.
    return frame.get("client_id") in ear.drafts or frame.get("client_id") is None
