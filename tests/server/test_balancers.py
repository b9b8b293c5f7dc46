"""What stands in front of Hearth as deploy/ has it: WebSockets pass, fetched lines wait, nobody makes up an address."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from server.client import Client
from server.protocol import frames
from tests.drills._crowd import Crowd, gather
from tests.server.balancer import PROGRAMS, Balancer, as_deployed, is_here
from tests.server.live_server import LiveServer, free_port, hasty
from tests.server.narrow_proxy import NarrowProxy


@dataclass(frozen=True, slots=True)
class Front:
    """A balancer, and the one server that is up behind it: the other is not there."""

    server: LiveServer
    port: int
    crowd: Crowd

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module", params=[*PROGRAMS])
async def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Front]:
    program, folder = request.param, tmp_path_factory.mktemp(request.param)
    if not is_here(program):
        pytest.skip(f"no {program} on this machine")
    server = LiveServer(folder / "hearth", trusted_proxies="127.0.0.1", limits="normal")
    await server.start()
    port = free_port()
    balancer = Balancer(program, folder, as_deployed(program, port, server.port), port)
    try:
        await balancer.start()
        yield Front(server, port, await gather(server, 2))
    finally:
        await balancer.stop()
        server.kill()


async def test_a_websocket_passes_and_stays(front: Front) -> None:
    heard: list[frames.ServerFrame] = []
    one, two = front.crowd.tokens
    async with (
        Client(front.url, one, back_off=hasty()) as author,
        Client(front.url, two, back_off=hasty(), hear=heard.append) as reader,
    ):
        assert not author.is_slow
        await author.join(front.crowd.room)
        await reader.join(front.crowd.room)
        assert isinstance(await author.post(front.crowd.room, "Through the front."), frames.Posted)
        async with asyncio.timeout(20):
            while not any(isinstance(frame, frames.Message) for frame in heard):  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_frames_are_fetched_through_it_where_no_websocket_opens(front: Front) -> None:
    async with (
        NarrowProxy(front.port) as narrow,
        Client(narrow.url, front.crowd.tokens[0], back_off=hasty()) as client,
    ):
        assert client.is_slow
        await client.join(front.crowd.room)
        assert isinstance(await client.post(front.crowd.room, "The slow way."), frames.Posted)
        assert narrow.counts["cut"] == 0


async def test_a_question_may_wait_as_long_as_the_server_lets_it(front: Front) -> None:
    headers = {"Authorization": f"Bearer {front.crowd.tokens[0]}"}
    async with httpx2.AsyncClient(
        base_url=front.url, headers=headers, trust_env=False, timeout=60
    ) as asking:
        opened = await asking.post("/api/lines")
        line = f"/api/lines/{opened.json()['line']}"
        last = (await _hear(asking, line)).json()["last"]
        answer = await _hear(asking, line, after=last, wait_s=3)
        assert (answer.status_code, answer.json()["frames"]) == (200, [])
        assert answer.elapsed >= timedelta(seconds=3)


async def _hear(asking: httpx2.AsyncClient, line: str, **params: int) -> httpx2.Response:
    """Where several workers serve, one of them has the line: until that one is asked, as protocol.md has it."""
    async with asyncio.timeout(60):
        while True:
            answer = await asking.get(line, params=params)
            if answer.status_code != 404:
                return answer


async def test_nobody_hides_behind_an_address_that_they_made_up(front: Front) -> None:
    """Thirty log-ins in an hour from one network: by the address that the balancer saw, whatever is claimed."""
    async with httpx2.AsyncClient(base_url=front.url, trust_env=False, timeout=60) as asking:
        codes = set()
        for number in range(32):
            answer = await asking.post(
                "/api/sessions",
                json={
                    "pseudonym": f"Nobody {number}",
                    "passphrase": "seven quiet otters",
                    "as_program": True,
                },
                headers={"X-Forwarded-For": f"203.0.{number}.1"},
            )
            codes.add((answer.status_code, answer.json()["code"]))
    assert (429, "too_fast") in codes


@pytest.mark.parametrize("program", PROGRAMS)
def test_it_is_what_the_program_reads(program: str, tmp_path: Path) -> None:
    if not is_here(program):
        pytest.skip(f"no {program} on this machine")
    path = tmp_path / "config"
    path.write_text(as_deployed(program, 8000, 8001))
    check = ["-c", "-f"] if program == "haproxy" else ["-t", "-p", str(tmp_path), "-c"]
    checked = subprocess.run([program, *check, str(path)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
