"""The wall clock jumps an hour on, two back, a day on, under load: 0 disconnects, order holds, 0 lost.

The server runs under its public limits, and they may not last longer because the clock went back.
"""

import asyncio
import os
import tempfile
from contextlib import AsyncExitStack
from functools import partial
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from server.client import Client, Http
from server.protocol import bodies
from server.replay.performance import Options, Replay, is_clean
from server.replay.staging import Stage
from server.store.tables import Message
from server.store.work import Work
from tests.drills._at_limit import AtLimit
from tests.drills._crowd import Crowd, gather
from tests.drills._invented import conversations
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import has_become, until
from tests.drills._witness import Witness

_HOUR_S = 3_600
_JUMPS_S = (_HOUR_S, -2 * _HOUR_S, 24 * _HOUR_S)
_MOST_MESSAGES = 20_000
_RATE = 5.0
_START_S = 300.0
_CUT_OFF_S = 15.0


class MovedClock:
    """The wall clock of one server, through a file that it reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._by_s = 0
        path.write_text("0")

    def jump(self, by_s: int) -> None:
        """On, or back."""
        self._by_s += by_s
        fresh = self.path.with_suffix(".new")
        fresh.write_text(str(self._by_s))
        fresh.replace(self.path)
        print(f"the clock jumped by {by_s} s", flush=True)


def run() -> dict[str, Any]:
    """CLIENTS (20), STEP_S (10: between two jumps), CLASSIFIER (embedded).

    ok: no line of a peer ended, nothing is lost, doubled, or out of order, history is in the order of
    `seq`, and a limit held no longer than it said. Controls: a moderator, whose session ends with the
    shift, is cut off by the day's jump; and by time instead of `seq` the room is out of order.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-clock-") as folder:
        clock = MovedClock(Path(folder, "clock"))
        server = DrillServer(
            Path(folder),
            Circumstances(changed={"DRILL_CLOCK_FILE": str(clock.path)}),
            classifier=os.environ.get("CLASSIFIER", "embedded"),
            limits="normal",
        )
        await server.start()
        try:
            return await _against(server, clock)
        finally:
            server.kill()


async def _against(server: DrillServer, clock: MovedClock) -> dict[str, Any]:
    people = size("CLIENTS", 20)
    crowd = await gather(server, people + 1)
    replay = Replay(Options(server.url, rate=_RATE), Stage([crowd.room], None, None))
    replay.ledger = witness = Witness()
    jumping = asyncio.create_task(_jump(server, clock, crowd, witness))
    said = takewhile(lambda _: not jumping.done(), conversations(_MOST_MESSAGES))
    figures = await replay.run(said, crowd.tokens[:people])
    seen = await jumping
    return _summed(
        figures,
        seen
        | {
            "disconnects": witness.counts["lines"] - people,
            "history_in_order": await _is_history_in_order(server, crowd),
            "control_by_time": await server.on_database(partial(_backward, room=crowd.room)),
        },
    )


def _summed(figures: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    shown = ("posted", "acknowledged", "lost", "doubled", "out_of_order", "phantom", "resets")
    caught = seen["control_cut_off"] and seen["control_by_time"] > 0
    holds = is_clean(figures) and not seen["disconnects"] and not figures["resets"]
    ok = holds and seen["history_in_order"] and seen["limit_kept_its_word"] and caught
    return {name: figures[name] for name in shown} | seen | {"control_caught": caught, "ok": ok}


async def _jump(
    server: DrillServer, clock: MovedClock, crowd: Crowd, witness: Witness
) -> dict[str, Any]:
    """All jumps; somebody is at their limit when the clock goes back, and a moderator is there."""
    await until(lambda: witness.counts["acknowledged"] > 0, _START_S)
    async with AsyncExitStack() as stack:
        hasty = await stack.enter_async_context(Client(server.url, crowd.tokens[-1]))
        moderator = await stack.enter_async_context(Client(server.url, crowd.moderator))
        limit = AtLimit(hasty, crowd.room)
        for by_s in _JUMPS_S:
            await asyncio.sleep(size("STEP_S", 10))
            if by_s < 0:
                await limit.reach()
            clock.jump(by_s)
            if by_s < 0:
                await limit.wait()
        cut_off = await has_become(lambda: not moderator.is_up, _CUT_OFF_S)
        await asyncio.sleep(size("STEP_S", 10))
    return {
        "jumps": len(_JUMPS_S),
        "limit_told_s": limit.told_s,
        "limit_held_s": round(limit.held_s, 1),
        "limit_kept_its_word": limit.kept_its_word,
        "control_cut_off": cut_off,
    }


async def _is_history_in_order(server: DrillServer, crowd: Crowd) -> bool:
    """Over HTTP, page after page."""
    path, before, seqs = f"/api/rooms/{crowd.room}/messages?limit=100", "", list[int]()
    while True:
        page = await Http(server.url, crowd.tokens[0]).read(path + before, bodies.History)
        found = [message.seq for message in page.messages]
        if not found:
            return len(seqs) > 0 and all(one < next_ for one, next_ in pairwise(seqs))
        seqs = [*found, *seqs]
        before = f"&before={found[0]}"


def _backward(work: Work, room: UUID) -> int:
    """How often the next message was said before the one before it, by the clock."""
    query = select(Message.at).where(Message.room_id == room, col(Message.seq).is_not(None))
    times = work.session.exec(query.order_by(col(Message.seq))).all()
    return sum(1 for one, next_ in pairwise(times) if next_ < one)
