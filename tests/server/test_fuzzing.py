"""A part of the drills `fuzz-http` and `fuzz-frames` on every run, and what they found once."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from server.access import Role
from server.client import Http
from tests.drills.fuzz_http import from_openapi
from tests.server.fuzzing.corpora import EVALUATED, injections, scripts
from tests.server.fuzzing.hostile import Maker
from tests.server.fuzzing.lines import Outcome, attack
from tests.server.fuzzing.operations import Fuzzed
from tests.server.fuzzing.texts import formulas, read_any
from tests.server.fuzzing.wire import spring
from tests.server.live_server import LiveServer
from tests.server.malforming.sockets import malformed_frames
from tests.server.malforming.world import build, valid_frames

_OPERATIONS_SO_MANIETH = 30
_FRAMES = 150


async def test_requests_made_from_the_openapi_are_answered_as_it_says(
    standing_server: LiveServer,
) -> None:
    openapi = await Http(standing_server.url).call("GET", "/api/openapi.json")
    found = await from_openapi(standing_server, openapi, 100, every=_OPERATIONS_SO_MANIETH)
    assert list(found.wrong.values()) == []
    assert found.counts["cases"] >= 50


async def test_http_that_no_client_speaks_lets_nobody_in(standing_server: LiveServer) -> None:
    world, into = await build(standing_server), Fuzzed()
    took = await asyncio.to_thread(spring, standing_server.port, world.tokens[Role.PEER], into)
    assert list(into.wrong.values()) == []
    assert len(took) > 100


async def test_hostile_frames_end_a_line_with_the_code_that_says_why(
    standing_server: LiveServer,
) -> None:
    world, outcome = await build(standing_server), Outcome()
    texts = [made.text for made in malformed_frames(world)]
    maker = Maker(7, texts, [*valid_frames(world).values()], [world.other])
    await attack(standing_server.port, world.tokens[Role.PEER], maker, _FRAMES, outcome)
    assert outcome.wrong == []
    assert outcome.counts["frames"] >= _FRAMES
    assert set(outcome.ended) <= {1000, 1002, 1007, 1009}
    assert "Traceback" not in standing_server.log.read_text()


@pytest.mark.parametrize("path", ["/" + "a" * 300, "/%00", "/" + "a/" * 3_000])
async def test_what_no_file_can_be_called_is_a_page(standing_server: LiveServer, path: str) -> None:
    assert b"<!doctype html>" in (await asyncio.to_thread(read_any, standing_server, path)).lower()


@pytest.mark.parametrize("path", ["/api/sessions", "/plain/log-in"])
async def test_a_body_without_a_length_is_too_large_and_not_malformed(
    standing_server: LiveServer, path: str
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"a" * 65_536

    async with httpx2.AsyncClient(base_url=standing_server.url) as asking:
        kind = (
            "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
        )
        headers = {"content-type": kind, "origin": standing_server.url}
        answer = await asking.post(path, content=pieces(), headers=headers)
    assert answer.status_code == 413, answer.text


def test_the_corpora_are_large_and_no_payload_holds_its_own_proof() -> None:
    assert len(injections()) >= 500
    assert len(scripts()) >= 500
    assert not any(EVALUATED in one for one in injections())


def test_a_cell_that_a_spreadsheet_would_carry_out_is_seen() -> None:
    assert formulas('a,b\n=1+1,2\n-1,+1\n"@SUM(1)",\'=1\n') == 2
