"""A migration that is killed at any statement, and one beside people who talk: whole afterwards, and nothing lost.

The last migrations are killed before each statement and before each commit; what was killed is started again. Then
a community of many messages goes down to its first shape and up again; and what served before the newest migration
goes on serving while it is made, as in a rolling update, and serves again when it is started after it.
"""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, delete, select

from server.settings import Settings, read_settings
from server.store import beside, migrating
from server.store.migrating import migrate
from server.store.tables import Assessment
from server.store.work import Work
from tests.drills._crowd import gather
from tests.drills._filled import Sums, all_sums, differing, fill
from tests.drills._services import PostgresHere
from tests.drills._sizes import size
from tests.drills._steady import Steady
from tests.server.live_server import COMMAND, ROOT, LiveServer
from tests.server.migrated import differences, look
from tests.services import Postgres, folder_of_nobody

_MESSAGES = 100_000
_FEW = 200
"""Of members alone: since when somebody is staff is set anew by each migration that adds it."""
_RATE = 20
_AROUND_S = 3.0
_MOST_WAIT_S = 5.0
_REVISION = re.compile('^NEWEST = "(.+)"$', re.MULTILINE)


def run() -> dict[str, Any]:
    """LAST (5) migrations are killed; BACK (all but the first) go down and up again with MESSAGES (100000); RATE (20)
    posts a second beside the newest one.

    ok: killed anywhere, on both databases, the next start finds or makes a whole database with all that was in it;
    down and up again changes nothing; beside the older version no post fails, waits 5 s, or is lost, and the older
    version, started after the newest migration, serves. Controls, each caught: statements that are committed one by
    one, and a row that is dropped.
    """
    last, messages = size("LAST", 5), size("MESSAGES", _MESSAGES)
    steps = size("BACK", len(_revisions()) - 1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hearth-migrations-")))
        here = PostgresHere(*stack.enter_context(folder_of_nobody()))
        here.make()
        stack.callback(here.end, signal.SIGQUIT)
        asyncio.run(here.start())
        postgres = Postgres(here.url)
        killed = {
            "sqlite": _kill_everywhere(_Files(folder / "killed", last)),
            "postgres": _kill_everywhere(_Databases(folder / "killed2", last, postgres)),
        }
        control = _kill_everywhere(_Files(folder / "control", last), one_by_one=True)
        back = {
            "sqlite": _down_and_up(read_settings({}, data_dir=folder / "back"), steps, messages),
            "postgres": _down_and_up(_on(postgres, folder / "back2"), steps, messages),
        }
        beside_old = asyncio.run(_beside_old(folder / "old", postgres, messages))
    figures = {"killed": killed, "down_and_up": back, "beside_the_older": beside_old}
    caught = {
        "control_one_by_one_caught": control["not_whole"] > 0,
        "control_dropped_row_caught": all(one["dropped_row_seen"] for one in back.values()),
    }
    return figures | caught | {"ok": all(caught.values()) and _holds(figures)}


def _holds(figures: dict[str, Any]) -> bool:
    killed, back, old = (figures[name] for name in ("killed", "down_and_up", "beside_the_older"))
    return bool(
        all(one["kills"] > 0 and not one["not_whole"] for one in killed.values())
        and not any(one["differing"] for one in back.values())
        and old["posted"] > 0
        and old["posted_after_its_restart"] > 0
        and not old["lost"]
        and old["longest_post_s"] <= _MOST_WAIT_S
    )


# --- killed ---


class _Files:
    """The embedded database as it was before the last migrations, to be copied."""

    def __init__(self, folder: Path, last: int) -> None:
        self._folder = folder
        self._first = read_settings({}, data_dir=folder / "first")
        self._number = 0
        fill(self._first, _FEW)
        migrate(self._first, f"-{last}")

    def copy(self) -> Settings:
        """Another one like it."""
        self._number += 1
        there = self._folder / str(self._number)
        shutil.copytree(self._first.data_dir, there)
        return read_settings({}, data_dir=there)


class _Databases:
    """The same in PostgreSQL."""

    def __init__(self, folder: Path, last: int, postgres: Postgres) -> None:
        self._folder, self._postgres = folder, postgres
        self._first = _on(postgres, folder)
        fill(self._first, _FEW)
        migrate(self._first, f"-{last}")

    def copy(self) -> Settings:
        """Another one like it."""
        template = self._first.database_url.rpartition("/")[2]
        url = asyncio.run(self._postgres.create(template))
        return read_settings({}, data_dir=self._folder, database_url=url)


def _on(postgres: Postgres, folder: Path) -> Settings:
    url = asyncio.run(postgres.create())
    return read_settings({}, data_dir=folder, database_url=url)


def _kill_everywhere(places: _Files | _Databases, *, one_by_one: bool = False) -> dict[str, int]:
    """Before each statement and each commit in turn, until it comes to its end. Returns how it was found after."""
    whole = places.copy()
    migrate(whole)
    sums = asyncio.run(all_sums(whole))
    kills = not_whole = 0
    while True:
        settings = places.copy()
        if not _killed_before(kills, settings, one_by_one=one_by_one):
            return {"kills": kills, "not_whole": not_whole}
        kills += 1
        not_whole += not _is_whole_again(settings, sums)


def _killed_before(number: int, settings: Settings, *, one_by_one: bool) -> bool:
    """In a process of its own. False: it came to its end before there were so many steps."""
    child = os.fork()
    if child == 0:
        _kill_before(number)
        if one_by_one:
            event.listen(Engine, "after_cursor_execute", _commit_each)
        try:
            migrate(settings)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _kill_before(number: int) -> None:
    left = [number]

    def step(*_: Any) -> None:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)


