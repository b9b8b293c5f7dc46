"""10,000 pairs of questions about small rooms, and an attacker who subtracts; one more message each time."""

import asyncio
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from server.ids import new_id
from server.services import climate
from server.services.climate_cells import protect
from server.store import climate as stored
from server.store.tables import Assessment, Message
from server.store.work import Work
from tests.drills._sizes import size
from tests.server.climate.campaign import (
    Campaign,
    Counted,
    Outcome,
    draw_rooms,
    exact_sums,
    only_the_small,
)
from tests.server.store_fixture import House, TestClock, open_sqlite

_BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
_CONTROL_PAIRS = 1_000
Figures = Mapping[str, float | None]


def run() -> dict[str, Any]:
    """PAIRS (10000) of filters about ROOMS (12) of WEEKS (12); MORE (100) messages, one by one.

    ok: no count of 1 to 7 people is shown or can be known, and nothing on the page moves when one
    more message is written into a week that stands. Controls, each caught: only small cells are
    hidden; periods add up hidden weeks; weeks are counted again at each message.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    pairs, rooms, weeks = size("PAIRS", 10_000), size("ROOMS", 12), size("WEEKS", 12)
    with tempfile.TemporaryDirectory(prefix="hearth-small-") as folder:
        clock = TestClock(_BEGIN + timedelta(weeks=weeks + 1))
        house = House(open_sqlite(Path(folder), clock, []), clock)
        try:
            ids = [await house.room(f"Room {number}") for number in range(rooms)]
            drawn = await house.do(partial(_draw, rooms=ids, weeks=weeks))
            more = await _one_more(house, ids[0], size("MORE", 100))
        finally:
            await house.database.close()
    found = Campaign(drawn, protect).run(pairs, seed=1)
    bare = Campaign(drawn, only_the_small).run(0, seed=1)
    sums = Campaign(drawn, protect, periods=[exact_sums(counted) for counted in drawn])
    few = sums.run(_CONTROL_PAIRS, seed=1).few
    return _figures(found, bare, few, more)


def _draw(work: Work, rooms: list[UUID], weeks: int) -> list[Counted]:
    return draw_rooms(work, rooms, _BEGIN, weeks, seed=3)


async def _one_more(house: House, room: UUID, messages: int) -> dict[str, int]:
    """How often the page moved, and how often a new count would have."""
    due = climate.Due(room, _BEGIN.date())
    first = await house.do(partial(climate.count_week, due=due))
    await house.do(partial(climate.keep_week, due=due, figures=first))
    before, moved, would_move = first, 0, 0
    chance = Random(9)
    for _ in range(messages):
        await house.do(partial(_write, room=room, chance=chance))
        again = await house.do(partial(climate.count_week, due=due))
        await house.do(partial(climate.keep_week, due=due, figures=again))
        would_move += again != before
        before = again
        moved += await house.do(partial(_page, room=room)) != first
    return {"more": messages, "moved": moved, "control_moved": would_move}


def _page(work: Work, room: UUID) -> Figures:
    [(_, figures)] = stored.weeks(work, room, _BEGIN.date(), _BEGIN.date())
    return figures


def _write(work: Work, room: UUID, chance: Random) -> None:
    """One message of somebody who wrote there before, read as dangerous or not."""
    authors = work.session.exec(
        select(Message.author_id).where(col(Message.room_id) == room).distinct()
    ).all()
    message = Message(
        room_id=room, author_id=chance.choice(sorted(authors)), client_id=new_id(), fingerprint=b"",
        seq=100_000 + chance.getrandbits(30), at=_BEGIN, published_at=_BEGIN + timedelta(days=1),
    )  # fmt: skip
    work.session.add(message)
    work.session.flush()
    work.session.add(
        Assessment(
            message_id=message.id, room_id=room, assessed=True, model="drawn",
            signals={"signals": {}}, policy="1", handling="publish", reasons=[], at=work.now,
            urgency=chance.choice(("none", "soon", "now")),
        )
    )  # fmt: skip


def _figures(found: Outcome, bare: Outcome, few: int, more: dict[str, int]) -> dict[str, Any]:
    caught = {
        "control_bare_caught": bare.found_out > 0,
        "control_sums_caught": few > 0,
        "control_recount_caught": more["control_moved"] > 0,
    }
    return {
        "pairs": found.pairs,
        "derived": found.derived,
        "weeks": found.weeks,
        "shown": found.shown,
        "hidden": found.hidden,
        "found_out": found.found_out,
        "few": found.few,
        "about_few": found.about_few,
        **more,
        "control_bare_found_out": bare.found_out,
        "control_sums_few": few,
        **caught,
        "control_caught": all(caught.values()),
        "ok": found.is_clean
        and found.shown > 0
        and found.hidden > 0
        and more["moved"] == 0
        and all(caught.values()),
    }
