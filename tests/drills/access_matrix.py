"""Who may do and receive what: every cell of the access table, asked over real HTTP and real sockets."""

import asyncio
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import true

from server import access
from server.app import create_app
from server.store import consents
from tests.server.live_server import LiveServer
from tests.server.matrix.asking import ask_all
from tests.server.matrix.cast import Standing
from tests.server.matrix.commands import send_all
from tests.server.matrix.operation import operations
from tests.server.matrix.running import FAR_TOO_WIDE, TOO_WIDE, Careless, make, running

_FAULTS = ("leaks", "wrongly_refused", "differ", "errors")
_OF_THE_CONTROL = frozenset({"case_read", "climate_read"})
_OF_CONSENT = frozenset({"person_moods", "measures_csv"})


def run() -> dict[str, Any]:
    """ok: each cell answers as the table says; what is not theirs looks as what is not there, in status,
    body and length; a thousand views of staff with ids of others show nothing; each live event reaches those
    whom the table names, and nobody else. Controls, each caught: two rows that are opened too wide, a delivery
    that asks nobody who they are, and consents that never end.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-matrix-") as folder:
        figures = await _ask_everything(Path(folder) / "asked")
        heard, wrong = await _hear_everything(Path(folder) / "heard")
        wide = await _ask_too_wide(Path(folder) / "wide", TOO_WIDE)
        swapped = await _ask_too_wide(Path(folder) / "swapped", FAR_TOO_WIDE)
        careless = await _hear_carelessly(Path(folder) / "careless")
        endless = await _ask_beyond_consent(Path(folder) / "endless")
    for line in wrong:
        print(line)
    controls = {
        "control_row_leaks": wide,
        "control_swapped_leaks": swapped,
        "control_delivery_leaks": careless,
        "control_consent_leaks": endless,
    }
    caught = all(controls.values())
    clean = not any(figures[fault] for fault in _FAULTS) and not any(
        heard[fault] for fault in ("event_leaks", "events_unheard")
    )
    figures |= heard | controls | {"control_caught": caught}
    return figures | {"ok": clean and caught and figures["allowed"] > 0}


async def _ask_everything(folder: Path) -> dict[str, Any]:
    server = LiveServer(folder, limits="bench")
    try:
        await server.start()
        found = operations(create_app(server.settings).openapi())
        matrix, sent, _, _ = await server.on_database(partial(make, found=found))
        framed = await send_all(server.url, sent)
        views = await asyncio.to_thread(ask_all, server.port, matrix, matrix.swapped)
        asked = await asyncio.to_thread(ask_all, server.port, matrix)
    finally:
        server.kill()
    for line in (*framed.wrong.values(), *views.wrong.values(), *asked.wrong.values()):
        print(line)
    names = ("cells", "allowed", "refused", "compared", *_FAULTS)
    every: Counter[str] = framed.counts + views.counts + asked.counts
    return {
        "operations": len(found),
        "people": len(matrix.cast.people),
        "commands": framed.counts["cells"],
        "swapped_views": views.counts["cells"],
        **asked.figures(),
        **{name: every[name] for name in names},
    }


async def _hear_everything(folder: Path) -> tuple[dict[str, int], list[str]]:
    async with running(folder, only=()) as place:
        heard = await place.hear()
    figures = {
        "event_types": len(heard.by_event),
        "delivered": heard.counts["delivered"],
        "event_leaks": heard.counts["leaks"],
        "events_unheard": heard.counts["unheard"],
    }
    return figures, list(heard.wrong.values())


async def _ask_too_wide(
    folder: Path, opened: tuple[str, frozenset[tuple[access.Role, access.Relation]]]
) -> int:
    """How many leaks are found where the table itself is wrong, of all cells and swapped views."""
    row, more = opened
    before = access.OPERATIONS[row]
    async with running(folder, only=_OF_THE_CONTROL) as place:
        access.OPERATIONS[row] = before | more
        try:
            cells = [*place.matrix.cells, *place.matrix.swapped]
            found = await asyncio.to_thread(ask_all, place.settings.port, place.matrix, cells)
        finally:
            access.OPERATIONS[row] = before
    return found.counts["leaks"]


async def _hear_carelessly(folder: Path) -> int:
    """How many leaks are found where a delivery does not ask."""
    async with running(folder, only=(), hub=Careless) as place:
        heard = await place.hear()
    return heard.counts["leaks"]


async def _ask_beyond_consent(folder: Path) -> int:
    """How many leaks are found where what ran out, or was taken back, still stands."""
    before = consents.is_standing
    async with running(folder, (Standing.CARER,), only=_OF_CONSENT) as place:
        vars(consents)["is_standing"] = lambda _: true()
        try:
            found = await asyncio.to_thread(ask_all, place.settings.port, place.matrix)
        finally:
            vars(consents)["is_standing"] = before
    return found.counts["leaks"]
