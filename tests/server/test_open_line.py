"""A line after its opening: one frame at a time, in order, and none once it has ended."""

import asyncio
from types import SimpleNamespace
from typing import Any

from server.access import Actor, Role
from server.api.socket import _OpenLine
from server.ids import new_id
from server.live.connection import Connection
from server.live.hub import Hub
from server.protocol.frames import Close


class Direct:
    """Stands where uvicorn's WebSocket does."""

    def __init__(self) -> None:
        self.flowing, self.asked_for_more = True, 0
        self.sent: list[Any] = []
        self.tasks: list[asyncio.Task[None]] = []

    def open_up(self, flowed: Any) -> None: ...
    def hand_over(self, inbox: Any) -> None: ...
    def cut_unless_closed(self) -> None: ...

    def run(self, work: Any) -> None:
        self.tasks.append(asyncio.create_task(work))

    def read_on(self) -> None:
        self.asked_for_more += 1

    async def send(self, event: Any) -> None:
        self.sent.append(event)


class Slow:
    """Answers a frame when it is let."""

    def __init__(self) -> None:
        self.heard: list[str | None] = []
        self.may_answer = asyncio.Event()

    async def receive(self, text: str | None) -> None:
        self.heard.append(text)
        await self.may_answer.wait()


def opened() -> tuple[_OpenLine, Connection, Direct, Slow, Hub]:
    hub, direct, slow = Hub(lambda _: None), Direct(), Slow()
    parts: Any = SimpleNamespace(hub=hub)
    connection = Connection(Actor(new_id(), "Ash", Role.PEER, new_id()))
    hub.add(connection)
    place: Any = direct
    line = _OpenLine(parts, connection, place)
    line._line = slow  # type: ignore[assignment]
    assert line.goes_on()
    return line, connection, direct, slow, hub


def _came(text: str) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": text}


async def test_frames_are_answered_one_at_a_time_and_then_more_is_read() -> None:
    line, _, direct, slow, _ = opened()
    for text in ("one", "two", "three"):
        line.put_nowait(_came(text))
    await asyncio.sleep(0.01)
    assert slow.heard == ["one"]
    assert direct.asked_for_more == 0
    slow.may_answer.set()
    await asyncio.gather(*direct.tasks)
    assert slow.heard == ["one", "two", "three"]
    assert (len(direct.tasks), direct.asked_for_more) == (1, 1), "and nothing waits any more"


async def test_what_came_before_the_end_is_answered_and_then_the_member_is_gone() -> None:
    line, connection, direct, slow, hub = opened()
    line.put_nowait(_came("last words"))
    line.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await asyncio.sleep(0.01)
    assert hub.sockets() == [connection]
    slow.may_answer.set()
    await asyncio.gather(*direct.tasks)
    assert slow.heard == ["last words"]
    assert hub.sockets() == []
    assert direct.sent == [], "nobody is told farewell who is gone"


async def test_what_still_waits_when_the_session_ends_is_not_heard() -> None:
    line, connection, direct, slow, hub = opened()
    for text in ("one", "from an ended session"):
        line.put_nowait(_came(text))
    await asyncio.sleep(0.01)
    hub.end(connection, Close.SESSION)
    slow.may_answer.set()
    await asyncio.gather(*direct.tasks)
    assert slow.heard == ["one"]
    assert direct.sent == [{"type": "websocket.close", "code": 4401, "reason": ""}]
