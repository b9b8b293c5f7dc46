"""A year of 50,000 messages, counted by the server week by week: equal to a slow count, and soon on the page."""

import asyncio
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from server.access import Role
from server.client import Http
from server.protocol.climate import Climate
from server.services import climate, names, seats, sessions
from server.services.rooms import make_room
from server.store.tables import Member, Room
from server.store.work import Work
from tests.drills._sizes import size
from tests.server.climate.drawn import Drawing, Year
from tests.server.climate.reference import Reference, differences, mondays
from tests.server.climate.stored import store
from tests.server.live_server import LiveServer

_WEEKS = 52
_PAGE_S = 0.200
_COUNTED_WITHIN_S = 300.0
_WARM_UP = 5


def run() -> dict[str, Any]:
    """MESSAGES (50000) in 52 weeks by PEOPLE (150); READS (100) of each page, over HTTP.

    ok: every figure of every week equals the slow count from what was drawn, and the clinician's and
    the members' page come in under 200 ms (median, with the request and its answer; 95 in 100 are
    shown beside it, and what a page costs the server's CPU); and the control, a slow count that
    overlooks edits, differs.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    begin = _begin()
    drawing = Drawing(11, begin, _WEEKS, size("PEOPLE", 150))
    year = drawing.draw(size("MESSAGES", 50_000))
    with tempfile.TemporaryDirectory(prefix="hearth-climate-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            room, tokens = await server.on_database(partial(_found, year=year, begin=begin))
            counting_s = await _count_anew(server)
            clinician, member = (Http(server.url, token) for token in tokens)
            page = await clinician.read(f"/api/clinic/rooms/{room}/climate", Climate)
            reads = size("READS", 100)
            before_s = _cpu_s(server.pid)
            times = {
                "page": await _time(clinician, f"/api/clinic/rooms/{room}/climate", reads),
                "members_page": await _time(member, f"/api/rooms/{room}/climate", reads),
            }
            cpu_s = (_cpu_s(server.pid) - before_s) / (2 * (reads + _WARM_UP))
        finally:
            server.kill()
    return _figures(year, begin, page, times) | {
        "counting_s": counting_s,
        "cpu_per_page_ms": _ms(cpu_s),
        "load": round(os.getloadavg()[0], 1),
    }


def _begin() -> datetime:
    """So that the last of the weeks has just settled."""
    settled = climate.monday(datetime.now(UTC) - timedelta(hours=48))
    return datetime.combine(settled, datetime.min.time(), UTC) - timedelta(weeks=_WEEKS)


def _found(work: Work, year: Year, begin: datetime) -> tuple[UUID, tuple[str, str]]:
    room = make_room(work, "A year", "To be counted.")
    stored = work.session.get(Room, room.id)
    assert stored is not None
    stored.created_at = begin
    work.session.add(stored)
    tokens = tuple(_come_in(work, room.id, role) for role in (Role.CLINICIAN, Role.PEER))
    store(work, room.id, year)
    return room.id, (tokens[0], tokens[1])


def _come_in(work: Work, room: UUID, role: Role) -> str:
    name = f"Counting {role}"
    member = Member(pseudonym=name, name_key=names.name_key(name), role=role, joined_at=work.now)
    work.session.add(member)
    work.session.flush()
    seats.take_seat(work, room, member.id, "clinician" if role is Role.CLINICIAN else "member")
    return sessions.open_session(work, member, "program").token


async def _count_anew(server: LiveServer) -> float:
    """The server counts what is due when it starts. Seconds from its start until nothing is due."""
    await server.stop()
    began = time.perf_counter()
    await server.start()
    async with asyncio.timeout(_COUNTED_WITHIN_S):
        while await server.on_database(climate.find_due):  # noqa: ASYNC110 - another process counts
            await asyncio.sleep(0.5)
    return round(time.perf_counter() - began, 1)


async def _time(http: Http, path: str, reads: int) -> list[float]:
    """Seconds of each read."""
    times = []
    for number in range(reads + _WARM_UP):
        began = time.perf_counter()
        await http.call("GET", path)
        if number >= _WARM_UP:
            times.append(time.perf_counter() - began)
    return times


def _cpu_s(pid: int) -> float:
    """What the server has worked so far, whatever else keeps the machine busy."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _figures(
    year: Year, begin: datetime, page: Climate, times: dict[str, list[float]]
) -> dict[str, Any]:
    shown = [(week.start, week.figures) for week in page.weeks]
    starts = mondays(begin, _WEEKS)
    compared, different = differences(Reference(year), shown, starts)
    _, control = differences(Reference(year, broken="edits"), shown, starts)
    values = [value for _, figures in shown for value in figures.values()]
    p50 = {f"{name}_p50_ms": _ms(statistics.median(found)) for name, found in times.items()}
    return {
        "messages": len(year.messages),
        "weeks": len(page.weeks),
        "compared": compared,
        "different": different,
        "hidden": sum(value is None for value in values),
        "reads": len(times["page"]),
        **p50,
        **{f"{name}_p95_ms": _p95_ms(found) for name, found in times.items()},
        "control_different": control,
        "control_caught": control > 0,
        "ok": different == 0
        and len(page.weeks) == _WEEKS
        and 0 < sum(value is None for value in values) < compared
        and max(p50.values()) < _PAGE_S * 1e3
        and control > 0,
    }


def _p95_ms(times: list[float]) -> float:
    return _ms(statistics.quantiles(times, n=20, method="inclusive")[18])


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 1)
