"""Seats and sessions end, and words are taken away, 200 times while a room talks: nothing of it goes on."""

import asyncio
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.drills._endings import Endings
from tests.drills._revoking import Place, call_away, make_place, talking
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._takings import Takings
from tests.drills.claims import Fresh, _postgres
from tests.server.push_service import PushService, open_push_service

_CONTROL_ROUNDS = 10
_FAULTS = (
    "heard_after", "later_seq", "not_ended", "read_after", "back_in", "said_after_pause",
    "frames_after", "pages_after", "exports_after", "pushes_after",
)  # fmt: skip
_SLOWEST_S = 1.0


def run() -> dict[str, Any]:
    """ROUNDS (200) of each on each engine, RATE (50) messages a second; POSTGRES=0: leave it out.

    Ended: by a moderator, by leaving, by the end of the session, by a steward for the whole place; and by a
    pause, which takes writing alone. ok: nothing that was sent after the answer, and no event with a later
    `seq`, reaches them; they are told, or the line is closed, within 1 s of asking; they read nothing and do
    not come back. Taken away: hidden, withdrawn, edited. ok: the words are in no later frame, on no page, in
    no export and no push. Controls: a server that does not follow the end of a seat or session, and one that
    says "hidden" and hides nothing.
    """
    figures = {"sqlite": asyncio.run(_on(lambda: {}))}
    with _postgres() as fresh:
        if fresh:
            figures["postgres"] = asyncio.run(_on(fresh))
    caught = all(found["control_caught"] for found in figures.values())
    return figures | {"control_caught": caught, "ok": all(one["ok"] for one in figures.values())}


async def _on(fresh: Fresh) -> dict[str, Any]:
    rounds = size("ROUNDS", 200)
    found = await _drill(fresh(), rounds, {})
    few = min(rounds, _CONTROL_ROUNDS)
    deaf = await _drill(fresh(), few, {"DRILL_WITHOUT": "seat_end,session_end"})
    untrue = await _drill(fresh(), few, {"DRILL_WITHOUT": "hiding"})
    controls = {
        "control_heard_after": deaf["heard_after"],
        "control_pages_after": untrue["pages_after"],
    }
    caught = all(controls.values())
    is_whole = found["ended"] == found["taken_away"] == found["shown_before"] == rounds
    is_clean = not any(found[fault] for fault in _FAULTS) and found["max_s"] < _SLOWEST_S
    return found | controls | {"control_caught": caught, "ok": is_whole and is_clean and caught}


async def _drill(
    settings: Mapping[str, str], rounds: int, changed: Mapping[str, str]
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-revocation-") as folder:
        async with open_push_service() as service:
            given = {"limits": "bench", "push_hosts": service.host, **settings}
            server = DrillServer(Path(folder), Circumstances(changed=changed), **given)
            try:
                await server.start()
                place = await server.on_database(
                    partial(make_place, url=server.url, victims=rounds)
                )
                return await _talked_through(place, service, rounds)
            finally:
                server.kill()


async def _talked_through(place: Place, service: PushService, rounds: int) -> dict[str, Any]:
    browser = await call_away(place, service)
    async with talking(place, size("RATE", 50)) as talk:
        endings, takings = Endings(place, talk), Takings(place, talk)
        async with asyncio.TaskGroup() as both:
            both.create_task(endings.all(rounds))
            both.create_task(takings.all(rounds))
        await takings.come_out(browser, service)
    return endings.figures() | takings.figures() | talk.figures()
