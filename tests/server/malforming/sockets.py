"""Malformed frames over one real socket. After each, a frame of our own tells that it was answered."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

import orjson
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from server.access import Role
from server.client.line import socket_url
from server.protocol import frames
from server.protocol.base import FRAME_LIMIT_BYTES
from tests.server.live_server import LiveServer
from tests.server.malforming.values import MARK, NOT_JSON, WHOLE, Malformed, mutations
from tests.server.malforming.world import World, valid_frames

_ANSWERS = frozenset({"posted", "nudge", "held", "refused"})


@dataclass(slots=True)
class Outcome:
    """What came of it. wrong: what was sent and what is wrong with the answer."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def fault(self, kind: str, what: str) -> None:
        """Count it, and keep the first hundred."""
        self.counts[kind] += 1
        if len(self.wrong) < 100:
            self.wrong.append(f"{kind}: {what}")


def malformed_frames(world: World) -> list[Malformed]:
    """Every field of every frame, what is no frame at all, and what is not JSON."""
    made = [m for name, valid in valid_frames(world).items() for m in mutations(name, valid)]
    made += [Malformed(f"whole: {text[:20]}", text) for text in WHOLE]
    return made + [Malformed(f"not JSON {n}", text) for n, text in enumerate(NOT_JSON)]


async def send_frames(server: LiveServer, world: World, sent: Iterable[Malformed]) -> Outcome:
    """Send each as a peer who is logged in; then say something, which must still be heard."""
    outcome = Outcome()
    socket = await _open(server, world)
    for malformed in sent:
        outcome.counts["frames"] += 1
        try:
            await _one(socket, malformed, outcome)
        except ConnectionClosed as closed:
            outcome.fault("closed_sockets", f"{malformed.what}: {closed.rcvd and closed.rcvd.code}")
            socket = await _open(server, world)
    await _bytes(socket, outcome)
    outcome.counts["still_works"] = int(await _still_works(socket, world))
    await socket.close()
    return outcome


def is_valid(text: str) -> bool:
    """Whether the mutation made another valid frame: then anything may come of it."""
    if len(text.encode("utf-8", "surrogatepass")) > FRAME_LIMIT_BYTES:
        return False
    try:
        frames.client_frame.validate_python(orjson.loads(text))
    except (ValueError, ValidationError):
        return False
    return True


async def _open(server: LiveServer, world: World) -> ClientConnection:
    return await connect(
        socket_url(server.url),
        subprotocols=[frames.SUBPROTOCOL],  # type: ignore[list-item]
        additional_headers={"Authorization": f"Bearer {world.tokens[Role.PEER]}"},
        proxy=None,
        compression=None,
    )


async def _one(socket: ClientConnection, malformed: Malformed, outcome: Outcome) -> None:
    await socket.send(malformed.text)
    refusals = await _until_answered(socket)
    if is_valid(malformed.text):
        outcome.counts["accepted_valid"] += 1
        return
    if len(refusals) != 1:
        outcome.fault("unanswered", f"{malformed.what}: {len(refusals)} refusals")
        return
    _judge(malformed.what, refusals[0], outcome)


def _judge(what: str, refusal: dict[str, object], outcome: Outcome) -> None:
    if not refusal.get("code") or not refusal.get("detail"):
        outcome.fault("unclear", what)
    elif MARK in json.dumps(refusal):
        outcome.fault("echoed", what)
    elif refusal["code"] == "unavailable":
        # The server's own boundary caught something: a fault of ours, not of the frame.
        outcome.fault("five_hundreds", what)
    else:
        outcome.counts["refused"] += 1


async def _bytes(socket: ClientConnection, outcome: Outcome) -> None:
    """Frames that are bytes, not text."""
    for content in (b"", b"{}", b"\xff\xfe\x00", b'{"type": "typing"}'):
        outcome.counts["frames"] += 1
        await socket.send(content)
        for refusal in await _until_answered(socket):
            _judge("bytes", refusal, outcome)


async def _until_answered(socket: ClientConnection) -> list[dict[str, object]]:
    """Refusals up to that of a frame of our own, which is known by its client_id."""
    ours = str(uuid4())
    await socket.send(json.dumps({"type": "discard", "client_id": ours, "ours": True}))
    refusals: list[dict[str, object]] = []
    async for text in socket:
        frame = orjson.loads(text)
        if frame["type"] != "refused":
            continue
        if frame.get("client_id") == ours:
            return refusals
        refusals.append(frame)
    raise ConnectionClosed(None, None)


async def _still_works(socket: ClientConnection, world: World) -> bool:
    post = {
        "type": "post", "room": str(world.room), "client_id": str(uuid4()),
        "text": "After all that, a plain sentence.",
    }  # fmt: skip
    await socket.send(json.dumps(post))
    async for text in socket:
        frame = orjson.loads(text)
        if frame.get("client_id") == post["client_id"] and frame["type"] in _ANSWERS:
            return bool(frame["type"] == "posted")
    return False
