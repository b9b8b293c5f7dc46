"""The built web as browsers get it: few heads, and what is needed first is named first."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID

import pytest

from server.api import pages
from server.client import Http
from server.ids import new_id
from server.protocol import bodies
from tests.server.in_process import serving_app

Answer = tuple[int, dict[str, str], bytes]
WORDS = {"en": ["/_app/immutable/en.js"], "de": ["/_app/immutable/de.js"]}


@pytest.fixture
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server with a small web of its own."""
    build = tmp_path / "build"
    files = build / "_app/immutable"
    files.mkdir(parents=True)
    (build / "index.html").write_text("<title>Every page</title>")
    (build / "room.html").write_text("<title>A room</title>")
    (build / "room.html.br").write_bytes(b"packed")
    (build / "words.json").write_text(json.dumps(WORDS))
    (files / "en.js").write_text("export default {};")
    monkeypatch.setattr(pages, "BUILD", build)
    pages._first_words.cache_clear()
    async with serving_app(tmp_path) as (_, settings):
        yield settings.port
    pages._first_words.cache_clear()


async def ask(port: int, path: str, **headers: str) -> Answer:
    """One page, as a browser of its own gets it."""
    return await asyncio.to_thread(_ask, port, path, headers)


def _ask(port: int, path: str, headers: dict[str, str]) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET", path, headers=named)
    answer = connection.getresponse()
    found = (
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        answer.read(),
    )
    connection.close()
    return found


async def test_a_room_begins_with_what_its_page_asks_for_first(port: int):
    http, cookie = await member(port)
    room = await first_room(http)
    _, headers, body = await ask(port, f"/rooms/{room}", cookie=cookie)
    newest = f"</api/rooms/{room}/messages?limit=50>"
    assert body == b"<title>A room</title>"
    assert f"</api/rooms/{room}>; rel=preload; as=fetch" in headers["link"]
    assert "</_app/immutable/en.js>; rel=modulepreload" in headers["link"]
    assert newest not in headers["link"], "whoever does not sit there is refused them"
    await http.take_seat(room)
    _, headers, _ = await ask(port, f"/rooms/{room}", cookie=cookie)
    assert f"{newest}; rel=preload; as=fetch" in headers["link"]


@pytest.mark.parametrize("cookie", ["", "hearth=somebody", "hearth="])
async def test_a_stranger_is_asked_for_nothing_of_a_room(port: int, cookie: str):
    _, headers, _ = await ask(port, f"/rooms/{new_id()}", cookie=cookie)
    assert "/api/" not in headers["link"]


async def test_a_room_opens_also_when_nobody_can_say_in_time_who_comes(
    port: int, monkeypatch: pytest.MonkeyPatch
):
    http, cookie = await member(port)
    monkeypatch.setattr(pages, "_KNOWN_WITHIN_S", 0.0)
    room = await first_room(http)
    status, headers, _ = await ask(port, f"/rooms/{room}", cookie=cookie)
    assert (status, "/api/" in headers["link"]) == (200, False)


async def member(port: int) -> tuple[Http, str]:
    """Their requests, and the cookie of their browser."""
    url = f"http://127.0.0.1:{port}"
    token = (await Http(url).sign_up("Ash")).token
    return Http(url, token), f"hearth={token}"


async def first_room(http: Http) -> UUID:
    return (await http.read("/api/rooms", bodies.Rooms)).rooms[0].id


@pytest.mark.parametrize("path", ["/", "/rooms", "/rooms/not-an-id", "/rooms/a/b"])
async def test_every_other_page_is_the_same(port: int, path: str):
    status, headers, body = await ask(port, path, cookie="hearth=somebody")
    assert (status, body) == (200, b"<title>Every page</title>")
    assert "/api/" not in headers["link"]


async def test_the_first_words_are_those_of_the_reader(port: int):
    _, headers, _ = await ask(port, "/", accept_language="de-AT,en;q=0.5")
    assert "/de.js" in headers["link"]
    assert "/en.js" not in headers["link"]


async def test_a_page_is_packed_for_who_can_open_it(port: int):
    _, headers, body = await ask(port, f"/rooms/{new_id()}", accept_encoding="gzip, br")
    assert (headers["content-encoding"], body) == ("br", b"packed")
    assert headers["content-type"].startswith("text/html")


async def test_a_file_for_ever_has_a_short_head_and_a_page_the_whole(port: int):
    _, page, _ = await ask(port, "/")
    _, file, _ = await ask(port, "/_app/immutable/en.js")
    assert "content-security-policy" in page
    assert "content-security-policy" not in file
    assert (file["x-content-type-options"], file["cross-origin-resource-policy"]) == (
        "nosniff",
        "same-origin",
    )


async def test_a_file_of_another_version_is_not_there_and_no_page_stands_in_for_it(port: int):
    status, headers, _ = await ask(port, "/_app/immutable/before.js")
    assert status == 404
    assert "content-security-policy" in headers
