"""The real app on a real port, inside this process, with a classifier written by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from moderation.classifier import Assessment, Passage
from server.app import create_app
from server.services.founding import found
from server.services.reader import Reader
from server.settings import Settings, read_settings
from server.store import beside
from tests import engines
from tests.server.live_server import free_port

READY_S = 60.0


class ByHand:
    """Stands where the assessor does, and reads what a test has it read."""

    state, version = "ready", "by hand"
    answering, wanted = ("by hand",), 1

    def __init__(self, reads: Callable[[str], Assessment]) -> None:
        self._reads = reads

    async def assess(self, passage: Passage, *, deadline_s: float | None = None) -> Assessment:
        return self._reads(passage.text)

    async def close(self) -> None:
        return


@asynccontextmanager
async def serving(
    folder: Path,
    reads: Callable[[str], Assessment],
    ws: Any = "websockets-sansio",
    change: Callable[[FastAPI], None] = lambda app: None,
) -> AsyncIterator[str]:
    """Its address. reads: what the classifier says of a text. ws: uvicorn's WebSocket class.

    change: what a test gives the app before it starts.
    """
    async with serving_app(folder, ws, change) as (app, settings):
        by_hand: Any = ByHand(reads)
        app.state.parts = replace(app.state.parts, assessor=by_hand, reader=Reader(by_hand))
        yield f"http://127.0.0.1:{settings.port}"


@asynccontextmanager
async def serving_app(
    folder: Path,
    ws: Any = "websockets-sansio",
    change: Callable[[FastAPI], None] = lambda app: None,
) -> AsyncIterator[tuple[FastAPI, Settings]]:
    """The application itself, with the lexicon alone, and what it runs with."""
    settings = read_settings(
        {}, data_dir=folder / "data", port=free_port(), classifier="lexicon", **engines.of_a_place()
    )
    await asyncio.to_thread(engines.begin, settings)
    await asyncio.to_thread(beside.do, settings, partial(found, open_to_all=True))
    app = create_app(settings)
    change(app)
    config = uvicorn.Config(app, port=settings.port, ws=ws, log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(READY_S):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(0.02)
        yield app, settings
    finally:
        server.should_exit = True
        await task
