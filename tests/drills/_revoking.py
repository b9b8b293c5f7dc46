"""A room that talks, members whose seat or session ends, and words that are taken away."""

import asyncio
import contextlib
import http.client
import io
import itertools
import json
import re
import time
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from statistics import quantiles
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.client import Client, Http
from server.client.errors import ClientError
from server.ids import digest
from server.protocol import bodies, frames
from server.protocol.away import StewardAwayPatch
from server.replay.staging import new_tag
from server.services import away, names, seats, sessions
from server.services.rooms import make_room
from server.store import push
from server.store.tables import Consent, Member
from server.store.work import Work
from tests.drills._servers import DrillServer
from tests.drills._waiting import has_become, until
from tests.server.matrix.commands import open_line
from tests.server.push_service import PushService, ReceivingBrowser

ENDINGS: Final = ("removed", "left", "session", "place", "paused")
TAKINGS: Final = ("hidden", "withdrawn", "edited")
_SPEAKERS = 5
_CODE = "CCCCC-DDDDD"
_LINGER_S = 0.2
_GIVEN_UP_S = 5.0
_EXPORT_S = 180.0
_IN_ORDER = frozenset({"message", "changed", "reaction"})
_OF_ROOM = _IN_ORDER | {"joined", "presence", "typing"}
_SAID = re.compile(r"Said (\d+)\.")
_MARK = re.compile(r"qz[0-9a-f]{32}qz")
_OK = 200


@dataclass(slots=True)
class Seated:
    """Somebody of the room."""

    id: UUID
    token: str


@dataclass(slots=True)
class Place:
    """Where it happens, and who is there. away: has a browser that is called, and no open page."""

    url: str
    service: PushService
    browser: ReceivingBrowser
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


async def open_place(server: DrillServer, service: PushService, victims: int) -> Place:
    """A new room, with so many members who will have to go."""
    made = await server.on_database(partial(_seat_all, victims=victims))
    browser = ReceivingBrowser(service)
    away_one = made["away"][0]
    await Http(server.url, away_one.token).call(
        "POST", "/api/me/push", browser.asks("Europe/Dublin", None)
    )
    await Http(server.url, away_one.token).call(
        "PUT", f"/api/me/push/rooms/{made['room']}", {"wish": "all"}
    )
    one = {name: made[name][0] for name in ("author", "near", "away", "fern", "steward", "carer")}
    return Place(
        server.url, service, browser, made["room"], made["speakers"], made["victims"], **one
    )


def _seat_all(work: Work, victims: int) -> dict[str, Any]:
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
            member_id=made["author"][0].id, room_id=room, scope="messages", wording="2026-11 en",
            given_at=work.now, until=work.now + timedelta(days=30),
        )
    )  # fmt: skip
    push.switch(work, on=True)
    steward = sessions.find_actor(work, made["steward"][0].token).actor
    away.change_state(work, steward, StewardAwayPatch(members_called=True))
    return made | {"room": room}


