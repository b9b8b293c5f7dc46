"""The textbook FastAPI chat: a ConnectionManager and `for ws in conns: await ws.send_text(...)`.

STORE=none|sqlite-default|sqlite-full|sqlite-normal: where a message goes before it is fanned out. The
sqlite variants do what the tutorials do: INSERT and COMMIT through one aiosqlite connection, per message.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosqlite
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from tests.bench.servers.common import outgoing

STORE = os.environ.get("STORE", "none")
DB = os.environ.get("DB", "textbook.db")
SYNCHRONOUS = {"sqlite-full": "FULL", "sqlite-normal": "NORMAL"}


class ConnectionManager:
    def __init__(self) -> None:
        self.active: list[WebSocket] = []

    async def connect(self, ws: WebSocket) -> None:
        await ws.accept()
        self.active.append(ws)

    def disconnect(self, ws: WebSocket) -> None:
        self.active.remove(ws)

    async def broadcast(self, text: str) -> None:
        for ws in list(self.active):
            try:  # noqa: SIM105 - as written everywhere
                await ws.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                pass


manager = ConnectionManager()
db: aiosqlite.Connection | None = None


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    global db
    if STORE != "none":
        db = await aiosqlite.connect(DB)
        if STORE in SYNCHRONOUS:
            await db.execute("PRAGMA journal_mode=WAL")
            await db.execute("PRAGMA synchronous=" + SYNCHRONOUS[STORE])
        await db.execute(
            "CREATE TABLE message(id INTEGER PRIMARY KEY, room TEXT, author TEXT, ts REAL, body TEXT)"
        )
        await db.commit()
    yield
    if db:
        await db.close()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws")
async def chat(ws: WebSocket) -> None:
    await manager.connect(ws)
    user = f"u{id(ws) & 0xFFFF}"
    try:
        while True:
            raw = await ws.receive_text()
            text = outgoing(raw, user)
            if db is not None:
                said = json.loads(text)
                await db.execute(
                    "INSERT INTO message(room, author, ts, body) VALUES(?,?,?,?)",
                    (said["room"], user, said["ts"], said["text"]),
                )
                await db.commit()
            await manager.broadcast(text)
    except WebSocketDisconnect:
        manager.disconnect(ws)
