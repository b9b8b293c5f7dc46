"""docs/client.md shows a program that runs as it stands there."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from server.client import Client, Http
from server.protocol import bodies, frames
from tests.server.live_server import ROOT, LiveServer, hasty

(PROGRAM,) = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "client.md").read_text("utf-8"), re.DOTALL
)

ANSWER = "A program says: nine to five."


@asynccontextmanager
async def running(folder: Path, url: str) -> AsyncIterator[Process]:
    """The program, until it is killed."""
    file = folder / "hours.py"
    file.write_text(PROGRAM, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, file, url, folder / "hours.json", stdout=PIPE, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


async def says(process: Process, words: str) -> None:
    """Return when it has printed this line."""
    assert process.stdout
    async with asyncio.timeout(60):
        while line := (await process.stdout.readline()).decode():
            if line.strip() == words:
                return
    raise AssertionError(f"it ended before it said: {words}")


async def test_it_answers_each_question_once_whatever_is_restarted(
    live_server: LiveServer, tmp_path: Path
) -> None:
    entered = await Http(live_server.url).sign_up("Willow")
    assert entered.token
    http = Http(live_server.url, entered.token)
    room = (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await http.take_seat(room)
    async with Client(live_server.url, entered.token, back_off=hasty()) as willow:
        with willow.listening() as heard:
            await willow.join(room)
            async with running(tmp_path, live_server.url) as program:
                await says(program, "listening")
                await willow.post(room, "hours?")
                await says(program, "answered: posted")
                await live_server.restart()
                await willow.post(room, "hours?")
                await says(program, "answered: posted")
            await willow.post(room, "Is it still there?")
            await willow.post(room, "hours?")
            async with running(tmp_path, live_server.url):
                texts = await _messages(heard, until=lambda texts: texts.count(ANSWER) == 3)
                await willow.post(room, "That is all.")
                texts += await _messages(heard, until=lambda texts: "That is all." in texts)
    assert texts.count("hours?") == 3
    assert texts.count(ANSWER) == 3
    assert (tmp_path / "hours.json").stat().st_mode & 0o077 == 0


async def _messages(
    heard: AsyncIterator[frames.ServerFrame], *, until: Callable[[list[str]], bool]
) -> list[str]:
    texts: list[str] = []
    async with asyncio.timeout(60):
        while not until(texts):
            frame = await anext(heard)
            if isinstance(frame, frames.Message):
                texts.append(frame.text)
    return texts
