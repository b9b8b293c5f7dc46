"""The order of system calls: each message is on the disk before its `posted`, or its frame, leaves the server.

strace watches the real server. A message is durable when a page of the write-ahead log with its
client_id was written, and an fsync or fdatasync of that log has begun after and has ended.
"""

import asyncio
import os
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from server.client import Client
from server.protocol import frames
from tests.drills._crowd import gather
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._tools import need
from tests.drills._trace import Order, marked_id, strace

_MESSAGES = 1_000
_CONTROL_MESSAGES = 100
_CLIENTS = 8


def run() -> dict[str, Any]:
    """MESSAGES (1000), CLIENTS (8), CLASSIFIER (embedded), CONTROL (OFF, or NORMAL).

    ok: no `posted` and no `message` left before its message was durable, all of them were seen; and in
    the control, which does not wait for the disk, each `posted` left too soon.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    level = os.environ.get("CONTROL", "OFF")
    posted, order = await _trace(size("MESSAGES", _MESSAGES), {})
    control_posted, control = await _trace(_CONTROL_MESSAGES, {"DRILL_SYNCHRONOUS": level})
    seen = posted > 0 and order.told["posted"] == posted and order.told["message"] >= posted
    caught = control_posted > 0 and control.early["posted"] == control_posted
    return {
        "acknowledged": posted,
        "stored_seen": len(order.stored),
        "syncs": order.syncs,
        "posted_frames": order.told["posted"],
        "posted_early": order.early["posted"],
        "message_frames": order.told["message"],
        "message_early": order.early["message"],
        "control_synchronous": level,
        "control_acknowledged": control_posted,
        "control_posted_early": control.early["posted"],
        "control_message_early": control.early["message"],
        "control_caught": caught,
        "ok": seen and not order.early.total() and caught,
    }


async def _trace(messages: int, changed: Mapping[str, str]) -> tuple[int, Order]:
    """How many were acknowledged, and what the trace says."""
    with tempfile.TemporaryDirectory(prefix="hearth-fsync-") as name:
        folder, log = Path(name), Path(name, "trace")
        server = DrillServer(
            folder,
            Circumstances(before=strace(need("strace"), log), changed=changed),
            classifier=os.environ.get("CLASSIFIER", "embedded"),
        )
        await server.start()
        try:
            posted = await _talk(server, messages)
            await server.stop()
        finally:
            server.kill()
        return posted, await asyncio.to_thread(_read, log)


async def _talk(server: DrillServer, messages: int) -> int:
    """Several at once, each waiting for the answer before the next; how many were acknowledged."""
    crowd = await gather(server, size("CLIENTS", _CLIENTS))
    room = crowd.room
    numbers = iter(range(messages))

    async def talk(client: Client) -> int:
        return sum([await _post(client, room, number) for number in numbers])

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(server.url, token)) for token in crowd.tokens
        ]
        for client in clients:
            await client.join(room)
        return sum(await asyncio.gather(*map(talk, clients)))


async def _post(client: Client, room: UUID, number: int) -> bool:
    text = f"I walked to the corner and back again today, for the {number}th time."
    answer = await client.post(room, text, client_id=marked_id(number))
    return isinstance(answer, frames.Posted)


def _read(log: Path) -> Order:
    with log.open("rb") as lines:
        return Order().read(lines)
