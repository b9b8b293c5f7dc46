"""A room that talks: who is in it, a line that keeps all it hears, and what moderators decide."""

import asyncio
import contextlib
import http.client
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from server.client import Client, Http
from server.ids import digest
from server.protocol import bodies, frames
from server.protocol.away import StewardAwayPatch
from server.replay.staging import new_tag
from server.services import away, names, seats, sessions
from server.services.rooms import make_room
from server.store import push
from server.store.tables import Consent, Member
from server.store.work import Work
from tests.drills._waiting import until
from tests.server.matrix.commands import open_line
from tests.server.push_service import PushService, ReceivingBrowser

_SPEAKERS = 5
RECOVERY_CODE: Final = "CCCCC-DDDDD"
IN_ORDER = frozenset({"message", "changed", "reaction"})
OF_ROOM = IN_ORDER | {"joined", "presence", "typing"}
_SAID = re.compile(r"Said (\d+)\.")


@dataclass(slots=True)
class Seated:
    """Somebody of the room."""

    id: UUID
    token: str


@dataclass(slots=True)
class Place:
    """Where it happens, and who is there. near: has the room open; away: has no open page."""

    url: str
    room: UUID
    speakers: list[Seated]
    victims: list[Seated]
    author: Seated
    near: Seated
    away: Seated
    fern: Seated
    steward: Seated
    carer: Seated

    def get(self, path: str, token: str, *, as_page: bool = False) -> tuple[int, bytes]:
        """One page or file, as it comes."""
        parts = urlsplit(self.url)
        asking = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        name, value = (
            ("Cookie", f"hearth={token}") if as_page else ("Authorization", f"Bearer {token}")
        )
        try:
            asking.request("GET", path, headers={name: value})
            answer = asking.getresponse()
            return answer.status, answer.read()
        finally:
            asking.close()


_ONE_OF_EACH = ("author", "near", "away", "fern", "steward", "carer")


def make_place(work: Work, url: str, victims: int) -> Place:
    """A new room, with so many members who will have to go. The author lets clinicians read along."""
    tag = new_tag()
    room = make_room(work, f"Drill {tag}", "A drill; it ends with the drill.").id
    wanted = {
        "speakers": ("peer", _SPEAKERS), "victims": ("peer", victims), "author": ("peer", 1),
        "near": ("peer", 1), "away": ("peer", 1), "fern": ("moderator", 1),
        "steward": ("steward", 1), "carer": ("clinician", 1),
    }  # fmt: skip
    made: dict[str, Any] = {
        name: [_seat(work, room, f"drill {tag} {name} {number}", role) for number in range(count)]
        for name, (role, count) in wanted.items()
    }
    work.session.add(
        Consent(
            member_id=made["author"][0].id, room_id=room, scope="messages", wording="2026-12 en",
            given_at=work.now, until=work.now + timedelta(days=30),
        )
    )  # fmt: skip
    push.switch(work, on=True)
    steward = sessions.find_actor(work, made["steward"][0].token).actor
    away.change_state(work, steward, StewardAwayPatch(members_called=True))
    one = {name: made[name][0] for name in _ONE_OF_EACH}
    return Place(url, room, made["speakers"], made["victims"], **one)


async def call_away(place: Place, service: PushService) -> ReceivingBrowser:
    """Whoever is away wants to be called for everything that is said."""
    browser, mine = ReceivingBrowser(service), Http(place.url, place.away.token)
    await mine.call("POST", "/api/me/push", browser.asks("Europe/Dublin", None))
    await mine.call("PUT", f"/api/me/push/rooms/{place.room}", {"wish": "all"})
    return browser


def _seat(work: Work, room: UUID, name: str, role: str) -> Seated:
    member = Member(
        pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now,
        recovery_digest=digest(RECOVERY_CODE),
    )  # fmt: skip
    work.session.add(member)
    work.session.flush()
    seats.take_seat(work, room, member.id, seats.seat_for(role))
    opened = sessions.open_session(work, member, "program")
    work.session.flush()
    return Seated(member.id, opened.token)


# --- listening ---


