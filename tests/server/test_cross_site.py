"""Each operation that changes something, asked for by another site with a member's cookie: refused, nothing done."""

import asyncio
import http.client
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from server.access import Relation, Role
from tests.server.matrix.asking import Answered, exchange
from tests.server.matrix.cast import SEATED, Standing
from tests.server.matrix.cells import Wanted, requests_in_order
from tests.server.matrix.choosing import fullest, once_each
from tests.server.matrix.expected import TABLE
from tests.server.matrix.operation import Cell, Request
from tests.server.matrix.running import Running, running

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ELSEWHERE = "https://elsewhere.example"
_OF_STRANGERS = Role.STRANGER, Relation.NONE
_OF_BODY = frozenset({"Content-Type"})
_STANDINGS = (*SEATED, Standing.ELSEWHERE, Standing.NOWHERE)
WAYS: dict[str, dict[str, str]] = {
    "from another site": {"Sec-Fetch-Site": "cross-site", "Origin": _ELSEWHERE},
    "from beside it": {"Sec-Fetch-Site": "same-site", "Origin": _ELSEWHERE},
    "from no site": {"Sec-Fetch-Site": "none"},
    "by an older browser": {"Origin": _ELSEWHERE},
    "by a form in a frame": {"Origin": "null", "Content-Type": "text/plain"},
    "without a word": {},
}
_OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "{origin}"}
_NO_PROGRAM = WAYS.keys() - {"without a word"}
"""Whoever brings no cookie may be a program, which says nothing of sites."""


async def test_what_another_site_asks_for_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, _STANDINGS, pick=changing) as place:
        ordered = requests_in_order(once_each(place.matrix.cells))
        every = {cell.operation.id for cell in place.matrix.cells}
        cells = [cell for together in ordered for cell in together]
        assert {cell.operation.id for cell in cells} == every, "the guard: each is open to somebody"
        with place.watched() as database:
            wrong = await asyncio.to_thread(wrongly_taken, place, cells)
        assert wrong == []
        assert database.writes == 0
        with place.watched() as database:
            refused = await asyncio.to_thread(refused_at_home, place, cells)
        assert refused == [], "the guard: from our own pages none is refused for its site"
        assert database.writes > len(cells) / 2


def changing(every: list[Wanted]) -> list[Wanted]:
    """Those who are likeliest let in, for each operation that is more than a look."""
    return fullest([one for one in every if one[0].method not in _SAFE])


def wrongly_taken(place: Running, cells: list[Cell]) -> list[str]:
    """What was not refused for its site."""
    line = http.client.HTTPConnection("127.0.0.1", place.settings.port, timeout=30)
    wrong = [
        f"{cell.name} {way}"
        for cell, way, request in from_elsewhere(cells)
        if not is_refused(cell, exchange(line, request))
    ]
    line.close()
    return wrong


def from_elsewhere(cells: list[Cell]) -> Iterator[tuple[Cell, str, Request]]:
    """Each way, by the cookie of somebody who may do it; and what strangers may do, also without one."""
    for cell in cells:
        is_of_strangers = _OF_STRANGERS in TABLE[cell.operation.row]
        for way, headers in WAYS.items():
            yield cell, way, sent(cell, headers)
            if way in _NO_PROGRAM and is_of_strangers:
                yield cell, f"{way}, without a cookie", sent(cell, headers, by_cookie=False)


def refused_at_home(place: Running, cells: list[Cell]) -> list[str]:
    """What our own pages are refused for their site."""
    line = http.client.HTTPConnection("127.0.0.1", place.settings.port, timeout=30)
    refused = [cell.name for cell in cells if is_refused(cell, exchange(line, sent(cell, _OURS)))]
    line.close()
    return refused


def sent(cell: Cell, headers: dict[str, str], *, by_cookie: bool = True) -> Request:
    """As a browser sends it: by the member's cookie, or by nobody's."""
    kept = {name: value for name, value in cell.asked.headers.items() if name in _OF_BODY}
    cookie = {"Cookie": f"hearth={cell.person.token}"} if by_cookie else {}
    return replace(cell.asked, headers=kept | cookie | headers)


def is_refused(cell: Cell, answered: Answered) -> bool:
    """For its site, and nothing else. A plain page says so in words alone."""
    return answered.status == 403 and (cell.operation.form or answered.code == "cross_site")
