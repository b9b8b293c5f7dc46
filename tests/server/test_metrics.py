"""Seen from outside: true figures on a port of its own, and no word, name or id in metrics, traces or log."""

import asyncio
import io
import logging
import urllib.error
import urllib.request
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from server import tracing
from server.api.background import look
from server.api.metrics import metrics_served
from server.cli.members import add_member, make_token
from server.client import Client, Http
from server.errors import Misconfigured
from server.logs import JsonLines, Lately
from server.protocol import bodies, frames
from server.protocol.well import Well
from server.settings import read_settings
from server.store import beside
from tests import engines
from tests.server.collector import collecting
from tests.server.in_process import serving_app
from tests.server.live_server import free_port

CANARY = "a canary in the coal cellar"
DANGER = f"I am going to kill myself tonight. {CANARY}"
NAME = "Wintergreen"
TOKEN = "0123456789abcdef0123"


@dataclass
class Seen:
    """All that could be seen of a server in which somebody in danger wrote."""

    metrics: str
    closed: int
    """The status for who brings no token."""
    among_pages: bool
    traces: bytes
    log: str
    well: Well
    room: str


@pytest.fixture(scope="module")
async def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return await _watch(tmp_path_factory.mktemp("hearth"))


async def _watch(folder: Path) -> Seen:
    token_file = folder / "token"
    token_file.write_text(TOKEN + "\n")
    port = free_port()
    log = io.StringIO()
    handlers = [logging.StreamHandler(log), Lately()]
    handlers[0].setFormatter(JsonLines())

    def change(app: FastAPI) -> None:
        app.state.settings = app.state.settings.model_copy(
            update={"metrics_port": port, "metrics_token_file": token_file}
        )
        stack.enter_context(
            metrics_served(app.state.settings, partial(getattr, app.state, "parts", None))
        )

    async with AsyncExitStack() as stack:
        collected = stack.enter_context(collecting())
        for handler in handlers:
            logging.getLogger().addHandler(handler)
            stack.callback(logging.getLogger().removeHandler, handler)
        stack.enter_context(tracing.tracing_to(collected.url))
        app, settings = await stack.enter_async_context(serving_app(folder, change=change))
        url = f"http://127.0.0.1:{settings.port}"
        room = await _talk(url)
        logging.getLogger("server.test").error("a timer failed: %s", "KeyError")
        logging.getLogger("asyncio").error("Task failed\n%s", CANARY)
        await look(app.state.parts)
        app.state.parts.watch.end_minute(app.state.parts.watch.since)
        steward = Http(url, await asyncio.to_thread(beside.do, settings, _steward))
        well = await steward.read("/api/steward/well", Well)
        metrics = await asyncio.to_thread(_read, port, TOKEN)
        closed = await asyncio.to_thread(_read, port, "wrong")
        among_pages = await asyncio.to_thread(_has_metrics, f"{url}/metrics")
    return Seen(
        str(metrics), int(closed), among_pages, b"".join(collected.sent), log.getvalue(), well, room
    )


def _steward(work: Any) -> str:
    add_member(work, "Lamplighter", "steward", None)
    return make_token(work, "Lamplighter")


async def _talk(url: str) -> str:
    entered = await Http(url).sign_up(NAME)
    assert entered.token
    member = Http(url, entered.token)
    room = (await member.read("/api/rooms", bodies.Rooms)).rooms[0].id
    await member.take_seat(room)
    async with Client(url, entered.token) as client:
        await client.join(room)
        for text in ("The kettle is on.", DANGER):
            assert isinstance(await client.post(room, text), frames.Posted)
    return str(room)


def _read(port: int, token: str) -> str | int:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        return refused.code


def _has_metrics(url: str) -> bool:
    """The page for everything else answers, or that it is not built."""
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310
            return "hearth_messages" in answer.read().decode()
    except urllib.error.HTTPError:
        return False


def figures(text: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_what_happened_is_counted(seen: Seen) -> None:
    found = figures(seen.metrics)
    assert found["hearth_messages_total"] >= 2
    assert found["hearth_deliveries_total"] >= 2
    assert found["hearth_post_seconds_count"] >= 2
    assert found["hearth_fan_out_seconds_count"] >= 2
    assert found["hearth_requests_total{answer=2xx}"] >= 2
    assert found["hearth_cases_open{urgency=now}"] == 1
    assert found["hearth_classifiers_wanted"] == 1
    assert 0 <= found["hearth_oldest_unread_seconds"] < 60, "the newest may wait for its reading"
    assert found["hearth_backup_timestamp_seconds"] == 0
    assert found["hearth_disk_free_bytes"] > 0
    asked = [count for name, count in found.items() if name.startswith("hearth_readings_total{")]
    assert sum(asked) >= 2
    assert found["process_open_fds"] > 0


async def test_who_brings_no_token_and_who_asks_among_the_pages_gets_nothing(seen: Seen) -> None:
    assert seen.closed == 401
    assert not seen.among_pages


async def test_no_word_no_name_and_no_id_leaves_by_metrics_traces_or_log(seen: Seen) -> None:
    assert b"frame.post" in seen.traces  # the guard: spans did arrive
    assert b"/api/rooms" in seen.traces
    assert "a timer failed: KeyError" in seen.log
    for where in (
        seen.metrics,
        seen.traces.decode("latin-1"),
        seen.log,
        seen.well.model_dump_json(),
    ):
        for secret in (CANARY, "kettle", NAME, seen.room, TOKEN):
            assert secret not in where


async def test_the_steward_reads_the_same_as_a_page(seen: Seen) -> None:
    told = seen.well
    assert (told.answered_by is None) == (not engines.are_shared()), (
        "who serves alone needs no name"
    )
    states = {finding.what: finding.state for finding in told.findings}
    assert states["backup"] == states["keys"] == "mend"
    assert [case.urgency for case in told.cases] == ["now", "soon", "routine", "none"]
    assert told.cases[0].open == 1
    assert [trouble.words for trouble in told.troubles if trouble.part == "test"] == [
        "a timer failed: KeyError"
    ]
    [minute] = told.course
    assert minute.messages >= 2
    assert minute.posted_ms is not None
    assert told.versions.database.startswith("PostgreSQL" if engines.are_shared() else "SQLite")


def refuses(**settings: Any) -> str:
    with (
        pytest.raises(Misconfigured) as refused,
        metrics_served(read_settings({}, **settings), lambda: None),
    ):
        pass
    return refused.value.detail


def test_a_port_that_is_taken_and_a_token_that_is_none_are_refused_by_name(tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("abc")
    taken = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    try:
        assert "HEARTH_METRICS_PORT" in refuses(metrics_port=taken.server_port)
        for path in (short, tmp_path / "none"):
            said = refuses(metrics_port=free_port(), metrics_token_file=path)
            assert "HEARTH_METRICS_TOKEN_FILE" in said
    finally:
        taken.server_close()


def test_beyond_this_machine_metrics_need_a_token() -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({}, metrics_port=9464, metrics_host="0.0.0.0")  # noqa: S104
    assert "HEARTH_METRICS_TOKEN_FILE" in refused.value.detail
