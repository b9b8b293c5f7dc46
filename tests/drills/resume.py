"""Twenty members miss 10,000 events and a restart: they resume within 10 s, in order, nothing lost or doubled."""

import asyncio
import contextlib
import itertools
import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

from server.client import Client, Http
from server.protocol import bodies, frames
from server.replay.ledger import digest
from tests.bench.processes import cpu_ns
from tests.drills._crowd import Crowd, gather
from tests.drills._sizes import size
from tests.drills._view import View, fetch
from tests.drills._waiting import has_become
from tests.server.live_server import LiveServer, hasty

_GOAL_S = 10.0
_MOST_S = 120.0
_SPEAKERS = 8
_AT_ONCE = 6
_HIDDEN = 10
_FLAGGED_S = 2.0
_CHANGES_PER_POST = (None, None, None, "edit", "react", "withdraw")
_IN_ORDER = frames.Message | frames.Changed | frames.Reacted

Heard = tuple[int, str, UUID | None, bytes]
"""seq, kind, message, and a digest of its words."""


class Absence:
    """One room: its members leave, much happens, the server restarts, and they come back."""

    def __init__(self, server: LiveServer, crowd: Crowd, members: int) -> None:
        self._server, self._crowd = server, crowd
        self._members, self._speakers = crowd.tokens[:members], crowd.tokens[members:]
        self._acknowledged: list[UUID] = []
        self._counts: Counter[str] = Counter()
        self._number = itertools.count()

    async def run(self, events: int, *, resumes: bool = True) -> dict[str, Any]:
        """The figures. resumes: they come back with `after`; without is the control."""
        await self._come_and_go()
        before = await fetch(self._http(self._members[0]), self._crowd.room)
        began = time.perf_counter()
        await self._happen(before.seq + events)
        happened_s = time.perf_counter() - began
        await self._server.restart()
        head = (await self._http(self._members[0]).read(self._path, bodies.RoomDetail)).room.seq
        after = before.seq if resumes else None
        alone_s = time.perf_counter()
        await self._come_back(self._members[:1], after, head)
        alone_s = time.perf_counter() - alone_s
        began, server_ns, own_s = time.perf_counter(), cpu_ns(self._server.pid), time.process_time()
        logs = await self._come_back(self._members, after, head)
        seconds = time.perf_counter() - began
        server_s = (cpu_ns(self._server.pid) - server_ns) / 1e9
        own_s = time.process_time() - own_s
        first = _apply(before, next(iter(logs.values())))
        fresh = await fetch(self._http(self._members[0]), self._crowd.room)
        missed = head - before.seq
        return self._faults([_heard(log) for log in logs.values()], before.seq, head) | {
            "members": len(self._members),
            "missed_each": missed,
            **{f"missed_{kind}": count for kind, count in self._counts.items()},
            "happened_s": round(happened_s, 1),
            "resumed_alone_s": round(alone_s, 2),
            "resumed_s": round(seconds, 2),
            "resumed_server_cpu_s": round(server_s, 2),
            "resumed_clients_cpu_s": round(own_s, 2),
            "acknowledged": len(self._acknowledged),
            "not_stored": len(set(self._acknowledged) - fresh.lines.keys()),
            "differs_from_fresh": first.shows()["lines"] != fresh.shows()["lines"],
        }

    # --- being there, and being away ---

    async def _come_and_go(self) -> None:
        for token in self._members:
            async with Client(self._server.url, token) as client:
                await client.join(self._crowd.room)

    async def _come_back(
        self, tokens: list[str], after: int | None, head: int
    ) -> dict[str, list[frames.ServerFrame]]:
        """All at once. What each heard, by token."""
        logs: dict[str, list[frames.ServerFrame]] = {token: [] for token in tokens}

        async def come_back(token: str) -> None:
            client = Client(self._server.url, token, back_off=hasty(), tap=logs[token].append)
            async with client:
                await client.join(self._crowd.room, after=after)
                await has_become(lambda: (client.seq(self._crowd.room) or 0) >= head, _MOST_S)

        await asyncio.gather(*map(come_back, tokens))
        return logs

    # --- what happens meanwhile ---

    async def _happen(self, until_seq: int) -> None:
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(Client(self._server.url, token))
                for token in self._speakers
            ]
            await clients[0].join(self._crowd.room)
            going = lambda: (clients[0].seq(self._crowd.room) or 0) < until_seq  # noqa: E731
            speaking = [self._speak(client, going) for client in clients for _ in range(_AT_ONCE)]
            await asyncio.gather(*speaking)
        await self._hide()

    async def _speak(self, client: Client, going: Any) -> None:
        """Posts, and every now and then a change to one of them."""
        room = self._crowd.room
        while going():
            number = next(self._number)
            said = await client.post(room, f"The kettle is on, and it rains. ({number}.)")
            assert isinstance(said, frames.Posted), said
            self._acknowledged.append(said.id)
            self._counts["posts"] += 1
            change = random.choice(_CHANGES_PER_POST)
            self._counts[f"{change}s"] += change is not None
            match change:
                case "edit":
                    await client.edit(room, said.id, f"It rains still. ({number}.)")
                case "react":
                    await client.react(room, said.id, "hug")
                case "withdraw":
                    frame = frames.Withdraw(type="withdraw", room=room, message=said.id)
                    await client.send(frame)
        self._counts.pop("Nones", None)

    async def _hide(self) -> None:
        """Some are flagged, and a moderator hides them."""
        flagged = self._acknowledged[:: max(1, len(self._acknowledged) // _HIDDEN)]
        async with Client(self._server.url, self._speakers[0]) as client:
            for message in flagged:
                await client.send(
                    frames.Flag(
                        type="flag", room=self._crowd.room, message=message, reason="not_sure"
                    )
                )
            await asyncio.sleep(_FLAGGED_S)  # a flag has no answer
        moderator = self._http(self._crowd.moderator)
        queue = await moderator.read("/api/queue", bodies.Queue)
        for case in queue.cases:
            body = {"action": "hide", "version": case.version, "reason": "For this drill."}
            await moderator.call("POST", f"/api/cases/{case.id}/decisions", body)
            self._counts["hides"] += 1

    # --- what came of it ---

    def _faults(self, logs: list[list[Heard]], start: int, head: int) -> dict[str, int]:
        expected = range(start + 1, head + 1)
        seqs = [[seq for seq, *_ in log] for log in logs]
        return {
            "lost": sum(len(set(expected) - set(heard)) for heard in seqs),
            "doubled": sum(len(heard) - len(set(heard)) for heard in seqs),
            "out_of_order": sum(
                1 for heard in seqs for one, other in itertools.pairwise(heard) if other != one + 1
            ),
            "unequal": sum(1 for log in logs if log != logs[0]),
        }

    @property
    def _path(self) -> str:
        return f"/api/rooms/{self._crowd.room}"

    def _http(self, token: str) -> Http:
        return Http(self._server.url, token)


def run() -> dict[str, Any]:
    """EVENTS (10000), MEMBERS (20).

    ok: within 10 s everybody has heard every event once, in order, and holds what a fresh fetch
    shows; and the control, whose members come back without `after`, loses.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    members = size("MEMBERS", 20)
    with tempfile.TemporaryDirectory(prefix="hearth-resume-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            crowd = await gather(server, members + _SPEAKERS)
            figures = await Absence(server, crowd, members).run(size("EVENTS", 10_000))
            crowd = await gather(server, 2 + _SPEAKERS)
            control = await Absence(server, crowd, 2).run(200, resumes=False)
        finally:
            server.kill()
    caught = not _is_clean(control)
    return figures | {
        "control_lost": control["lost"],
        "control_caught": caught,
        "goal_s": _GOAL_S,
        "ok": _is_clean(figures) and figures["resumed_s"] <= _GOAL_S and caught,
    }


def _is_clean(figures: dict[str, Any]) -> bool:
    faults = ("lost", "doubled", "out_of_order", "unequal", "not_stored", "differs_from_fresh")
    return not any(figures[fault] for fault in faults)


def _heard(log: list[frames.ServerFrame]) -> list[Heard]:
    return [_one(frame) for frame in log if isinstance(frame, _IN_ORDER)]


def _one(frame: _IN_ORDER) -> Heard:
    match frame:
        case frames.Message():
            return frame.seq, "message", frame.id, digest(frame.text)
        case frames.Reacted():
            return frame.seq, "reaction", frame.message, digest(str(frame.reactions))
        case frames.Changed():
            return frame.seq, frame.change, frame.message, digest(frame.text or "")


def _apply(view: View, log: list[frames.ServerFrame]) -> View:
    view = view.copy()
    for frame in log:
        view.apply(frame)
    return view
