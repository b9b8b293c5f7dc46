"""Past the second step: what staff who lack it are refused, and whether a code can be guessed or used twice."""

import asyncio
import http.client
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, update

from server.access import Role
from server.client import Client, Declined, Http, SessionOver
from server.errors import ServerError
from server.protocol import bodies
from server.services import accounts
from server.services.second_step import GRACE
from server.store import beside
from server.store.tables import Member
from server.store.work import Work
from tests.server.live_server import LiveServer
from tests.server.matrix.asking import Answered, exchange
from tests.server.matrix.cast import MEMBERS, SEATED, Standing
from tests.server.matrix.cells import Wanted
from tests.server.matrix.choosing import fullest
from tests.server.matrix.expected import TABLE
from tests.server.matrix.operation import Cell
from tests.server.matrix.running import Running, running
from tests.server.store_fixture import House
from tests.server.test_accounts import enter
from tests.server.test_ways import SECRET, code_now, come

_GATES = frozenset({"no_session", "not_allowed", "second_step_needed"})
_STANDINGS = (*SEATED, Standing.ELSEWHERE, Standing.NOWHERE)
_STAFF = frozenset(MEMBERS) - {Role.PEER}
_GUESSES = 16
_AT_ONCE = 8


def of_staff(row: str) -> bool:
    """Whether the table opens it to staff and to nobody else."""
    return not {role for role, _ in TABLE[row]} - _STAFF


def by_staff(every: list[Wanted]) -> list[Wanted]:
    """What staff alone may do, once as each role."""
    return fullest([one for one in every if of_staff(one[0].row)])


async def test_without_a_second_step_nothing_of_staff_is_done_by_any_way(tmp_path: Path) -> None:
    async with running(tmp_path, _STANDINGS, pick=by_staff) as place:
        rows = {cell.operation.row for cell in place.matrix.cells}
        assert rows == {row for row in TABLE if of_staff(row)}, "the guard: each row is asked for"
        await on(place, overdue(GRACE))
        with place.watched() as database:
            answers = await asyncio.to_thread(ask, place)
            await no_socket_opens(place)
        assert Counter(one.code for _, one in answers) == {"second_step_needed": len(answers)}
        assert database.writes == 0
        await on(place, overdue(timedelta()))
        with place.watched() as database:
            answers = await asyncio.to_thread(ask, place)
        shut = [
            cell.name for cell, one in answers if cell.answer == "allowed" and one.code in _GATES
        ]
        assert shut == [], "the guard: within their days the same is open to them"
        assert database.writes > len(answers) / 4


def overdue(since: timedelta) -> Callable[[Work], None]:
    """All staff have been staff for so long."""

    def verb(work: Work) -> None:
        staff = update(Member).where(col(Member.role).in_(_STAFF))
        work.session.exec(staff.values(staff_since=work.now - since))

    return verb


def ask(place: Running) -> list[tuple[Cell, Answered]]:
    """Each cell, one after the other."""
    line = http.client.HTTPConnection("127.0.0.1", place.settings.port, timeout=30)
    try:
        return [(cell, exchange(line, cell.asked)) for cell in place.matrix.cells]
    finally:
        line.close()


async def no_socket_opens(place: Running) -> None:
    """On which the queue and its cases would be heard."""
    for person in place.matrix.cast.people:
        if person.role in _STAFF:
            with pytest.raises(SessionOver):
                async with Client(place.url, person.token or ""):
                    pass


async def on(place: Running, verb: Callable[[Work], None]) -> None:
    """In its database."""
    await asyncio.to_thread(beside.do, place.settings, verb)


async def test_codes_are_guessed_ten_times_and_then_not_even_the_right_one_is_looked_at(
    standing_server: LiveServer,
) -> None:
    name = "Keeper who is guessed at"
    letters, _ = await with_app(standing_server, name)
    for number in range(_GUESSES):
        asked = {"pseudonym": name, "passphrase": SECRET, "second": f"{number:06}"}
        code = await declined(standing_server, asked)
        assert code == ("wrong_code" if number < 10 else "too_fast"), number
    right = {"pseudonym": name, "passphrase": SECRET, "second": code_now(letters, 1)}
    assert await declined(standing_server, right) == "too_fast"


async def test_a_code_that_is_shown_many_times_at_once_opens_one_session(
    standing_server: LiveServer,
) -> None:
    for name, by_app in (("Keeper who is overheard", True), ("Keeper who is watched", False)):
        letters, codes = await with_app(standing_server, name)
        code = code_now(letters, 1) if by_app else codes[0]
        asked = {"pseudonym": name, "passphrase": SECRET, "second": code, "as_program": True}
        answers = await asyncio.gather(*(declined(standing_server, asked) for _ in range(_AT_ONCE)))
        assert Counter(answers) == {"": 1, "wrong_code": _AT_ONCE - 1}


async def test_a_recovery_code_that_is_shown_many_times_at_once_opens_one_session(
    any_house: House,
) -> None:
    code = (await enter(any_house, "Ash")).recovery_code
    asked = bodies.LogIn(pseudonym="Ash", recovery_code=code, as_program=True)
    log_in = partial(accounts.log_in_with_code, asked=asked)
    answers = await asyncio.gather(
        *(any_house.do(log_in) for _ in range(_AT_ONCE)), return_exceptions=True
    )
    found = Counter(one.code if isinstance(one, ServerError) else "" for one in answers)
    del found["unavailable"]  # a slow machine: nothing happened
    assert found.pop("") == 1
    assert set(found) == {"wrong_log_in"}


async def with_app(server: LiveServer, name: str) -> tuple[str, list[str]]:
    """Somebody whose second step is an app: what the app knows, and their recovery codes."""
    keeper = await come(server, name)
    await keeper.ask(
        "PUT", "/api/me/passphrase", {"passphrase": SECRET, "recovery_code": keeper.code}
    )
    letters = (await keeper.ask("POST", "/api/me/ways/app"))["letters"]
    added = await keeper.ask("PUT", "/api/me/ways/app", {"code": code_now(letters)})
    return letters, added["recovery_codes"]


async def declined(server: LiveServer, asked: dict[str, Any]) -> str:
    """Why they are not let in; empty: they are."""
    try:
        await Http(server.url).call("POST", "/api/sessions", asked)
    except Declined as refusal:
        return refusal.code
    return ""
