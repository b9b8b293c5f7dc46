"""A member is erased; yesterday's backup and an old copy of the keys are put back: nothing of theirs is read."""

import asyncio
import shutil
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import select

from server.client import Client, Declined, Http
from server.protocol import bodies, frames
from server.protocol.rights import Proof
from server.settings import Settings
from server.store import beside, erasing, fields, messages, people
from server.store.copies.backup import back_up
from server.store.copies.key_copies import back_up_keys, restore_keys
from server.store.copies.restoring import restore
from server.store.fields import FIELDS
from server.store.tables import Member, Message, Session
from server.store.work import Work
from tests import installed
from tests.drills._sizes import size
from tests.server.live_server import LiveServer
from tests.services import Postgres, postgres_process

_PASSPHRASE = "seven quiet otters"
_CANARY = "zwoelf gruene Kraniche ueber dem Moor"
_NAME = "Zilpzalp am Kanal"
_LIVE_S = 60.0


def run() -> dict[str, Any]:
    """MESSAGES (200) of the member who leaves.

    ok: within 60 s nothing of theirs is in the place; after yesterday's backup and keys are put back, on either
    database, nothing was readable before the first request, and nothing of it in any file; the others' words
    are all there. The control takes the list of the erased away: then they come back, and that is seen.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-erasure-")))
        url = None
        if installed.find_postgres("postgres"):
            url = stack.enter_context(postgres_process())
        return asyncio.run(_run(folder, url))


async def _run(folder: Path, url: str | None) -> dict[str, Any]:
    count = size("MESSAGES", 200)
    server = LiveServer(folder / "hearth")
    kept, keys = folder / "kept", folder / "keys"
    try:
        await server.start()
        leaver = await Http(server.url).sign_up(_NAME)
        stayer = await Http(server.url).sign_up("Somebody who stays")
        await _talk(server, leaver, _CANARY, count)
        await _talk(server, stayer, "Still here", 20)
        yesterday = datetime.now(UTC) - timedelta(days=1)
        await asyncio.to_thread(_keep, server.settings, kept, keys, yesterday)
        before = await server.on_database(partial(_readable, member_id=leaver.me.id))
        live_s = await _leave(server, leaver)
        left = await server.on_database(partial(_readable, member_id=leaver.me.id))
        await server.stop()
        in_files = _found_in(server.settings.data_dir)
        figures = {
            "readable_before": before, "live_s": live_s, "readable_live": left,
            "in_files_live": in_files,
        }  # fmt: skip
        places = {"sqlite": ""} | ({"postgres": await Postgres(url).create()} if url else {})
        for name, database in places.items():
            figures |= await _come_back(
                server, folder / name, database, (kept, keys), leaver.me.id, name
            )
        control = await _control(server, folder / "control", (kept, keys), leaver.me.id)
    finally:
        server.kill()
    clean = all(
        not figures[f"{what}_{name}"]
        for name in places
        for what in ("readable_before_first_request", "in_files", "sessions", "others_lost")
    )
    return figures | {
        "databases": [*places],
        "control_readable": control,
        "control_caught": control > 0,
        "ok": before >= count
        and live_s is not None
        and left == in_files == 0
        and clean
        and "postgres" in places
        and control > 0,
    }  # fmt: skip


async def _talk(server: LiveServer, who: bodies.Entered, words: str, count: int) -> None:
    http = Http(server.url, who.token)
    room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await http.take_seat(room)
    async with Client(server.url, who.token or "") as client:
        await client.join(room)
        for number in range(count):
            answer = await client.post(room, f"{words}, {number}.")
            assert isinstance(answer, frames.Posted), answer


async def _leave(server: LiveServer, who: bodies.Entered) -> float | None:
    """Seconds from the end of the day of thinking it over until all is gone; None: not within the minute."""
    proof = Proof(recovery_code=who.recovery_code)
    await Http(server.url, who.token).call("POST", "/api/me/data/erasure", proof)
    await server.on_database(partial(_a_day_later, member_id=who.me.id))
    began = time.perf_counter()
    while time.perf_counter() - began < _LIVE_S:
        done = partial(_is_done, member_id=who.me.id)
        if await asyncio.to_thread(beside.read, server.settings, done):
            return round(time.perf_counter() - began, 1)
        await asyncio.sleep(0.5)
    return None


async def _come_back(
    server: LiveServer, folder: Path, url: str, copies: tuple[Path, Path], gone: UUID, name: str
) -> dict[str, Any]:
    """The list of the erased is there, all else is lost: keys and backup are put back, and Hearth is started."""
    settings = _elsewhere(server, folder, url)
    settings.data_dir.mkdir(parents=True)
    shutil.copy(server.settings.data_dir / "erased", settings.data_dir / "erased")
    await _put_back(settings, copies)
    readable = await asyncio.to_thread(beside.read, settings, partial(_readable, member_id=gone))
    sessions = await asyncio.to_thread(beside.read, settings, partial(_sessions, member_id=gone))
    others = await asyncio.to_thread(beside.read, settings, _others)
    again = LiveServer(folder, **({"database_url": url} if url else {}))
    try:
        await again.start()
        asked = bodies.LogIn(pseudonym=_NAME, recovery_code="AAAAA-BBBBB", as_program=True)
        try:
            await Http(again.url).call("POST", "/api/sessions", asked)
        except Declined as declined:
            assert declined.code == "wrong_log_in"  # noqa: PT017
    finally:
        await again.stop()
    return {
        f"readable_before_first_request_{name}": readable,
        f"sessions_{name}": sessions,
        f"others_lost_{name}": 20 - others,
        f"in_files_{name}": _found_in(settings.data_dir),
    }


async def _control(server: LiveServer, folder: Path, copies: tuple[Path, Path], gone: UUID) -> int:
    """Without the list: how much of theirs is read again."""
    settings = _elsewhere(server, folder, "")
    await _put_back(settings, copies)
    return await asyncio.to_thread(beside.read, settings, partial(_readable, member_id=gone))


async def _put_back(settings: Settings, copies: tuple[Path, Path]) -> None:
    kept, keys = copies
    await asyncio.to_thread(restore_keys, settings, keys, _PASSPHRASE)
    now = datetime.now(UTC)
    await restore(settings, kept, _PASSPHRASE, replace=False, now=now, tell=_quiet)


def _keep(settings: Settings, kept: Path, keys: Path, at: datetime) -> None:
    back_up_keys(settings, keys, _PASSPHRASE, at)
    asyncio.run(back_up(settings, kept, _PASSPHRASE, version="drill", now=at, tell=_quiet))


def _elsewhere(server: LiveServer, folder: Path, url: str) -> Settings:
    more = {"data_dir": folder / "data", "database_url": url}
    return server.settings.model_copy(update=more)


def _readable(work: Work, member_id: UUID) -> int:
    """Their words that can be opened, and their name."""
    held = [one for field in FIELDS for one in fields.of_owner(work, member_id, field)]
    member = people.find_member(work, member_id)
    named = member is not None and member.pseudonym == _NAME
    return sum(fields.open_held(work, one) is not None for one in held) + named


def _others(work: Work) -> int:
    """Words of others that are read as they were said."""
    found = work.session.exec(
        select(Message).join(Member).where(Member.pseudonym == "Somebody who stays")
    )
    return sum("Still here" in (messages.open_text(work, one) or "") for one in found)


def _sessions(work: Work, member_id: UUID) -> int:
    return len(work.session.exec(select(Session).where(Session.member_id == member_id)).all())


def _a_day_later(work: Work, member_id: UUID) -> None:
    row = erasing.find(work, member_id)
    assert row is not None
    row.due_at = work.now
    work.session.add(row)


def _is_done(work: Work, member_id: UUID) -> bool:
    row = erasing.find(work, member_id)
    return row is not None and row.done_at is not None


def _found_in(folder: Path) -> int:
    """How often their words or their name stand in a file."""
    wanted = (_CANARY.encode(), _NAME.encode())
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sum(path.read_bytes().count(one) for path in files for one in wanted)


def _quiet(*_: object) -> None:
    return
