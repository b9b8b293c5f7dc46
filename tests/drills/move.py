"""A community of a million messages moves to PostgreSQL while it is talked in, killed on the way: 0 differences."""

import asyncio
import random
import re
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg

from server.settings import Settings
from tests import installed
from tests.drills._crowd import gather
from tests.drills._filled import all_sums, differing, fill
from tests.drills._sizes import size
from tests.drills._steady import Steady
from tests.server.live_server import COMMAND, ROOT, LiveServer
from tests.services import Postgres, postgres_process

_MOST_S = 1.0
"""A move that is to be killed lives on for so long, at most."""
_ARRIVED = "SELECT count(*) FROM hearth_move_notes.part WHERE table_name = 'message'"
_DROP = """
DELETE FROM hearth_moving.message WHERE id = (SELECT id FROM hearth_moving.message ORDER BY id LIMIT 1)
"""
_WRITTEN_DOWN = "audit"
"""That it was moved is written into the log over there."""


def run() -> dict[str, Any]:
    """MESSAGES (1000000), KILLS (3), RATE (20) posts a second meanwhile, SEED (1).

    ok: no table differs from the source; no acknowledged post is lost; a row that was dropped over there
    on the way is copied again; and the control, a row dropped and one changed after, is found.
    """
    if not installed.find_postgres("postgres"):
        raise SystemExit(installed.how_to_install(["PostgreSQL"]))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-move-")))
        return asyncio.run(_run(folder, stack.enter_context(postgres_process())))


async def _run(folder: Path, postgres: str) -> dict[str, Any]:
    messages, rate = size("MESSAGES", 1_000_000), size("RATE", 20)
    rng = random.Random(size("SEED", 1))
    server = LiveServer(folder / "hearth")
    source = server.settings
    await asyncio.to_thread(fill, source, messages)
    print("filled", flush=True)
    url = await Postgres(postgres).create()
    there = source.model_copy(update={"database_url": url})
    try:
        await server.start()
        crowd = await gather(server, 1)
        steady = Steady(crowd.room)
        began = time.perf_counter()
        async with steady.talking(server, crowd.tokens[0], rate):
            kills = 0
            for number in range(size("KILLS", 3)):
                kills += await _move_and_kill(server, url, rng, number + 1)
            dropped = await _drop_one(url)
            words = await _move(server, url)
            moved_s = time.perf_counter() - began
            here, over_there = await all_sums(source), await all_sums(there)
            differences = set(differing(here, over_there)) - {_WRITTEN_DOWN}
            server.move_to(url)
            await server.start()
            await asyncio.sleep(2)
        lost = await server.on_database(steady.lost)
    finally:
        server.kill()
    mended = int((re.search(r"(\d+) parts had not arrived", words) or [0, 0])[1])
    refused_s, stop_s = (
        float((re.search(rf"(\d+\.\d) s{what}", words) or [0, -1])[1])
        for what in (":", " to compare")
    )
    caught = await _is_caught(url, there)
    return {
        "messages": here["message"][0],
        "rows": sum(rows for rows, _ in here.values()),
        "killed": kills,
        "moved_s": round(moved_s, 1),
        "stop_s": stop_s,
        "refused_s": refused_s,
        "mended": mended,
        "acked": len(steady.answered),
        "acked_lost": lost,
        "differences": len(differences),
        "control_caught": caught,
        "ok": not differences and lost == 0 and mended >= dropped == 1 and stop_s >= 0 and caught,
    }


async def _move(server: LiveServer, url: str) -> str:
    """To its end: the server is ended when it says so. Returns what it said."""
    process = await _started(server, url)
    assert process.stdout
    first = (await process.stdout.readline()).decode()
    print(first, flush=True)
    await server.stop()
    words = first + (await process.stdout.read()).decode()
    assert await process.wait() == 0, words
    return words


async def _move_and_kill(server: LiveServer, url: str, rng: random.Random, parts: int) -> bool:
    """Somewhere after so many parts of what was said have arrived. False when it had come to the stop already."""
    process = await _started(server, url)
    assert process.stdout
    told = asyncio.create_task(process.stdout.readline())
    while not told.done() and await _arrived(url) < parts:  # noqa: ASYNC110 - it tells nobody else
        await asyncio.sleep(0.05)
    await asyncio.wait([told], timeout=rng.random() * _MOST_S)
    came_to_the_stop = told.done()
    process.kill()
    await process.wait()
    await told
    print("killed", flush=True)
    return not came_to_the_stop


async def _arrived(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(_ARRIVED))
    except asyncpg.UndefinedTableError:
        return 0
    finally:
        await connection.close()


async def _started(server: LiveServer, url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *COMMAND, "move", "--to", url, cwd=ROOT, env=server.environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def _drop_one(url: str) -> int:
    """A message that had arrived is gone again. Returns how many: none when it was killed before any came."""
    try:
        done = await _execute(url, _DROP)
    except asyncpg.UndefinedTableError:
        return 0
    return int(done.split()[-1])


async def _is_caught(url: str, there: Settings) -> bool:
    """A row less, and a letter changed: both are found, and nothing else."""
    before = await all_sums(there)
    await _execute(url, "DELETE FROM assessment WHERE id = (SELECT id FROM assessment LIMIT 1)")
    await _execute(
        url, "UPDATE room SET name = name || '.' WHERE id = (SELECT id FROM room LIMIT 1)"
    )
    return differing(before, await all_sums(there)) == ["assessment", "room"]


async def _execute(url: str, statement: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.execute(statement))
    finally:
        await connection.close()
