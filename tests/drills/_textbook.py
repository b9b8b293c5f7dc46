"""The chat server of the tutorials: `await send` to one member after the other.

Run as `python -m tests.drills._textbook PORT`, it shows what a stuck reader does to everybody else
where nobody thought of one.
"""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.protocol import frames
from tests.server.live_server import ROOT, free_port

app = FastAPI()
_members: list[WebSocket] = []


@app.get("/readyz")
async def ready() -> str:
    return "ready"


@app.websocket("/ws")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol=frames.SUBPROTOCOL)
    _members.append(websocket)
    try:
        while True:
            frame = json.loads(await websocket.receive_text())
            if frame["type"] == "post":
                await _broadcast(json.dumps({"type": "message", "text": frame["text"]}))
    except WebSocketDisconnect:
        _members.remove(websocket)


async def _broadcast(text: str) -> None:
    for member in _members:
        with suppress(WebSocketDisconnect, RuntimeError):
            await member.send_text(text)


@asynccontextmanager
async def textbook() -> AsyncIterator[str]:
    """Its address, while it runs in a process of its own."""
    port = free_port()
    process = _launch(port)
    try:
        while not await asyncio.to_thread(_answers, port):
            assert process.poll() is None, "the textbook server did not start"
            await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _launch(port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "tests.drills._textbook", str(port)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), ws="websockets-sansio", log_level="error")
