"""A small named cast in one room, each with a socket whose frames are kept, and with what they hold."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from server.client import Client, Http
from server.protocol import bodies, frames
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.settings import read_settings
from server.store import beside
from server.store.tables import Member
from server.store.work import Work
from tests.drills._view import View, fetch

PEERS = ("ash", "birch", "rowan", "sorrel")
MODERATORS = ("fern", "heath")
CLINICIANS = ("alder",)


@dataclass(slots=True)
class Person:
    """heard: since it was last taken. view: followed from the beginning, by frames alone."""

    token: str
    http: Http
    client: Client
    room: UUID
    view: View
    heard: list[frames.ServerFrame] = field(default_factory=list)
    acted: list[frames.ClientFrame] = field(default_factory=list)

    async def say(self, frame: frames.Post | frames.Edit) -> frames.ServerFrame:
        """A post or an edit, and its answer."""
        self.acted.append(frame)
        return await self.client.say(frame)

    async def post(self, text: str, **more: object) -> frames.ServerFrame:
        """Something new."""
        fields = {"client_id": uuid4()} | more
        return await self.say(
            frames.Post.model_validate({"type": "post", "room": self.room, "text": text} | fields)
        )

    async def edit(self, message: UUID, text: str) -> frames.ServerFrame:
        """Other words for a message of their own."""
        return await self.say(
            frames.Edit(type="edit", room=self.room, client_id=uuid4(), message=message, text=text)
        )

    async def send(self, frame: frames.ClientFrame) -> None:
        """A frame without an answer of its own."""
        self.acted.append(frame)
        await self.client.send(frame)


class Cast:
    """Everybody by name, and what acts leave for later ones under a name of their own."""

    def __init__(self, url: str, room: UUID, people: dict[str, Person]) -> None:
        self.url, self.room, self.people = url, room, people
        self.messages: dict[str, UUID] = {}

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    async def decide(self, name: str, action: str, about: UUID, **more: object) -> None:
        """The one open case about this message, judged by a moderator."""
        http = self[name].http
        case = await self.find_case(name, about)
        body = {"action": action, "version": case.line.version, "reason": "For this drill."}
        await http.call("POST", f"/api/cases/{case.line.id}/decisions", body | more)

    async def find_case(self, name: str, about: UUID) -> bodies.Case:
        """The newest case in which this message is the subject."""
        http = self[name].http
        queue = await http.read(f"/api/queue?room={self.room}", bodies.Queue)
        for line in sorted(queue.cases, key=lambda line: line.opened_at, reverse=True):
            case = await http.read(f"/api/cases/{line.id}", bodies.Case)
            if any(message.subject and message.id == about for message in case.messages):
                return case
        raise LookupError(about)


@contextlib.asynccontextmanager
async def on_stage(url: str, folder: Path) -> AsyncIterator[Cast]:
    """Everybody is seated and listens, but for sorrel, who comes later."""
    settings = read_settings({}, data_dir=folder / "data")
    room, tokens = await asyncio.to_thread(beside.do, settings, _seat_all)
    async with contextlib.AsyncExitStack() as stack:
        people = {}
        for name, token in tokens.items():
            http, heard = Http(url, token), list[frames.ServerFrame]()
            client = await stack.enter_async_context(Client(url, token, tap=heard.append))
            if name != "sorrel":
                await client.join(room)
            people[name] = Person(token, http, client, room, await fetch(http, room), heard)
        yield Cast(url, room, people)


def _seat_all(work: Work) -> tuple[UUID, dict[str, str]]:
    room = make_room(work, "Snapshot", "To be looked at twice.").id
    tokens = {}
    roles = dict.fromkeys(PEERS, "peer") | dict.fromkeys(MODERATORS, "moderator")
    for name, role in (roles | dict.fromkeys(CLINICIANS, "clinician")).items():
        key = names.name_key(name)
        member = Member(pseudonym=name, name_key=key, role=role, joined_at=work.now)
        work.session.add(member)
        work.session.flush()
        if name != "sorrel":
            seats.take_seat(work, room, member.id, seats.seat_for(role))
        tokens[name] = sessions.open_session(work, member, "program").token
    return room, tokens
