"""What guards log-in is counted where a restart does not forget it, on each database, and alike for all names."""

import asyncio
from collections import Counter

import pytest
from sqlmodel import select

from server.api.shared_limits import SharedLimits
from server.client import Declined, Http
from server.errors import TooFast
from server.store import guesses
from server.store.tables import Guess
from server.store.work import Work
from tests.server.live_server import LiveServer
from tests.server.store_fixture import House

SECRET = "three herons, one pond"


def started(house: House) -> SharedLimits:
    """As after a restart: of what was in memory, nothing is left."""
    return SharedLimits("normal", house.database, secret=b"s" * 32, counter=None, workers=1)


async def is_refused(limits: SharedLimits, name: str = "ash") -> bool:
    try:
        await limits.count("log_in_account", name)
    except TooFast:
        return True
    return False


async def test_ten_are_ten_however_many_come_at_once_and_after_a_restart_too(
    any_house: House,
) -> None:
    limits = started(any_house)
    refused = await asyncio.gather(*(is_refused(limits) for _ in range(16)))
    assert Counter(refused) == {False: 10, True: 6}
    again = started(any_house)
    assert await is_refused(again)
    assert not await is_refused(again, "birch")
    with pytest.raises(TooFast) as known:
        await again.look("log_in_account", "ash")
    assert 3_500 < (known.value.retry_after_s or 0) <= 3_600
    any_house.clock.move(minutes=61)
    assert not await is_refused(again)


async def test_a_look_counts_nothing_and_what_was_right_is_taken_back(any_house: House) -> None:
    limits = started(any_house)
    for _ in range(30):
        await limits.look("log_in_account", "ash")
        await limits.count("log_in_account", "ash")
        await limits.uncount("log_in_account", "ash")
    assert (
        await any_house.database.read(lambda work: list(work.session.exec(select(Guess.id)))) == []
    )


async def test_rows_go_after_an_hour_and_lead_to_no_name(any_house: House) -> None:
    await started(any_house).count("log_in_account", "ash")
    [row] = await any_house.database.read(
        lambda work: [one.key for one in work.session.exec(select(Guess))]
    )
    assert "ash" not in row
    assert len(row) == 32
    any_house.clock.move(minutes=61)
    await any_house.do(guesses.forget)
    assert (
        await any_house.database.read(lambda work: list(work.session.exec(select(Guess.id)))) == []
    )


async def test_who_makes_the_server_start_anew_does_not_guess_on(live_server: LiveServer) -> None:
    await Http(live_server.url).sign_up("Heron by the pond", SECRET)
    names = ("Heron by the pond", "Nobody of that name")

    async def guess(name: str) -> str:
        asked = {"pseudonym": name, "passphrase": "a guess at it all", "as_program": True}
        with pytest.raises(Declined) as refused:
            await Http(live_server.url).call("POST", "/api/sessions", asked)
        return refused.value.code

    for name in names:
        assert [await guess(name) for _ in range(10)] == ["wrong_log_in"] * 10
    assert await live_server.on_database(counted) == [10, 10], "alike, whether they exist or not"
    await live_server.restart()
    assert [await guess(name) for name in names] == ["too_fast"] * 2


def counted(work: Work) -> list[int]:
    """How many guesses at each account."""
    query = select(Guess.key).where(Guess.kind == "log_in_account")
    return list(Counter(work.session.exec(query)).values())
