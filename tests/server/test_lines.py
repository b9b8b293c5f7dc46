"""Where no WebSocket gets through: the same frames, fetched over HTTP, through a proxy that is like that."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from server.access import Actor, Role
from server.api.polled import PolledLine, PolledLines
from server.client import Client, Http
from server.client.carriers import Carriers
from server.client.clock import RealClock
from server.client.polled import Answered, PolledSocket, _Http
from server.errors import NoSuchLine, TooFast
from server.ids import new_id
from server.live.connection import Connection
from server.live.encoding import encode, payload_of, payloads_of
from server.live.hub import Hub
from server.protocol import frames
from server.protocol.frames import Close
from server.services import names, seats, sessions
from server.services.rooms import make_room
from server.store.tables import Member
from server.store.work import SessionsEnded, Work
from tests.server.live_server import LiveServer, hasty
from tests.server.narrow_proxy import NarrowProxy

DANGER = "I have taken pills and I want to die tonight"


@dataclass(slots=True)
class Place:
    """Behind a narrow proxy: a room, and members of it who are let in as often as it takes."""

    server: LiveServer
    proxy: NarrowProxy
    room: UUID

    async def enter(self) -> str:
        """A new member's token."""
        return await self.server.on_database(self._seated)

    def client(self, token: str, **options: Any) -> Client:
        return Client(self.proxy.url, token, back_off=hasty(), **options)

    def asking(self, token: str) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=self.server.url, headers=headers, trust_env=False)

    def _seated(self, work: Work) -> str:
        name = f"Member {str(new_id())[-12:]}"
        member = Member(
            pseudonym=name, name_key=names.name_key(name), role="peer", joined_at=work.now
        )
        work.session.add(member)
        work.session.flush()
        seats.take_seat(work, self.room, member.id)
        return sessions.open_session(work, member, "program").token


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with NarrowProxy() as proxy:
        # With an address of its own it has the limits that the public has.
        server = LiveServer(tmp_path_factory.mktemp("lines"), public_url=proxy.url)
        proxy.ports.append(server.port)
        await server.start()
        room = await server.on_database(lambda work: make_room(work, "Narrow", "To talk in.").id)
        yield Place(server, proxy, room)
        server.kill()