def _commit_each(_: Connection, cursor: Any, *__: Any) -> None:
    cursor.connection.execute("COMMIT")
    cursor.connection.execute("BEGIN IMMEDIATE")


def _is_whole_again(settings: Settings, sums: Sums) -> bool:
    """After the next start: every table as it should be, with all that was in it."""
    try:
        migrate(settings)
    except SQLAlchemyError:
        return False
    shape = asyncio.run(look(settings, differences))
    return not shape and not differing(sums, asyncio.run(all_sums(settings)))


# --- down and up ---


def _revisions() -> list[str]:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    return [script.revision for script in scripts.walk_revisions()]


def _down_and_up(settings: Settings, steps: int, messages: int) -> dict[str, Any]:
    """What is filled in stands in the first shape already: no step down may drop any of it."""
    fill(settings, messages)
    before = asyncio.run(all_sums(settings))
    took = {}
    for way, revision in (("down_s", f"-{steps}"), ("up_s", "head")):
        began = time.perf_counter()
        migrate(settings, revision)
        took[way] = round(time.perf_counter() - began, 2)
    after = asyncio.run(all_sums(settings))
    beside.do(settings, _drop_one)
    spoilt = asyncio.run(all_sums(settings))
    return {
        "messages": after["message"][0],
        "steps": steps,
        **took,
        "differing": differing(before, after),
        "dropped_row_seen": differing(after, spoilt) == ["assessment"],
    }


def _drop_one(work: Work) -> None:
    one = select(Assessment.id).limit(1).scalar_subquery()
    work.session.exec(delete(Assessment).where(col(Assessment.id) == one))


# --- beside the older version ---


class _Older(LiveServer):
    """What served before the newest migration was written."""

    def __init__(self, folder: Path, program: Path, **settings: str) -> None:
        super().__init__(folder, **settings)
        self._program = program

    def launch(self) -> None:
        """Start the process; does not wait until it serves."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*COMMAND, "serve"],
                cwd=self._program,
                env=self.environment(),
                stdout=log,
                stderr=log,
            )


async def _beside_old(folder: Path, postgres: Postgres, messages: int) -> dict[str, Any]:
    """On PostgreSQL, where several workers serve: the embedded database is migrated while nobody does."""
    commit, revision = _older()
    program = folder / "program"
    _unpack(commit, program)
    server = _Older(folder / "hearth", program, database_url=await postgres.create())
    await asyncio.to_thread(fill, server.settings, messages)
    crowd = await gather(server, 1)
    while await look(server.settings, migrating.stands_at) != revision:
        await asyncio.to_thread(migrate, server.settings, "-1")
    steady = Steady(crowd.room)
    try:
        await server.start()
        async with steady.talking(server, crowd.tokens[0], size("RATE", _RATE)):
            await asyncio.sleep(_AROUND_S)
            began = time.perf_counter()
            await asyncio.to_thread(migrate, server.settings)
            took_s = time.perf_counter() - began
            await asyncio.sleep(_AROUND_S)
        posted, longest_s = len(steady.answered), steady.longest_s
        await server.stop()
        await _start_again(server, steady, crowd.tokens[0])
    finally:
        server.kill()
    return {
        "older": commit[:7],
        "migrated_s": round(took_s, 2),
        "posted": posted,
        "posted_after_its_restart": len(steady.answered) - posted,
        "longest_post_s": round(longest_s, 2),
        "lost": await asyncio.to_thread(beside.read, server.settings, steady.lost),
    }


async def _start_again(server: LiveServer, steady: Steady, token: str) -> None:
    """On the newer database. One that does not come up has nobody's post."""
    try:
        await server.start()
    except RuntimeError:
        return
    async with steady.talking(server, token, size("RATE", _RATE)):
        await asyncio.sleep(_AROUND_S)
    await server.stop()


def _older() -> tuple[str, str]:
    """The last commit before the newest migration, and what the database was then."""
    file = "server/store/migrating.py"
    for commit in _git("log", "--first-parent", "--format=%H", "--", file).split():
        found = _REVISION.search(_git("show", f"{commit}:{file}"))
        if found and found[1] != migrating.NEWEST:
            return commit, found[1]
    raise SystemExit("No older version is known here: run this drill in a clone with its history.")


def _unpack(commit: str, program: Path) -> None:
    program.mkdir(parents=True)
    tree = subprocess.run(
        ["git", "archive", commit, "server", "moderation", "migrations"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(["tar", "-x"], cwd=program, input=tree.stdout, check=True)


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
