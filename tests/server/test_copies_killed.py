"""Killed in the middle of a backup, a restore or a move: what was there is there, and trying again does it."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from server.settings import Settings, read_settings
from server.store import audit, beside
from server.store.copies.backup import verify
from server.store.copies.lines import MOMENTARY, Side, sum_up
from server.store.copies.postgres_side import postgres_side
from server.store.copies.sqlite_side import look_at_sqlite
from server.store.migrating import MOVING
from server.store.occupied import check_still_here
from tests.server.dying import PASSPHRASE
from tests.server.live_server import ROOT
from tests.server.peopled import people

_POINTS = 3
_LAST = 3
"""So many points spread over all the steps, and each of the last few."""
_AFTER_THE_MARK = 6


@pytest.fixture
async def settings(server: Any, tmp_path: Path) -> Settings:
    """A place with people in it, on either database."""
    url = await server.create() if server else ""
    settings = read_settings({}, data_dir=tmp_path / "data", database_url=url)
    await asyncio.to_thread(people, settings, 100)
    return settings


async def dying(settings: Settings, step: int, what: str, where: Path | str) -> int | None:
    """Its steps when it lived, None when it died."""
    plain = {k: v for k, v in os.environ.items() if not k.upper().startswith("HEARTH_")}
    mine = {"HEARTH_DATA_DIR": str(settings.data_dir), "HEARTH_DATABASE_URL": settings.database_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.dying", str(step), what, str(where),
        cwd=ROOT, env=plain | mine, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode in {0, -9}, output
    return int(output.split()[-1]) if process.returncode == 0 else None


def points(steps: int) -> list[int]:
    """Where to die."""
    spread = range(1, steps - _LAST, max(1, steps // _POINTS))
    return [*spread, *range(steps - _LAST, steps + 1)]


async def sums(side: Side) -> dict[str, tuple[int, str]]:
    found = {shape.table: await sum_up(side, shape) for shape in await side.shapes()}
    return {table: (total.rows, total.sha256) for table, total in found.items()}


async def everything(settings: Settings) -> dict[str, tuple[int, str]]:
    if settings.database_url:
        async with postgres_side(settings.database_url) as there:
            return await sums(there)
    with look_at_sqlite(settings.sqlite_path) as here:
        return await sums(here)


async def test_a_backup_that_was_killed_leaves_no_file_of_that_name(
    settings: Settings, tmp_path: Path
) -> None:
    steps = await dying(settings, 0, "backup", tmp_path / "first")
    assert steps
    died = 0
    for step in points(steps):
        path = tmp_path / f"kept{step}"
        lived = await dying(settings, step, "backup", path)
        died += lived is None
        if path.exists():  # it died after all was done
            verify(path, PASSPHRASE, lambda *_: None)
    assert died > _LAST
    assert await dying(settings, 0, "backup", tmp_path / "kept1")
    verify(tmp_path / "kept1", PASSPHRASE, lambda *_: None)


async def test_a_restore_that_was_killed_leaves_the_old_or_the_new_and_never_half(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "kept"
    assert await dying(settings, 0, "backup", path)
    await asyncio.to_thread(
        beside.do, settings, lambda work: audit.append(work, None, "later", None)
    )
    later = await everything(settings)
    steps = await dying(settings, 0, "restore", path)
    assert steps
    kept = await everything(settings)
    fresh = {table for table in kept if kept[table] != later[table]}
    assert fresh - MOMENTARY == {"place", "audit"}
    seen = set()
    for step in points(steps):
        await asyncio.to_thread(
            beside.do, settings, lambda work: audit.append(work, None, "later", None)
        )
        before = await everything(settings)
        await dying(settings, step, "restore", path)
        after = await everything(settings)
        is_old = after == before
        seen.add(is_old)
        changed = {table for table in after if after[table] != kept[table]}
        assert is_old or changed - MOMENTARY <= {"place", "audit"}
        assert after["audit"][0] == (before if is_old else kept)["audit"][0]
    assert seen == {True, False}


async def test_a_move_that_was_killed_goes_on_and_nobody_is_served_twice(
    postgres: Any, tmp_path: Path
) -> None:
    settings = read_settings({}, data_dir=tmp_path / "data")
    await asyncio.to_thread(people, settings, 200)
    before = await everything(settings)
    counted = settings.model_copy(update={"data_dir": tmp_path / "counted"})
    await asyncio.to_thread(people, counted, 200)
    steps = await dying(counted, 0, "move", await postgres.create())
    assert steps
    url = await postgres.create()
    there = settings.model_copy(update={"database_url": url})
    deaths = 0
    for step in (steps // 2, steps // 3, *range(-1, -_AFTER_THE_MARK, -1)):
        deaths += await dying(settings, step, "move", url) is None
        assert await everything(settings) == before
        if await _has_begun(url):
            with pytest.raises(Exception, match="not_now"):  # another community is not begun there
                await asyncio.to_thread(beside.do, there, audit.head)
        elif await _has_arrived(url):
            assert settings.moved_path.exists()
    assert deaths >= _AFTER_THE_MARK // 2
    assert await dying(settings, 0, "move", url)
    with pytest.raises(Exception, match="misconfigured"):
        check_still_here(settings)
    after = await everything(settings.model_copy(update={"database_url": url}))
    assert {table for table in before if before[table] != after[table]} <= {"audit"}
    assert await everything(settings) == before


async def _has_begun(url: str) -> bool:
    async with postgres_side(url) as side:
        return bool(await side.driver.fetchval("SELECT to_regnamespace($1) IS NOT NULL", MOVING))


async def _has_arrived(url: str) -> bool:
    async with postgres_side(url) as side:
        return await side.has("place")
