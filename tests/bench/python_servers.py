"""Reference servers in Python: FastAPI as the tutorials have it, libraries by themselves, and no library at all."""

from __future__ import annotations

from typing import ClassVar

from tests.bench.adapters import Adapter, python_module, register
from tests.bench.sessions import DeflateWsSession


class Script(Adapter):
    """A module of tests.bench.servers that takes --port."""

    module: ClassVar[str] = ""
    arguments: ClassVar[tuple[str, ...]] = ()

    def command(self) -> list[str]:
        module = f"tests.bench.servers.{self.module}"
        return python_module(module, "--port", str(self.port), *self.arguments)


class Uvicorn(Adapter):
    """The textbook FastAPI chat. store: where a message goes before fan-out."""

    needs_modules = ("aiosqlite",)
    websockets: ClassVar[str] = "websockets-sansio"
    deflate: ClassVar[bool] = False
    store: ClassVar[str] = "none"

    def environment(self) -> dict[str, str]:
        return {"STORE": self.store, "DB": str(self.folder / "chat.db")}

    def command(self) -> list[str]:
        deflate = "true" if self.deflate else "false"
        return python_module(
            "uvicorn", "tests.bench.servers.fastapi_textbook:app",
            "--host", "127.0.0.1", "--port", str(self.port), "--ws", self.websockets,
            "--ws-per-message-deflate", deflate, "--log-level", "warning",
            "--ws-ping-interval", "600", "--ws-ping-timeout", "600",
        )  # fmt: skip


class Granian(Adapter):
    """The textbook on a server written in Rust."""

    needs_modules = ("aiosqlite", "granian")

    def environment(self) -> dict[str, str]:
        return {"STORE": "none"}

    def command(self) -> list[str]:
        return python_module(
            "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(self.port),
            "--loop", "uvloop", "--log-level", "warning", "tests.bench.servers.fastapi_textbook:app",
        )  # fmt: skip


_RAW = {"module": "raw_server"}
register("raw-uvloop", Script, **_RAW)
register("raw-uvloop-coalesce", Script, **_RAW, arguments=("--coalesce",))
register("raw-asyncio", Script, **_RAW, arguments=("--loop", "asyncio"))
register("raw-direct", Script, **_RAW, arguments=("--direct",))

_PICOWS = {"module": "picows_server", "needs_modules": ("picows",)}
register("picows-uvloop", Script, **_PICOWS)
register("picows-asyncio", Script, **_PICOWS, arguments=("--loop", "asyncio"))
register("picows-preencoded", Script, **_PICOWS, arguments=("--preencoded",))

_WEBSOCKETS = {"module": "websockets_server"}
register("websockets-broadcast", Script, **_WEBSOCKETS)
register("websockets-broadcast-uvloop", Script, **_WEBSOCKETS, arguments=("--uvloop",))
register(
    "websockets-broadcast-deflate", Script, **_WEBSOCKETS,
    arguments=("--uvloop", "--deflate"), session_class=DeflateWsSession,
)  # fmt: skip
register("websockets-textbook-uvloop", Script, **_WEBSOCKETS, arguments=("--uvloop", "--textbook"))

for _websockets in ("websockets", "websockets-sansio", "wsproto"):
    _needs = (*Uvicorn.needs_modules, _websockets.partition("-")[0])
    _plain = {"websockets": _websockets, "needs_modules": _needs}
    register(f"fastapi-{_websockets}", Uvicorn, **_plain)
    register(
        f"fastapi-{_websockets}-deflate", Uvicorn, **_plain,
        deflate=True, session_class=DeflateWsSession,
    )  # fmt: skip
register("fastapi-sqlite-default", Uvicorn, store="sqlite-default", durable="fsync")
register("fastapi-sqlite-full", Uvicorn, store="sqlite-full", durable="fsync")
register("fastapi-sqlite-normal", Uvicorn, store="sqlite-normal", durable="cache")
register("fastapi-granian", Granian)
