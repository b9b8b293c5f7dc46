"""The one socket: who may open it, and how frames go in and out."""

import asyncio
import contextlib
import logging

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server.api.depend import Parts, find_actor, parts_of, token_of
from server.api.frames_in import Line
from server.errors import NoSession, Pending
from server.limits import POSTS_PER_MINUTE
from server.live.connection import Connection
from server.protocol import frames
from server.protocol.base import FRAME_LIMIT_BYTES, TEXT_LIMIT
from server.services import listening

log = logging.getLogger(__name__)
router = APIRouter()

HEARTBEAT_S = 20
_SOCKETS_PER_MEMBER = 10
_SEND_TIMEOUT_S = 15.0
_BROKEN = 1011
"""RFC 6455: the server met something it did not expect."""


@router.websocket("/ws")
async def open_socket(websocket: WebSocket) -> None:
    """A member's line. The session comes by cookie (then the Origin must be ours, exactly) or as a Bearer token."""
    parts = parts_of(websocket)
    token, by_cookie = token_of(websocket)
    origin = websocket.headers.get("origin")
    wrong_origin = origin not in parts.settings.origins and (by_cookie or origin is not None)
    if wrong_origin or frames.SUBPROTOCOL not in websocket.scope.get("subprotocols", []):
        await websocket.close(frames.Close.FORBIDDEN)
        return
    await websocket.accept(subprotocol=frames.SUBPROTOCOL)
    try:
        actor = await find_actor(parts, token)
    except (NoSession, Pending):
        await websocket.close(frames.Close.SESSION)
        return
    if parts.limits.profile == "normal" and len(parts.hub.sockets(actor.id)) >= _SOCKETS_PER_MEMBER:
        await websocket.close(frames.Close.TOO_MANY)
        return
    await _serve(websocket, parts, Connection(actor))


async def _serve(websocket: WebSocket, parts: Parts, connection: Connection) -> None:
    """Two tasks, one in and one out; when either ends, both do."""
    parts.hub.add(connection)
    tasks: set[asyncio.Task[None]] = set()
    try:
        await _greet(parts, connection)
        line = Line(parts, connection)
        tasks.add(asyncio.create_task(_send_all(websocket, connection), name="sender"))
        tasks.add(asyncio.create_task(_receive_all(websocket, line), name="receiver"))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        parts.hub.remove(connection)
        for task in tasks:
            task.cancel()
        _report(await asyncio.gather(*tasks, return_exceptions=True))
        await _close(websocket, connection)


async def _greet(parts: Parts, connection: Connection) -> None:
    """Everybody hears `hello` first; staff learn of their rooms' cases from then on."""
    actor = connection.actor
    welcome = await parts.database.read(lambda work: listening.welcome(work, actor))
    limits = frames.Limits(
        frame_bytes=FRAME_LIMIT_BYTES,
        text_code_points=TEXT_LIMIT,
        posts_per_minute=POSTS_PER_MINUTE[parts.limits.profile],
    )
    hello = frames.Hello(
        epoch=welcome.epoch, member=actor.id, limits=limits, heartbeat_s=HEARTBEAT_S
    )
    connection.greet(hello, welcome.keeps)


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
                async with asyncio.timeout(_SEND_TIMEOUT_S):
                    await websocket.send_text(frame)
            except TimeoutError:
                connection.close(frames.Close.TOO_SLOW)
                return
            outbox.sent(frame)
        if outbox.closing:
            return


def _report(ends: list[BaseException | None]) -> None:
    """A line that broke is everyday; anything else is ours to mend."""
    for end in ends:
        if isinstance(end, Exception) and not isinstance(end, WebSocketDisconnect | OSError):
            log.error("socket failed: %s", type(end).__name__)


async def _close(websocket: WebSocket, connection: Connection) -> None:
    """Say why, if the other end still listens; never wait long for it."""
    if websocket.client_state is WebSocketState.DISCONNECTED:
        return
    code = connection.close_code or (
        frames.Close.TOO_SLOW if connection.outbox.closing else _BROKEN
    )
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
        async with asyncio.timeout(1):
            await websocket.close(code)
