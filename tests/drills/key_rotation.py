"""All keys are changed while people talk, killed ten times on the way: every word is read, the old key opens none."""

import asyncio
import random
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from server.errors import Misconfigured
from server.services.auditing import examine
from server.store import beside, fields, messages, rotating
from server.store.fields import FIELDS
from server.store.heads import Heads
from server.store.keys import KeyFile, KeyStore
from server.store.sealing import Sealer, Unreadable
from server.store.tables import Message
from server.store.work import Work
from tests.drills._crowd import gather
from tests.drills._filled import fill
from tests.drills._sizes import size
from tests.drills._steady import Steady
from tests.server.live_server import COMMAND, ROOT, LiveServer

_LONGEST_S = 500.0


def run() -> dict[str, Any]:
    """MESSAGES (20000), CRASHES (10), RATE (20) posts a second meanwhile, SEED (7).

    ok: no field is unreadable and none stands under old keys; every post that was acknowledged is there; the old
    key file unwraps no key and the old keys open no field; the audit log is well. The control damages one
    field, and puts one back that the old keys had sealed: both are seen.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-keys-") as folder:
        server = LiveServer(Path(folder) / "hearth")
        rng = random.Random(size("SEED", 7))
        await asyncio.to_thread(fill, server.settings, size("MESSAGES", 20_000))
        try:
            await server.start()
            crowd = await gather(server, 1)
            steady = Steady(crowd.room)
            old = await asyncio.to_thread(_Old, server, Path(folder) / "old")
            async with steady.talking(server, crowd.tokens[0], size("RATE", 20)):
                await asyncio.sleep(2)
                began = time.perf_counter()
                crashes = await _killed(server, size("CRASHES", 10), rng)
                ended = await _rotate(server, None)
                took_s = round(time.perf_counter() - began, 1)
                await asyncio.sleep(2)
            await server.stop()
            settings = server.settings
            counts = await asyncio.to_thread(beside.read, settings, old.count)
            lost = await asyncio.to_thread(beside.read, settings, steady.lost)
            heads = Heads(settings.heads_path, KeyFile.read(settings.key_path))
            audit = await asyncio.to_thread(
                beside.read, settings, lambda work: examine(work, heads)
            )
            figures = counts | {
                "crashes": crashes,
                "took_s": took_s,
                "rotated": ended == 0,
                "acked": len(steady.answered),
                "acked_lost": lost,
                "longest_post_s": round(steady.longest_s, 2),
                "audit_ok": audit.ok,
            }
            await asyncio.to_thread(beside.do, settings, old.damage)
            control = await asyncio.to_thread(beside.read, settings, old.count)
        finally:
            server.kill()
    caught = (
        control["unreadable"] > 0 and control["under_old_keys"] > 0 and control["opened_by_old"] > 0
    )
    return figures | {
        "control_unreadable": control["unreadable"],
        "control_opened_by_old": control["opened_by_old"],
        "control_caught": caught,
        "ok": _is_clean(figures) and caught,
    }


def _is_clean(figures: dict[str, Any]) -> bool:
    faults = (
        "unreadable", "under_old_keys", "opened_by_old", "unwrapped_by_old", "acked_lost",
    )  # fmt: skip
    wanted = figures["rotated"] and figures["audit_ok"] and figures["acked"] > 0
    return (
        wanted
        and figures["fields"] > 0
        and figures["crashes"] == size("CRASHES", 10)
        and not any(figures[fault] for fault in faults)
    )


async def _killed(server: LiveServer, times: int, rng: random.Random) -> int:
    """How often it was killed before it came to its end: later each time, so that it is met everywhere."""
    crashes = 0
    for number in range(times):
        ended = await _rotate(server, rng.uniform(0.5, 3.0) + number * 0.7)
        crashes += ended is None
    return crashes


async def _rotate(server: LiveServer, kill_after_s: float | None) -> int | None:
    """`hearth keys rotate` in a process of its own. Returns its exit status; None: it was killed."""
    return await asyncio.to_thread(_run_command, server, kill_after_s)


def _run_command(server: LiveServer, kill_after_s: float | None) -> int | None:
    process = subprocess.Popen(
        [*COMMAND, "keys", "rotate"], cwd=ROOT, env=server.environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return process.wait(kill_after_s or _LONGEST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


class _Old:
    """What somebody has who took the keys before they were changed."""

    def __init__(self, server: LiveServer, folder: Path) -> None:
        folder.mkdir()
        settings = server.settings
        (folder / "hearth.key").write_bytes(settings.key_path.read_bytes())
        (folder / "hearth.key").chmod(0o600)
        self.settings = settings
        self.file = KeyFile.read(folder / "hearth.key")
        store = KeyStore(settings.keys_at, KeyFile.read(settings.key_path))
        rows = store.all()
        store.close()
        self.keys = KeyStore(folder / "keys.sqlite3", self.file)
        self.keys.put_back(rows)
        self.sealer = Sealer(self.file, self.keys)

    def count(self, work: Work) -> dict[str, int]:
        """Over every field, and every key."""
        counts = {"fields": 0, "unreadable": 0, "opened_by_old": 0}
        for field in FIELDS:
            for row in work.connection.execute(field.query()):
                held = fields.Held(field, *row)
                counts["fields"] += 1
                counts["unreadable"] += fields.open_held(work, held) is None
                with suppress(Unreadable):
                    self.sealer.open(held.owner, held.sealed, held.spot)
                    counts["opened_by_old"] += 1
        return counts | {
            "under_old_keys": rotating.count_not_current(work),
            "unwrapped_by_old": self._unwrapped(),
        }

    def damage(self, work: Work) -> None:
        """One word under an old key again, and one that nobody can read."""
        one, other = work.session.exec(_two_messages()).all()
        spot = messages._spot(one)
        one.sealed = self.sealer.seal(one.author_id, "From before.", spot)
        other.sealed = (other.sealed or b"")[:-1] + bytes([(other.sealed or b"\0")[-1] ^ 1])
        work.session.add_all([one, other])

    def _unwrapped(self) -> int:
        store = KeyStore(self.settings.keys_at, KeyFile.read(self.settings.key_path))
        found = 0
        for row in store.all():
            with suppress(Misconfigured):
                self.file.unwrap(UUID(bytes=row.member), row.wrapped, row.version)
                found += 1
        store.close()
        return found


def _two_messages() -> Any:
    return select(Message).where(col(Message.sealed).is_not(None)).limit(2)
