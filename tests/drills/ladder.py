"""Days and nights by a moved clock, across restarts: whoever waits is called for, once, in order and in time.

Also that nobody waits three due times, that people in danger are looked at again, and that what should
end by itself does.
"""

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, delete, update

from moderation.ladder import Rung
from server.store import timers
from server.store.tables import Timer
from server.store.work import Work
from tests import installed
from tests.drills._nights import SOUND, Broken, Nights
from tests.drills._sizes import size
from tests.services import Postgres, postgres_process

_BOUND = 3.0
_CONTROL_DAYS = 1.5
_FAULTS = (
    "early", "late", "lost", "doubled", "out_of_order", "claimed_twice", "alerts_astray",
    "notices_doubled", "shifts_forsaken", "held_by_another",
)  # fmt: skip


def _forget(work: Work) -> None:
    """As if what is due were kept in memory."""
    work.session.exec(delete(Timer).where(col(Timer.done_at).is_(None)))


def _do_again(work: Work) -> None:
    """As if it were not kept what was done."""
    first = (col(Timer.kind) == timers.RUNG, col(Timer.step) < Rung.ON_CALL)
    work.session.exec(update(Timer).where(*first).values(done_at=None))


CONTROLS = {
    "forgets": (Broken(at_restart=_forget), "lost"),
    "goes_ahead": (Broken(ahead=timedelta(minutes=7)), "early"),
    "sleeps": (Broken(sleeps=5), "late"),
    "does_again": (Broken(at_restart=_do_again), "doubled"),
}
"""A loop that is broken, and the fault it must be found by."""


def run() -> dict[str, Any]:
    """DAYS (8), TICK_S (120), SEED (1), CONTROLS (1; 0 leaves them out).

    ok: on SQLite and, where it is installed, on PostgreSQL, all faults are 0, nobody waited more than
    three due times while somebody worked, and each broken loop was found.
    """
    with ExitStack() as stack:
        urls: dict[str, str | None] = {"sqlite": None}
        if installed.find_postgres("postgres"):
            urls["postgres"] = stack.enter_context(postgres_process())
        return asyncio.run(_run(urls))


async def _run(urls: dict[str, str | None]) -> dict[str, Any]:
    days, figures, ok = size("DAYS", 8), dict[str, Any](), True
    for name, url in urls.items():
        found = await _nights(url, days, SOUND)
        print(f"{name}: {found}", flush=True)
        ok = ok and _is_sound(found, days)
        figures |= {f"{name}_{figure}": value for figure, value in found.items()}
    caught = await _controls() if size("CONTROLS", 1) else {}
    is_caught = bool(caught) and all(caught.values())
    return figures | caught | {"control_caught": is_caught, "ok": ok and is_caught}


async def _controls() -> dict[str, Any]:
    """How often each broken loop was found out."""
    found = {}
    for name, (broken, fault) in CONTROLS.items():
        seen = await _nights(None, _CONTROL_DAYS, broken)
        found[f"control_{name}"] = seen[fault]
    return found


async def _nights(url: str | None, days: float, broken: Broken) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-ladder-") as folder:
        made = await Postgres(url).create() if url else None
        nights = Nights(Path(folder), made, size("SEED", 1), broken)
        return await nights.run(days, timedelta(seconds=size("TICK_S", 120)))


def _is_sound(found: dict[str, Any], days: float) -> bool:
    waits = [value for name, value in found.items() if name.startswith("worst_wait")]
    happened = all(found[name] > 0 for name in ("calls", "repeats", "looks", "claims_expired"))
    ended = days <= 7 or (found["lapses"] == 1 and found["pause_lifted"])
    return (
        not any(found.get(fault) for fault in _FAULTS)
        and max(waits) <= _BOUND
        and happened
        and ended
        and found["restarts"] > 0
    )
