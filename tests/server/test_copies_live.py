"""Backup, restore, keys and move beside a real server that people talk on, by their commands."""

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from server.client import Client
from server.protocol import frames
from server.store import messages
from server.store.tables import Message
from server.store.work import Work
from tests.server.live_server import COMMAND as HEARTH
from tests.server.live_server import ROOT, LiveServer, hasty
from tests.server.peopled import let_in


@pytest.fixture
async def talking(server: Any, tmp_path: Path) -> AsyncIterator[LiveServer]:
    """A server on either database."""
    url = await server.create() if server else ""
    live = LiveServer(tmp_path / "hearth", database_url=url)
    await live.start()
    yield live
    live.kill()


@pytest.fixture
def passphrase(tmp_path: Path) -> list[str]:
    """The option with a file for its owner alone."""
    file = tmp_path / "passphrase"
    file.touch(mode=0o600)
    file.write_text("seven quiet otters\n")
    return ["--passphrase-file", str(file)]


async def hearth(server: LiveServer, *arguments: str | Path) -> tuple[int, str]:
    """Exit code and output of a command on the server's data."""
    process = await asyncio.create_subprocess_exec(
        *HEARTH, *map(str, arguments), cwd=ROOT, env=server.environment(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def said(work: Work, room: Any) -> list[tuple[int | None, str | None]]:
    query = select(Message).where(Message.room_id == room).order_by(col(Message.seq))
    return [(one.seq, messages.open_text(work, one)) for one in work.session.exec(query)]


async def test_people_read_anew_after_a_backup_was_put_back(
    talking: LiveServer, passphrase: list[str], tmp_path: Path
) -> None:
    room, token = await talking.on_database(partial(let_in, name="marram"))
    heard: list[frames.ServerFrame] = []
    async with Client(talking.url, token, back_off=hasty(), hear=heard.append) as client:
        await client.join(room)
        await client.post(room, "before")
        assert client.hello
        epoch = client.hello.epoch
        code, words = await hearth(talking, "backup", "--to", tmp_path / "kept", *passphrase)
        assert (code, "1 messages" in words, "holds no keys" in words) == (0, True, True), words
        await client.post(room, "after")

        code, words = await hearth(talking, "restore", tmp_path / "kept", "--replace", *passphrase)
        assert (code, "stop" in words) == (1, True), words
        await talking.stop()
        code, words = await hearth(talking, "restore", tmp_path / "kept", *passphrase)
        assert (code, "--replace" in words) == (1, True), words
        code, words = await hearth(talking, "restore", tmp_path / "kept", "--replace", *passphrase)
        assert (code, "Put back in" in words) == (0, True), words
        await talking.start()
        async with asyncio.timeout(30):
            while not any(isinstance(frame, frames.Reset) for frame in heard):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        reset = next(frame for frame in heard if isinstance(frame, frames.Reset))
        assert reset.epoch != epoch
        await client.post(room, "anew")
    first = await talking.on_database(partial(said, room=room))
    assert [text for _, text in first] == ["before", "anew"]
    await talking.stop()
    assert (await hearth(talking, "audit", "verify"))[0] == 0


async def test_keys_that_were_lost_come_back(
    talking: LiveServer, passphrase: list[str], tmp_path: Path
) -> None:
    room, token = await talking.on_database(partial(let_in, name="marram"))
    async with Client(talking.url, token, back_off=hasty()) as client:
        await client.join(room)
        await client.post(room, "sealed")
    code, words = await hearth(talking, "doctor")
    assert "MEND  key copy: " in words
    code, words = await hearth(talking, "keys", "backup", "--to", tmp_path / "keys", *passphrase)
    assert (code, "keys: the key file and " in words) == (0, True), words
    assert "well  key copy: " in (await hearth(talking, "doctor"))[1]
    await talking.stop()

    talking.settings.key_path.unlink()
    (talking.settings.data_dir / "keys.sqlite3").unlink()
    assert (await hearth(talking, "serve"))[0] == 1
    code, words = await hearth(talking, "keys", "restore", tmp_path / "keys", *passphrase)
    assert (code, "is back" in words, " keys are back" in words) == (0, True, True), words
    await talking.start()
    assert await talking.on_database(partial(said, room=room)) == [(2, "sealed")]


@pytest.mark.embedded("it is what moves to PostgreSQL")
async def test_a_community_moves_while_its_people_talk(
    live_server: LiveServer, postgres: Any, passphrase: list[str], tmp_path: Path
) -> None:
    url = await postgres.create()
    room, token = await live_server.on_database(partial(let_in, name="marram"))
    async with Client(live_server.url, token, back_off=hasty()) as client:
        await client.join(room)
        assert client.hello
        epoch = client.hello.epoch
        stop = asyncio.Event()
        talking = asyncio.create_task(_keep_talking(client, room, stop))
        moving = await asyncio.create_subprocess_exec(
            *HEARTH, "move", "--to", url, cwd=ROOT, env=live_server.environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert moving.stdout
        async with asyncio.timeout(60):
            told = await moving.stdout.readline()
        assert told.startswith(b"Everything is there and compared."), told
        await asyncio.sleep(1)  # people write, and are asked to come back
        await live_server.stop()
        words = (await moving.stdout.read()).decode()
        assert await moving.wait() == 0, words
        assert "0 differences" in words
        assert re.search(r"Writing was refused for \d+\.\d s", words)

        code, told_then = await hearth(live_server, "serve")
        assert (code, "moved to PostgreSQL" in told_then) == (1, True), told_then
        code, told_then = await hearth(live_server, "move", "--to", url)
        assert (code, "has moved already" in told_then) == (0, True), told_then
        live_server.move_to(url)
        await live_server.start()
        await asyncio.sleep(1)
        stop.set()
        answers = await talking
        assert client.hello.epoch == epoch
    there = await live_server.on_database(partial(said, room=room))
    assert there == [(seq, f"{number}") for number, seq in enumerate(answers)]
    assert answers == [*range(answers[0], answers[0] + len(answers))]
    await live_server.stop()
    assert (await hearth(live_server, "audit", "verify"))[0] == 0


async def _keep_talking(client: Client, room: Any, stop: asyncio.Event) -> list[int]:
    answers: list[int] = []
    while not stop.is_set():
        answer = await client.post(room, f"{len(answers)}")
        assert isinstance(answer, frames.Posted), answer
        answers.append(answer.seq)
        await asyncio.sleep(0.05)
    return answers
