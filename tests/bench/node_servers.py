"""Reference servers on Node: `ws` and Socket.IO, installed into .bench/node by `python3 -m server.bootstrap peers`."""

from __future__ import annotations

from typing import ClassVar

from server.bootstrap import node
from tests.bench.adapters import ROOT, SERVERS, Adapter, NotInstalled, register
from tests.bench.engine import Engine
from tests.bench.sessions import DeflateWsSession, SocketIoSession

_MODULES = ROOT / ".bench/node/node_modules"


class Node(Adapter):
    """A script of servers/ that takes the port."""

    script: ClassVar[str] = ""
    package: ClassVar[str] = "ws"
    store: ClassVar[str] = "none"
    deflate: ClassVar[bool] = False

    @classmethod
    def check_installed(cls) -> None:
        if not (_MODULES / cls.package).is_dir() or not node().exists():
            raise NotInstalled(f"npm package {cls.package}: python3 -m server.bootstrap peers")

    def environment(self) -> dict[str, str]:
        return {
            "NODE_PATH": str(_MODULES),
            "NODE_ENV": "production",
            "NODE_NO_WARNINGS": "1",
            "STORE": self.store,
            "DB": str(self.folder / "chat.db"),
            "DEFLATE": "1" if self.deflate else "0",
        }

    def command(self) -> list[str]:
        return [str(node()), str(SERVERS / self.script), str(self.port)]


class SocketIo(Node):
    """Knows rooms."""

    script = "node_socketio.js"
    package = "socket.io"
    session_class = SocketIoSession

    def session(self, engine: Engine, index: int) -> SocketIoSession:
        session = SocketIoSession(engine, index)
        session.room = f"r{self.room_of[index]}"
        return session


_WS = {"script": "node_ws.js"}
register("node-ws", Node, **_WS)
register("node-ws-deflate", Node, **_WS, deflate=True, session_class=DeflateWsSession)
register("node-ws-sqlite-full", Node, **_WS, store="sqlite-full", durable="fsync")
register("socket.io", SocketIo)