def _seat(work: Work, room: UUID, name: str, role: str) -> Seated:
    member = Member(
        pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now,
        recovery_digest=digest(_CODE),
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


# --- ending seats and sessions ---


class Endings:
    """Each time another one goes, one way after the other."""

    def __init__(self, place: Place, talk: Talk) -> None:
        self._place, self._talk = place, talk
        self._fern = Http(place.url, place.fern.token)
        self._counts: Counter[str] = Counter()
        self._took_s: list[float] = []

    async def all(self, rounds: int) -> None:
        """So many, one after the other: which seat ended is read off the room."""
        for number in range(rounds):
            await self._once(number)

    async def _once(self, number: int) -> None:
        kind, victim = ENDINGS[number % len(ENDINGS)], self._place.victims[number]
        ear = await Ear.open(self._place, victim)
        await until(lambda: ear.count("message") >= 2)
        case = await self._case(ear) if kind in {"removed", "paused"} else None
        began = time.perf_counter()
        await self._end(kind, victim, case)
        answered = time.perf_counter()
        if kind == "paused":
            self._counts["said_after_pause"] += (await ear.post("After it."))["type"] != "refused"
        else:
            await self._gone(kind, ear, began, answered)
            await self._comes_back(kind, victim)
        self._counts["ended"] += 1
        await ear.close()

    async def _case(self, ear: Ear) -> bodies.CaseLine:
        """About something they said: a moderator flags it, and looks."""
        message = (await ear.post("Something that is looked at."))["id"]
        return await raise_case(self._place, self._fern, message)

    async def _end(self, kind: str, victim: Seated, case: bodies.CaseLine | None) -> None:
        mine, place = Http(self._place.url, victim.token), self._place
        if case:
            action = "pause" if kind == "paused" else "remove_member"
            await decide(self._fern, case, action)
        elif kind == "left":
            await mine.call("DELETE", f"/api/rooms/{place.room}/seat")
        elif kind == "session":
            await mine.call("DELETE", "/api/sessions/current")
        else:
            body = {"state": "removed", "reason": "For this drill."}
            steward = Http(place.url, place.steward.token)
            await steward.call("PATCH", f"/api/steward/members/{victim.id}", body)

    async def _gone(self, kind: str, ear: Ear, began: float, answered: float) -> None:
        def ended() -> float | None:
            told = ear.when(lambda frame: frame["type"] == "left")
            return ear.ended_s if kind in {"session", "place"} else told

        if not await has_become(lambda: ended() is not None, _GIVEN_UP_S):
            self._counts["not_ended"] += 1
        else:
            self._took_s.append((ended() or 0.0) - began)
        if kind in {"session", "place"} and ear.code not in {None, frames.Close.SESSION}:
            self._counts["not_ended"] += 1
        await asyncio.sleep(_LINGER_S)
        last = await self._last_seq(began) if kind != "session" else None
        self._counts["heard_after"] += sum(
            self._is_after(frame, at, ended(), answered) for at, frame in ear.heard
        )
        self._counts["later_seq"] += sum(
            last is not None and frame["type"] in _IN_ORDER and frame["seq"] > last
            for _, frame in ear.heard
        )

    def _is_after(
        self, frame: dict[str, Any], at: float, ended: float | None, answered: float
    ) -> bool:
        """Sent when it was over already; or of the room, and heard after they were told."""
        if frame["type"] == "message" and (self._talk.said_at(frame["text"]) or 0.0) > answered:
            return True
        return frame["type"] in _OF_ROOM and ended is not None and at > ended

    async def _last_seq(self, began: float) -> int:
        """The `seq` at which the seat ended, as those who stayed hear it."""
        ear = self._talk.ear

        def found() -> int | None:
            return next(
                (
                    frame["seq"]
                    for at, frame in ear.heard
                    if at > began and frame["type"] == "changed" and frame["change"] == "left"
                ),
                None,
            )

        await until(lambda: found() is not None)
        return found() or 0

    async def _comes_back(self, kind: str, victim: Seated) -> None:
        """By the API, by the plain page, and by a new line."""
        paths = f"/api/rooms/{self._place.room}/messages", f"/plain/rooms/{self._place.room}"
        for path in paths:
            status, page = await asyncio.to_thread(
                self._place.get, path, victim.token, as_page=path == paths[1]
            )
            self._counts["read_after"] += b"Said " in page or (path == paths[0] and status == _OK)
        try:
            again = await Ear.open(self._place, victim)
        except (InvalidStatus, OSError):
            return
        await has_become(lambda: again.ended_s is not None or again.count("refused") > 0, 1.0)
        self._counts["back_in"] += again.count("joined") + again.count("message")
        await again.close()

    def figures(self) -> dict[str, Any]:
        """Counts; and how long it took from asking until they were told, or the line was closed."""
        names_of = (
            "ended", "heard_after", "later_seq", "not_ended", "read_after", "back_in",
            "said_after_pause",
        )  # fmt: skip
        took = sorted(self._took_s) or [0.0]
        cuts = quantiles(took, n=20, method="inclusive") if len(took) > 1 else took * 19
        return {name: self._counts[name] for name in names_of} | {
            "p50_s": round(cuts[9], 3),
            "p95_s": round(cuts[18], 3),
            "max_s": round(took[-1], 3),
        }


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


# --- taking words away ---


class Takings:
    """Each time other words, one way after the other; then everything is looked through for them."""

    def __init__(self, place: Place, talk: Talk) -> None:
        self._place, self._talk = place, talk
        self._fern = Http(place.url, place.fern.token)
        self._counts: Counter[str] = Counter()
        self._gone_at: dict[str, float] = {}

    async def all(self, rounds: int) -> None:
        """So many: said, heard, seen on every page; taken away, and looked for everywhere."""
        for number in range(rounds):
            await self._once(number)

    async def _once(self, number: int) -> None:
        kind, mark = TAKINGS[number % len(TAKINGS)], f"qz{uuid4().hex}qz"
        author = await Ear.open(self._place, self._place.author)
        before = self._talk.ear.seq
        posted = await author.post(mark)
        said, seq = posted["id"], posted["seq"]
        await self._talk.ear.find(lambda frame: frame["type"] == "message" and frame["id"] == said)
        self._counts["shown_before"] += all(mark in page for page in await self._pages(said, seq))
        await self._take(kind, said, author)
        taken = await self._talk.ear.find(
            lambda frame: (
                frame["type"] == "changed"
                and frame.get("message") == said
                and frame["change"] == kind
            )
        )
        self._gone_at[mark] = time.perf_counter()
        self._counts["pages_after"] += sum(mark in page for page in await self._pages(said, seq))
        self._counts["frames_after"] += await self._resumes(mark, before, taken["seq"])
        self._counts["taken_away"] += 1
        await author.close()

    async def _take(self, kind: str, said: str, author: Ear) -> None:
        if kind == "hidden":
            await decide(self._fern, await raise_case(self._place, self._fern, said), "hide")
        elif kind == "withdrawn":
            await author.send(type="withdraw", message=said)
        else:
            text, client_id = "Other words.", str(uuid4())
            await author.send(
                type="edit", message=said, text=text, client_id=client_id, insist=True
            )

    async def _pages(self, said: str, seq: int) -> list[str]:
        """Wherever others read it: a page of the room, the thread, both plain pages, a clinician's look."""
        place = self._place
        room, before = f"/rooms/{place.room}", seq + 1
        look = f"/api/clinic{room}/people/{place.author.id}/messages?before={before}"
        asked = [
            (f"/api{room}/messages?before={before}&limit=50", place.near.token, False),
            (f"/api{room}/threads/{said}", place.near.token, False),
            (f"/plain{room}?before={before}", place.near.token, True),
            (f"/plain{room}/messages/{said}", place.near.token, True),
            (look, place.carer.token, False),
        ]
        found = await asyncio.gather(
            *(asyncio.to_thread(place.get, path, token, as_page=as_page)
              for path, token, as_page in asked)
        )  # fmt: skip
        return [body.decode() for _, body in found]

    async def _resumes(self, mark: str, before: int, upto: int) -> int:
        """Somebody who was not there comes back from before it was said: in how many frames it is."""
        ear = await Ear.open(self._place, self._place.away, after=before)
        await until(lambda: ear.seq >= upto)
        await ear.close()
        return sum(mark in orjson.dumps(frame).decode() for _, frame in ear.heard)

    async def come_out(self) -> None:
        """What left the place in files and calls, and whether somebody heard it again."""
        gone = self._gone_at
        for at, frame in self._talk.ear.heard:
            marks = _MARK.findall(frame.get("text") or "") if frame["type"] in _IN_ORDER else []
            self._counts["frames_after"] += sum(at > gone.get(mark, at) for mark in marks)
        for who in (self._place.near, self._place.fern, self._place.away):
            copy = await self._copy(who)
            self._counts["exports"] += 1
            self._counts["exports_after"] += sum(mark in copy for mark in gone)
        for taken in self._place.service.taken:
            said = json.dumps(self._place.browser.open(taken.body))
            self._counts["pushes"] += 1
            self._counts["pushes_after"] += bool(_MARK.search(said))

    async def _copy(self, who: Seated) -> str:
        """Everything that the place has of somebody, as they get it."""
        asking = Http(self._place.url, who.token)
        await asking.call("POST", "/api/me/data/export", {"recovery_code": _CODE})
        async with asyncio.timeout(_EXPORT_S):
            while True:
                export = (await asking.call("GET", "/api/me/data"))["export"]
                if export["state"] == "ready":
                    break
                await asyncio.sleep(0.5)
        path = f"/api/me/data/export/{export['id']}/file"
        status, content = await asyncio.to_thread(self._place.get, path, who.token)
        if status != _OK:
            raise ClientError(f"The copy was refused: {status}")
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return "".join(packed.read(name).decode() for name in packed.namelist())

    def figures(self) -> dict[str, Any]:
        """Counts."""
        names_of = (
            "taken_away", "shown_before", "frames_after", "pages_after", "exports",
            "exports_after", "pushes", "pushes_after",
        )  # fmt: skip
        return {name: self._counts[name] for name in names_of}
