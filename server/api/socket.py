"""The one socket: who may open it, and how frames go in and out."""

import asyncio
import contextlib
import logging
from uuid import UUID

from fastapi import APIRouter, FastAPI
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server.access import Actor, Relation, check
from server.api.depend import Parts, find_known, parts_of, token_of
from server.api.direct import EXTENSION, STALLED_S, DirectWebSocket
from server.api.frames_in import Line
from server.errors import NoSession, NotAllowed, Pending
from server.limits import NONE_TO_SPEAK_OF, POSTS_PER_MINUTE
from server.live.connection import Connection
from server.live.encoding import payload_of
from server.protocol import frames
from server.protocol.base import FRAME_LIMIT_BYTES, TEXT_LIMIT
from server.services import listening

log = logging.getLogger(__name__)
router = APIRouter()

_PATH = "/ws"
HEARTBEAT_S = 20
_SOCKETS_PER_MEMBER = 10
_FAREWELL_S = 1.0
_BROKEN = 1011
"""RFC 6455: the server met something it did not expect."""


@router.websocket(_PATH)
async def open_socket(websocket: WebSocket) -> None:
    """A member's line. The session comes by cookie (then the Origin must be ours, exactly) or as a Bearer token."""
    asked = HTTPConnection(websocket.scope)  # it keeps what it has read; the socket lives for long
    parts = parts_of(asked)
    token, by_cookie = token_of(asked)
    origin = asked.headers.get("origin")
    wrong_origin = origin not in parts.settings.origins and (by_cookie or origin is not None)
    if wrong_origin or frames.SUBPROTOCOL not in websocket.scope.get("subprotocols", []):
        await websocket.close(frames.Close.FORBIDDEN)
        return
    await websocket.accept(subprotocol=frames.SUBPROTOCOL)
    try:
        known = await parts.hub.while_nothing_ends(lambda: find_known(parts, token))
        check(known.actor, "socket.open")
    except NotAllowed:
        await websocket.close(frames.Close.FORBIDDEN)
        return
    except (NoSession, Pending):
        await websocket.close(frames.Close.SESSION)
        return
    actor = known.actor
    if actor.scopes is not None:  # what a program hears could not be bounded by operations
        await websocket.close(frames.Close.FORBIDDEN)
        return
    if has_too_many(parts, actor):
        await websocket.close(frames.Close.TOO_MANY)
        return
    await _serve(websocket, parts, Connection(actor), known.epoch)


def has_too_many(parts: Parts, actor: Actor) -> bool:
    """Whether a member has as many lines as anybody may, of either kind."""
    most = _SOCKETS_PER_MEMBER if parts.limits.profile == "normal" else NONE_TO_SPEAK_OF
    return len(parts.hub.sockets(actor.id)) >= most