@dataclass(slots=True)
class Ear:
    """One line, and everything that came by it, with when. ended_s: when the line closed."""

    socket: ClientConnection
    room: str
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    ended_s: float | None = None
    code: int | None = None
    _listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, place: Place, who: Seated, after: int | None = None) -> Self:
        """It asks for the room at once. after: the last `seq` that was heard there."""
        ear = cls(await open_line(place.url, who.token), str(place.room))
        ear._listening = asyncio.create_task(ear._listen())
        await ear.send(type="join", **({} if after is None else {"after": after}))
        return ear

    async def send(self, **frame: Any) -> None:
        """A command about this room."""
        with contextlib.suppress(ConnectionClosed):
            await self.socket.send(json.dumps({"room": self.room} | frame))

    async def post(self, text: str) -> dict[str, Any]:
        """Say something, and its answer."""
        client_id = str(uuid4())
        await self.send(type="post", client_id=client_id, text=text, insist=True)
        return await self.find(
            lambda frame: frame.get("client_id") == client_id and frame["type"] != "message"
        )

    async def find(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first such frame, when it is there."""

        def found() -> dict[str, Any] | None:
            return next((frame for _, frame in self.heard if is_it(frame)), None)

        await until(lambda: found() is not None)
        frame = found()
        assert frame
        return frame

    async def close(self) -> None:
        """From this side."""
        await self.socket.close()
        if self._listening:
            await self._listening

    @property
    def seq(self) -> int:
        """The last that was heard in the room."""
        return max((frame["seq"] for _, frame in self.heard if frame.get("seq")), default=0)

    def count(self, kind: str) -> int:
        """How many frames of this type."""
        return sum(frame["type"] == kind for _, frame in self.heard)

    def when(self, is_it: Callable[[dict[str, Any]], bool]) -> float | None:
        """When the first such frame came."""
        return next((at for at, frame in self.heard if is_it(frame)), None)

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self.socket:
                self.heard.append((time.perf_counter(), orjson.loads(text)))
        self.ended_s, self.code = time.perf_counter(), self.socket.close_code


# --- talking ---


class Talk:
    """A room that never stops. Its ear hears everything, so that one knows what others should not."""

    def __init__(self, ear: Ear) -> None:
        self.ear = ear
        self._sent: list[float] = []
        self._began = time.perf_counter()

    def said_at(self, text: str) -> float | None:
        """When this was sent; None for what somebody else says."""
        found = _SAID.fullmatch(text)
        return self._sent[int(found[1])] if found else None

    async def speak(self, client: Client, room: UUID, every_s: float) -> None:
        """For ever, in this rhythm; late where the server is."""
        for turn in itertools.count(1):
            number = len(self._sent)
            self._sent.append(time.perf_counter())
            await client.post(room, f"Said {number}.")
            await asyncio.sleep(max(0.0, self._began + turn * every_s - time.perf_counter()))

    def figures(self) -> dict[str, Any]:
        """How much was said."""
        took_s = time.perf_counter() - self._began
        return {"posted": len(self._sent), "posted_per_s": round(len(self._sent) / took_s, 1)}


@contextlib.asynccontextmanager
async def talking(place: Place, rate: float) -> AsyncIterator[Talk]:
    """So many messages a second while it is open."""
    async with contextlib.AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(place.url, one.token)) for one in place.speakers
        ]
        ear = await Ear.open(place, place.near)
        talk = Talk(ear)
        every_s = len(clients) / rate
        speaking = [asyncio.create_task(talk.speak(c, place.room, every_s)) for c in clients]
        try:
            yield talk
        finally:
            for task in speaking:
                task.cancel()
            await asyncio.gather(*speaking, return_exceptions=True)
            await ear.close()


# --- deciding ---


async def raise_case(place: Place, fern: Http, message: str) -> bodies.CaseLine:
    """A moderator flags it: the case, as it stands in the queue."""
    async with Client(place.url, place.fern.token) as line:
        flag = frames.Flag(
            type="flag", room=place.room, message=UUID(message), reason="unkind", words=message
        )
        await line.send(flag)
        while True:
            queue = await fern.read(f"/api/queue?room={place.room}", bodies.Queue)
            for one in queue.cases:
                case = await fern.read(f"/api/cases/{one.id}", bodies.Case)
                if any(said.subject and str(said.id) == message for said in case.messages):
                    return case.line
            await asyncio.sleep(0.02)


async def decide(fern: Http, case: bodies.CaseLine, action: str) -> None:
    """The one decision."""
    body: dict[str, Any] = {"action": action, "version": case.version, "reason": "For this drill."}
    if action == "pause":
        body["minutes"] = 60
    await fern.call("POST", f"/api/cases/{case.id}/decisions", body)