async def until(is_so: Callable[[], Any], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - a condition, not an event
            await asyncio.sleep(0.01)


def texts(heard: list[frames.ServerFrame]) -> list[str]:
    return [frame.text for frame in heard if isinstance(frame, frames.Message)]


async def opened(asking: httpx2.AsyncClient) -> str:
    answer = await asking.post("/api/lines")
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return f"/api/lines/{answer.json()['line']}"


async def hear(asking: httpx2.AsyncClient, line: str, after: int = 0, wait_s: int = 0) -> Any:
    answer = await asking.get(line, params={"after": after, "wait_s": wait_s})
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.json()


async def say(asking: httpx2.AsyncClient, line: str, *said: Any, first: int = 1) -> httpx2.Response:
    return await asking.post(line, json={"first": first, "frames": list(said)})


# --- a program ---


async def test_two_who_have_no_websocket_talk_and_nothing_is_lost_when_answers_break_off(
    place: Place,
) -> None:
    heard: list[frames.ServerFrame] = []
    tapped: list[frames.ServerFrame] = []
    async with (
        place.client(await place.enter()) as one,
        place.client(await place.enter(), hear=heard.append, tap=tapped.append) as two,
        Client(place.server.url, await place.enter()) as fast,
    ):
        assert one.is_slow
        assert two.is_slow
        assert not fast.is_slow
        for client in (one, two, fast):
            await client.join(place.room)
        said = [f"Word number {number}." for number in range(6)]
        for number, text in enumerate(said):
            place.proxy.cut += number % 2
            assert isinstance(await one.post(place.room, text), frames.Posted)
        await until(lambda: texts(heard) == said)
        await until(lambda: fast.seq(place.room) == two.seq(place.room))
        assert texts(tapped) == said, "none came twice, though answers did"
        assert two.lines == 1, "an answer that broke off is no line that broke"
    assert place.proxy.counts["cut"] == 3
    assert place.proxy.counts["upgrades"] == 4, "each tried twice"


async def test_words_of_danger_get_support_as_on_any_line(place: Place) -> None:
    heard: list[frames.ServerFrame] = []
    async with place.client(await place.enter(), hear=heard.append) as client:
        await client.join(place.room)
        assert isinstance(await client.post(place.room, DANGER), frames.Posted)
        await until(lambda: any(isinstance(frame, frames.Support) for frame in heard))


async def test_a_websocket_is_tried_again_and_taken_when_it_opens(place: Place) -> None:
    carriers = Carriers(RealClock(), look_again_s=0.3)
    client = place.client(await place.enter(), opens=carriers.open)
    async with client:
        await client.join(place.room)
        first = await client.post(place.room, "The slow way.")
        assert client.is_slow
        place.proxy.lets_upgrade = True
        try:
            await until(lambda: client.lines > 1 and client.is_up and not client.is_slow)
            second = await client.post(place.room, "The fast way.")
        finally:
            place.proxy.lets_upgrade = False
    assert isinstance(first, frames.Posted)
    assert isinstance(second, frames.Posted)
    assert second.seq == first.seq + 1


async def test_a_line_on_which_nobody_answers_is_given_up_in_time() -> None:
    """A network may swallow each question, and a proxy may hang on to it: five times 40 s was too long."""
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    http = _Http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token")
    socket = PolledSocket(http.ask, "name", RealClock(), http.close, silent_s=0.3)
    socket.begin()
    began = time.perf_counter()
    async with asyncio.timeout(20):
        assert [text async for text in socket] == []
    assert socket.close_code == 1006
    assert time.perf_counter() - began < 5
    await socket.close()
    for writer in held:
        writer.close()
    server.close()


async def test_a_question_that_is_answered_late_but_answered_keeps_its_line() -> None:
    answers = iter([0, 503, 0, 429, 503, 404, 200])

    async def ask(method: str, path: str, body: Any) -> Answered:
        status = next(answers, None)
        if method == "POST" or status is None:
            await asyncio.Event().wait()
        await asyncio.sleep(0.25)
        return Answered(status or 0, {"last": 1, "frames": [{"type": "hello"}]}, 0.01)

    async def done() -> None: ...

    socket = PolledSocket(ask, "name", Hurried(), done, silent_s=1.0)
    socket.begin()
    async with asyncio.timeout(20):
        async for text in socket:
            assert json.loads(text) == {"type": "hello"}
            break
    assert socket.close_code is None
    await socket.close()


class Hurried(RealClock):
    """No time passes while somebody rests."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def test_a_line_over_http_is_opened_without_reading_certificates_again() -> None:
    _Http("http://127.0.0.1:1", "token")
    began = time.process_time()
    for _ in range(20):
        _Http("http://127.0.0.1:1", "token")
    assert time.process_time() - began < 0.5, "everybody in this program waits meanwhile"


# --- the wire ---


async def test_what_is_not_confirmed_comes_again_and_what_was_said_is_taken_once(
    place: Place,
) -> None:
    async with place.asking(await place.enter()) as asking:
        line = await opened(asking)
        first = await hear(asking, line)
        assert [frame["type"] for frame in first["frames"]] == ["hello"]
        assert await hear(asking, line) == first, "again, as nobody said that it came"

        join = {"type": "join", "room": str(place.room)}
        assert (await say(asking, line, join, {"type": "no such"})).status_code == 204
        assert (await say(asking, line, join, {"type": "no such"})).status_code == 204
        later = await hear(asking, line, after=1)
        kinds = [frame["type"] for frame in later["frames"] if frame["type"] != "presence"]
        assert kinds == ["joined", "refused"]
        assert later["last"] == 1 + len(later["frames"])

        gap = await say(asking, line, {"type": "no such"}, first=4)
        assert (gap.status_code, gap.json()["code"]) == (409, "not_now")
        ahead = await asking.get(line, params={"after": 99})
        assert (ahead.status_code, ahead.json()["code"]) == (404, "not_found")


async def test_a_bad_frame_is_refused_the_line_stays_and_its_words_are_read_all_the_same(
    place: Place,
) -> None:
    async with place.asking(await place.enter()) as asking:
        line = await opened(asking)
        bad = {"type": "post", "room": str(place.room), "client_id": "none", "text": DANGER}
        for number, frame in enumerate((7, None, {"type": "post", "text": "\ud800"}, bad), 1):
            data = json.dumps({"first": number, "frames": [frame]})
            headers = {"Content-Type": "application/json"}
            answer = await asking.post(line, content=data, headers=headers)
            assert answer.status_code == 204
        kinds = [frame["type"] for frame in (await hear(asking, line))["frames"]]
        assert kinds.count("refused") == 4
        assert "support" in kinds


async def test_somebody_elses_line_is_missing_and_so_is_that_of_another_session(
    place: Place,
) -> None:
    async with (
        place.asking(await place.enter()) as asking,
        place.asking(await place.enter()) as stranger,
    ):
        line = await opened(asking)
        missing = await stranger.get("/api/lines/no-such-line")
        for answer in (
            await stranger.get(line),
            await say(stranger, line, {"type": "no such"}),
            await stranger.delete(line),
        ):
            assert (answer.status_code, answer.json()) == (404, missing.json())
        assert missing.headers["connection"] == "close", "the next question may find it"
        nobody = httpx2.AsyncClient(base_url=place.server.url, trust_env=False)
        async with nobody:
            assert (await nobody.get(line)).status_code == 401
        assert (await asking.delete(line)).status_code == 204
        assert (await asking.get(line)).status_code == 404


async def test_a_change_by_cookie_from_another_site_is_refused(place: Place) -> None:
    token = await place.enter()
    cookie = {"Cookie": f"hearth={token}"}
    async with httpx2.AsyncClient(base_url=place.server.url, trust_env=False) as asking:
        for origin, status in (("http://elsewhere.example", 403), (place.proxy.url, 201)):
            answer = await asking.post("/api/lines", headers={**cookie, "Origin": origin})
            assert answer.status_code == status, answer.text


async def test_the_end_of_a_session_ends_the_question_that_waits(place: Place) -> None:
    token = await place.enter()
    async with place.asking(token) as asking:
        line = await opened(asking)
        last = (await hear(asking, line))["last"]
        waiting = asyncio.create_task(hear(asking, line, after=last, wait_s=20))
        await asyncio.sleep(0.3)
        began = time.perf_counter()
        assert (await asking.delete("/api/sessions/current")).status_code == 204
        heard = await waiting
        assert time.perf_counter() - began < 1.0
        assert heard["close"]["code"] == Close.SESSION
        assert (await asking.get(line)).status_code == 401


async def test_who_left_a_room_hears_that_and_nothing_more_of_it(place: Place) -> None:
    goes, stays = await place.enter(), await place.enter()
    async with place.asking(goes) as asking, place.client(stays) as other:
        await other.join(place.room)
        line = await opened(asking)
        await say(asking, line, {"type": "join", "room": str(place.room)})
        await other.post(place.room, "Heard by all.")
        before = await hear(asking, line)
        assert "Heard by all." in [frame.get("text") for frame in before["frames"]]
        await Http(place.server.url, goes).call("DELETE", f"/api/rooms/{place.room}/seat")
        await other.post(place.room, "Not for who left.")
        after = await hear(asking, line, after=before["last"], wait_s=1)
        kinds = [frame["type"] for frame in after["frames"]]
        assert "left" in kinds
        assert "message" not in kinds[kinds.index("left") :]
        assert "Not for who left." not in json.dumps(after)
        assert (await hear(asking, line, after=after["last"], wait_s=1))["frames"] == []


async def test_a_member_has_a_few_lines_and_a_line_left_behind_gives_way(place: Place) -> None:
    async with place.asking(await place.enter()) as asking:
        lines = [await opened(asking) for _ in range(4)]
        refused = await asking.post("/api/lines")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_fast")
        assert int(refused.headers["retry-after"]) > 0
        await asking.delete(lines[0])
        assert await opened(asking)


# --- without a server ---


def made(gone_s: float = 60.0) -> tuple[Hub, PolledLines, Connection, PolledLine]:
    hub, lines = Hub(lambda _: None), PolledLines(gone_s)
    connection = Connection(Actor(new_id(), "Ash", Role.PEER, new_id()))
    hub.add(connection)
    name = lines.add(connection, lambda: hub.remove(connection))
    line = lines.find(name, connection.actor)
    assert line
    line.open_up()
    return hub, lines, connection, line


def message(size: int) -> frames.Refused:
    return frames.Refused(code="x", detail="y" * size, retryable=False)


def test_frames_are_told_apart_whatever_their_length() -> None:
    encoded = [encode(message(size)) for size in (1, 60, 125, 126, 60_000, 70_000)]
    payloads = [payload_of(frame).encode() for frame in encoded]
    assert list(payloads_of(b"".join(encoded))) == payloads


async def test_a_line_that_nobody_fetches_holds_little_and_closes_as_too_slow() -> None:
    _, _, connection, line = made()
    while line.flowing:
        connection.tell(message(1_000))
    assert line._bytes < 70 * 1024
    assert not connection.outbox.write_now(encode(message(1))), (
        "rooms are read from the store later"
    )
    held = await line.hear(0, 0)
    await line.hear(held.last, 0)
    assert line.flowing, "and now they are"
    for _ in range(2_000):
        connection.tell(message(1_000))
    heard = await line.hear(held.last, 0)
    assert line.is_over
    assert sum(map(len, heard.frames)) < 700 * 1024
    assert connection.close_code is None, "which a socket says as 4408, too"


async def test_answers_of_a_busy_room_come_a_few_times_a_second() -> None:
    _, _, connection, line = made()
    began, after = time.perf_counter(), 0
    for _ in range(3):
        connection.tell(message(1))
        after = (await line.hear(after, 5)).last
    assert after == 3
    assert 0.35 < time.perf_counter() - began < 2.0
    line.let_go()


async def test_who_asks_again_takes_the_place_of_who_waits() -> None:
    _, _, connection, line = made()
    first = asyncio.create_task(line.hear(0, 20))
    await asyncio.sleep(0)
    second = asyncio.create_task(line.hear(0, 20))
    assert (await first).frames == []
    connection.tell(message(1))
    assert len((await second).frames) == 1
    with pytest.raises(NoSuchLine):
        await line.hear(2, 0)


async def test_a_line_that_nobody_asks_for_goes_and_is_not_counted_as_here() -> None:
    hub, lines, connection, line = made(gone_s=0.05)
    await line.hear(0, 0)
    assert hub.sockets() == [connection]
    await asyncio.sleep(0.1)
    assert hub.sockets() == []
    assert lines.find("", connection.actor) is None
    assert lines._lines == {}


async def test_a_session_that_ends_while_all_are_told_takes_its_lines_along() -> None:
    hub, lines, connection, line = made()
    other = Connection(connection.actor)
    hub.add(other)
    lines.add(other, lambda: hub.remove(other))
    second = next(one for one in lines._lines.values() if one is not line)
    second.open_up()
    hub.announce([SessionsEnded(connection.actor.id, frozenset({connection.actor.session}))])
    await asyncio.sleep(0.01)
    assert hub.sockets() == []
    assert {one.connection.close_code for one in (line, second)} == {Close.SESSION}
    line.let_go()
    second.let_go()


async def test_lines_that_ended_leave_their_place_and_those_in_use_do_not() -> None:
    hub, lines, connection, _ = made()
    for _ in range(3):
        lines.add(connection, lambda: None)
    with pytest.raises(TooFast):
        lines.make_room(connection.actor.id)
    lines.make_room(uuid4())
    hub.end(connection, Close.RESTART)
    lines.make_room(connection.actor.id)
    assert len(lines._lines) == 3
