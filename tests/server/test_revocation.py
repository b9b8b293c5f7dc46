"""A small part of the drill `revocation` on every run: each way to go, each way to take words back, and a control."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest
from fastapi import FastAPI

from server.live.hub import Hub
from server.store import beside
from server.store.work import SeatEnded
from tests.drills._endings import ENDINGS, Endings
from tests.drills._revoking import Place, make_place, talking
from tests.drills._takings import TAKINGS, Takings
from tests.server.in_process import serving_app

_RATE = 10


class Deaf(Hub):
    """Nobody's line follows the end of their seat."""

    def _seat_ended(self, told: SeatEnded) -> None:
        return


@pytest.fixture(scope="module")
async def served(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[FastAPI, Place]]:
    async with serving_app(tmp_path_factory.mktemp("revocation")) as (app, settings):
        url = f"http://127.0.0.1:{settings.port}"
        make = partial(make_place, url=url, victims=len(ENDINGS) + 1)
        yield app, await asyncio.to_thread(beside.do, settings, make)


async def test_who_goes_hears_and_reads_nothing_more_and_words_do_not_come_again(
    served: tuple[FastAPI, Place],
) -> None:
    _, place = served
    async with talking(place, _RATE) as talk:
        endings, takings = Endings(place, talk), Takings(place, talk)
        await asyncio.gather(endings.all(len(ENDINGS)), takings.all(len(TAKINGS)))
    ended, taken = endings.figures(), takings.figures()
    counts = {name: count for name, count in (ended | taken).items() if not name.endswith("_s")}
    assert {name: count for name, count in counts.items() if count} == {
        "ended": len(ENDINGS), "taken_away": len(TAKINGS), "shown_before": len(TAKINGS),
    }  # fmt: skip


async def test_a_line_that_does_not_follow_the_end_of_a_seat_is_found(
    served: tuple[FastAPI, Place],
) -> None:
    app, place = served
    app.state.parts.hub.__class__ = Deaf
    left = len(ENDINGS) + ENDINGS.index("left")
    place.victims.extend(place.victims[-1:] * 2)
    async with talking(place, _RATE) as talk:
        endings = Endings(place, talk, given_up_s=1.0)
        await endings.once(left)
    found = endings.figures()
    assert found["not_ended"] == 1
    assert found["later_seq"] > 0
