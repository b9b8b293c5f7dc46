"""The steward's command and the loops that keep time: no shell, bounded, nothing of ours in its sight."""

import asyncio
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from server.access import Role
from server.api.background import call_those_away, keep_time
from server.api.command import run_command
from server.cli import doctor
from server.errors import Misconfigured
from server.services import alarm, by_itself, calling, queue
from server.settings import read_settings
from server.store.work import ShiftChanged
from tests.server.store_fixture import House
from tests.server.test_ladder import Scene

_KEEP = """
import pathlib, sys
with pathlib.Path(sys.argv[1]).open("a") as file:
    file.write(" ".join(sys.argv[2:]) + "\\n")
"""


def keeping(file: Path) -> list[str]:
    """A command that writes down what it is given."""
    return [sys.executable, "-c", _KEEP, str(file)]


async def test_a_command_is_run_with_its_words_and_no_shell(tmp_path: Path) -> None:
    file = tmp_path / "said"
    assert await run_command([*keeping(file), "now; touch here", "$HOME"]) == "done"
    assert file.read_text() == "now; touch here $HOME\n"


async def test_a_command_sees_none_of_our_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEARTH_DATABASE_URL", "postgresql://somebody@there/hearth")
    look = "import os, sys; sys.exit(any(name.startswith('HEARTH_') for name in os.environ))"
    assert await run_command([sys.executable, "-c", look]) == "done"


async def test_how_a_command_failed_is_told_by_a_code() -> None:
    assert await run_command([sys.executable, "-c", "raise SystemExit(3)"]) == "exit_3"
    assert await run_command(["/nowhere/at/all"]) == "not_started"


async def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    file = tmp_path / "later"
    began = time.monotonic()
    assert await run_command(["sh", "-c", f"(sleep 2; touch {file}) & wait"], limit_s=0.3) == "late"
    assert time.monotonic() - began < 2
    await asyncio.sleep(2.5)
    assert not file.exists()


async def test_the_loops_call_and_write_down_how_it_went(house: House, tmp_path: Path) -> None:
    scene = await Scene(house).set()
    case = await house.case(scene.room, scene.marram)
    file = tmp_path / "said"
    settings = SimpleNamespace(alert_command="set", alert_words=keeping(file))
    parts: Any = SimpleNamespace(database=house.database, settings=settings)
    house.clock.move(minutes=5)
    tasks = [asyncio.create_task(loop(parts)) for loop in (keep_time, call_those_away)]
    try:
        async with asyncio.timeout(20):
            while (await scene.set_calling()).last_call is None:  # noqa: ASYNC110 - written by another task
                await asyncio.sleep(0.05)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert (await scene.set_calling()).last_call == "done"
    assert file.read_text() == f"again now {case.id} {scene.room} {scene.fern.id}\n"


async def test_a_call_that_was_not_made_before_a_stop_is_made_after_it(house: House) -> None:
    scene = await Scene(house).set()
    await house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=5)
    first = await house.do(calling.words_to_pass)
    assert len(first) == 1
    assert await house.do(calling.words_to_pass) == first


async def test_a_room_no_longer_counts_on_somebody_who_is_gone(house: House) -> None:
    scene = await Scene(house).set()
    await scene.pass_time(days=91)
    assert ShiftChanged(scene.fern.id, False) in house.told
    assert await house.do(by_itself.find_forsaken) == []


async def test_a_held_message_says_who_will_look(house: House) -> None:
    scene = await Scene(house).set()

    async def told() -> str:
        return await house.do(lambda work: alarm.who_looks(work, scene.room))

    assert await told() == "held"
    await house.do(lambda work: queue.change_shift(work, scene.fern, on=False))
    assert await told() == "on_call"
    await scene.set_calling(on_call=[])
    assert await told() == "nobody_on"


async def test_whoever_is_on_call_without_a_seat_is_not_called(house: House) -> None:
    scene = await Scene(house).set()
    far = await house.join("farpath", Role.MODERATOR)
    shown = await scene.set_calling(on_call=[far.id])
    assert shown.on_call[0].rooms == []
    await house.case(scene.room, scene.marram)
    await scene.pass_time(minutes=15)
    assert await scene.told(far, "called") == []


def test_the_doctor_says_when_the_command_cannot_be_run(tmp_path: Path) -> None:
    settings = read_settings({}, data_dir=tmp_path, alert_command="/nowhere/at/all 'two words'")
    assert settings.alert_words == ["/nowhere/at/all", "two words"]
    assert doctor._calling(settings)[0] is False
    assert doctor._calling(read_settings({}, data_dir=tmp_path))[0] is True


def test_a_command_with_an_open_quotation_mark_is_refused() -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({}, alert_command="call 'them")
    assert "HEARTH_ALERT_COMMAND" in refused.value.detail
