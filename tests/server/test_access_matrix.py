"""A part of the drill `access-matrix` on every run: some of the cells, each row asked for once, and a control."""

import asyncio
import http.client
import random
from collections.abc import AsyncIterator

import pytest

from server import access
from server.access import Relation, Role
from tests.server.matrix.asking import ask_all, exchange
from tests.server.matrix.cast import SEATED, Standing
from tests.server.matrix.cells import Wanted
from tests.server.matrix.choosing import fullest, once_each
from tests.server.matrix.commands import send_all
from tests.server.matrix.expected import TABLE
from tests.server.matrix.running import FAR_TOO_WIDE, TOO_WIDE, AskedRows, Running, running

_CELLS, _COMMANDS = 250, 60
_STANDINGS = (*SEATED, Standing.ELSEWHERE, Standing.NOWHERE)


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Shared: what ends a session ends one of its own."""
    async with running(tmp_path_factory.mktemp("matrix"), _STANDINGS, pick=some) as place:
        yield place


def some(every: list[Wanted]) -> list[Wanted]:
    """Those who are most likely to be let in, once for each operation; and some of all others."""
    of_control = [one for one in every if one[0].id == "case_read"]
    rest = [one for one in every if one[0].order == 0]
    return list(
        dict.fromkeys([*fullest(every), *of_control, *random.Random(7).sample(rest, _CELLS)])
    )


async def test_cells_answer_as_the_table_says(place: Running) -> None:
    safe = [cell for cell in place.matrix.cells if cell.operation.order == 0]
    chosen = random.Random(7).sample(safe, _CELLS)
    found = await asyncio.to_thread(ask_all, place.settings.port, place.matrix, chosen)
    assert list(found.wrong.values()) == []
    assert found.counts["allowed"] > 20
    assert found.counts["compared"] > 20


async def test_commands_answer_as_the_table_says(place: Running) -> None:
    chosen = random.Random(7).sample(place.sent, _COMMANDS)
    found = await send_all(place.url, chosen)
    assert list(found.wrong.values()) == []
    assert found.counts["allowed"] > 5


async def test_a_row_that_is_opened_too_wide_is_found(
    place: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, more = TOO_WIDE
    monkeypatch.setitem(access.OPERATIONS, row, access.OPERATIONS[row] | more)
    cells = [cell for cell in place.matrix.cells if cell.operation.id == "case_read"]
    found = await asyncio.to_thread(ask_all, place.settings.port, place.matrix, cells)
    assert found.counts["leaks"] > 0


async def test_views_with_ids_of_others_show_nobody_what_is_not_theirs(
    place: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = place.matrix.swapped[:200]
    found = await asyncio.to_thread(ask_all, place.settings.port, place.matrix, views)
    assert list(found.wrong.values()) == []
    assert found.counts["refused"] > 20
    row, more = FAR_TOO_WIDE
    monkeypatch.setitem(access.OPERATIONS, row, access.OPERATIONS[row] | more)
    found = await asyncio.to_thread(ask_all, place.settings.port, place.matrix, views)
    assert found.counts["leaks"] > 0


# The last: it does everything once, and so ends seats and sessions.
async def test_every_handler_asks_for_its_own_row(
    place: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = once_each(place.matrix.cells)
    every = {cell.operation.id for cell in place.matrix.cells}
    assert {cell.operation.id for cell in cells} == every, "the guard: each is open to somebody"
    rows = AskedRows(access.OPERATIONS)
    monkeypatch.setattr(access, "OPERATIONS", rows)
    connection = http.client.HTTPConnection("127.0.0.1", place.settings.port, timeout=30)
    silent = []
    for cell in cells:
        rows.asked.clear()
        answered = await asyncio.to_thread(exchange, connection, cell.asked)
        is_closed_to_somebody = (Role.STRANGER, Relation.NONE) not in TABLE[cell.operation.row]
        if is_closed_to_somebody and cell.operation.row not in rows.asked:
            silent.append(f"{cell.name}: {answered.status} {sorted(rows.asked)}")
    connection.close()
    assert silent == []
