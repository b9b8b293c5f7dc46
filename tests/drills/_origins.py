"""Sockets opened from elsewhere with a member's own cookie: by each spelling of an Origin, and by a real page."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from server.protocol import frames
from tests.drills._scripts import chromium

_PATIENCE_S = 30.0


def variants(port: int) -> dict[str, str | None]:
    """Each is somebody else's, however near it comes. None: no Origin at all."""
    return {
        "none": None,
        "null": "null",
        "evil": "https://evil.example",
        "after ours": f"http://localhost:{port}.evil.example",
        "before ours": f"http://evil-localhost:{port}",
        "below ours": f"http://evil.localhost:{port}",
        "another port": f"http://localhost:{port + 1}",
        "no port": "http://localhost",
        "another scheme": f"https://localhost:{port}",
        "a user": f"http://localhost:{port}@evil.example",
        "a path": f"http://localhost:{port}/",
        "capitals": f"HTTP://LOCALHOST:{port}",
        "another dot": f"http://127\u30020\u30020\u30021:{port}".encode().decode("latin-1"),
        "two": f"http://localhost:{port} http://evil.example",
    }


async def opens(port: int, origin: str | None, headers: dict[str, str]) -> bool:
    """Whether the socket opened and greeted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    more = dict(headers) | ({} if origin is None else {"Origin": origin})
    lines = [
        "GET /ws HTTP/1.1", f"Host: localhost:{port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: {frames.SUBPROTOCOL}", *(f"{k}: {v}" for k, v in more.items()), "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode("latin-1"))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            head = await reader.readuntil(b"\r\n\r\n")
            return b" 101 " in head and b"hello" in await reader.read(4_096)
    except (asyncio.IncompleteReadError, OSError):
        return False
    finally:
        writer.close()


async def from_a_page(port: int, token: str) -> dict[str, int]:
    """Frames that a page of another origin hears, and one of our own; the cookie goes along with both."""
    async with elsewhere() as other, chromium() as browser:
        context = await browser.new_context()
        await context.add_cookies(
            [
                {
                    "name": "hearth",
                    "value": token,
                    "url": f"http://localhost:{port}",
                    "sameSite": "Lax",
                }
            ]
        )
        page = await context.new_page()
        heard = {}
        for name, url in (("elsewhere", other), ("own", f"http://localhost:{port}/crisis")):
            await page.goto(url)
            heard[name] = await page.evaluate(
                _LISTEN, [f"ws://localhost:{port}/ws", frames.SUBPROTOCOL]
            )
        await context.close()
    return heard


@asynccontextmanager
async def elsewhere() -> AsyncIterator[str]:
    """A page at another port of the same host: the cookie goes along, only the Origin is another."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>Elsewhere"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


_LISTEN: Any = """([url, protocol]) => new Promise((resolve) => {
  let heard = 0;
  const socket = new WebSocket(url, protocol);
  socket.onmessage = () => { heard += 1; };
  socket.onerror = () => resolve(heard);
  socket.onclose = () => resolve(heard);
  setTimeout(() => resolve(heard), 5000);
})"""