class StraightIn:
    """The application, with the one socket in front of all routes: each open line would otherwise hold the
    frames of every layer it came through, and each that opens would pay for them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] == "websocket" and scope["path"] == _PATH:
            scope["app"] = self._app
            await open_socket(WebSocket(scope, receive, send))
        else:
            await self._app(scope, receive, send)


async def _serve(websocket: WebSocket, parts: Parts, connection: Connection, epoch: str) -> None:
    """Frames in and out until either end has had enough; or the line is handed over, and goes on by itself."""
    direct: DirectWebSocket | None = websocket.scope["extensions"].get(EXTENSION)
    parts.hub.add(connection)
    goes_on = False
    try:
        await greet(parts, connection, epoch)
        if direct is None:
            await _through_asgi(websocket, Line(parts, connection), connection)
        else:
            goes_on = _OpenLine(parts, connection, direct).goes_on()
    except (WebSocketDisconnect, OSError):
        pass  # a line that broke is everyday
    except Exception as error:
        log.error("socket failed: %s", type(error).__name__)
        connection.close_code = _BROKEN
    finally:
        if not goes_on:
            connection.ending = None
            parts.hub.remove(connection)
            await _close(websocket, connection)


class _OpenLine:
    """A direct line after its opening. Frames out are written as they come, by whoever has them; frames in
    are answered one at a time, and between them no task waits: most lines are silent most of the time."""

    __slots__ = ("_connection", "_direct", "_is_answering", "_line", "_parts", "_waiting")

    def __init__(self, parts: Parts, connection: Connection, direct: DirectWebSocket) -> None:
        self._parts = parts
        self._connection = connection
        self._direct = direct
        self._line = Line(parts, connection)
        self._waiting: list[Message] = []
        self._is_answering = False

    def goes_on(self) -> bool:
        """Let frames flow both ways; False where the line was ended while it was opened."""
        outbox = self._connection.outbox
        outbox.line = self._direct
        self._direct.open_up(outbox.flow)
        outbox.flow()
        if outbox.closing:
            return False
        self._connection.ending = self._end
        self._direct.hand_over(self)
        return True

    def put_nowait(self, event: Message) -> None:
        """A frame that came, or the end of the line: each in its turn."""
        self._waiting.append(event)
        if not self._is_answering:
            self._is_answering = True
            self._direct.run(self._answer())

    async def _answer(self) -> None:
        while self._waiting:
            came, self._waiting = self._waiting, []
            for event in came:
                await self._take(event)
        self._is_answering = False
        self._direct.read_on()

    async def _take(self, event: Message) -> None:
        """What comes after this side has ended the line is not heard, as if it had broken before."""
        if event["type"] == "websocket.disconnect":
            self._connection.ending = None
            self._parts.hub.remove(self._connection)
        elif not self._connection.outbox.closing:
            await self._line.receive(event.get("text"))

    def _end(self) -> None:
        """Close from this side; the line is cut when nobody takes the farewell."""
        self._connection.outbox.write_rest()
        self._direct.run(self._say_farewell())

    async def _say_farewell(self) -> None:
        close = {
            "type": "websocket.close",
            "code": close_code_of(self._connection),
            "reason": self._connection.close_reason,
        }
        with contextlib.suppress(RuntimeError, OSError, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._direct.send(close)
        self._direct.cut_unless_closed()


async def _through_asgi(websocket: WebSocket, line: Line, connection: Connection) -> None:
    """Where the server lends no line: two tasks, one in and one out; when either ends, both do."""
    tasks = {
        asyncio.create_task(_send_all(websocket, connection), name="sender"),
        asyncio.create_task(_receive_all(websocket, line), name="receiver"),
    }
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for end in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(end, Exception) and not isinstance(end, WebSocketDisconnect | OSError):
                log.error("socket failed: %s", type(end).__name__)


async def greet(parts: Parts, connection: Connection, epoch: str) -> None:
    """Everybody hears `hello` first; staff learn of their rooms' cases from then on."""
    actor = connection.actor
    keeps: dict[UUID, Relation] = {}
    if listening.hears_of_cases(actor):
        keeps = await parts.database.read(lambda work: listening.keeps(work, actor))
    limits = frames.Limits(
        frame_bytes=FRAME_LIMIT_BYTES,
        text_code_points=TEXT_LIMIT,
        posts_per_minute=POSTS_PER_MINUTE[parts.limits.profile],
    )
    hello = frames.Hello(epoch=epoch, member=actor.id, limits=limits, heartbeat_s=HEARTBEAT_S)
    connection.greet(hello, keeps)


async def _receive_all(websocket: WebSocket, line: Line) -> None:
    """One frame at a time: whoever sends faster than we answer waits."""
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            return
        await line.receive(received.get("text"))


async def _send_all(websocket: WebSocket, connection: Connection) -> None:
    """Everything in order, until there is no more room, or a reason to close."""
    outbox = connection.outbox
    while True:
        for frame in await outbox.take():
            try:
                async with asyncio.timeout(STALLED_S):
                    await websocket.send_text(payload_of(frame))
            except TimeoutError:
                connection.close(frames.Close.TOO_SLOW)
                return
            outbox.sent(frame)
        if outbox.closing:
            return


async def _close(websocket: WebSocket, connection: Connection) -> None:
    """Say why, if the other end still listens; never wait long for it."""
    if websocket.client_state is WebSocketState.DISCONNECTED:
        return
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError, TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            await websocket.close(close_code_of(connection), connection.close_reason)


def close_code_of(connection: Connection) -> int:
    """Why it ended from this side."""
    too_slow = connection.outbox.closing
    return connection.close_code or (frames.Close.TOO_SLOW if too_slow else _BROKEN)
