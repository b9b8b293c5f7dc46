"""A layer around every request that counts it and, where traces are on, says how long it took."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import tracing
from server.counting import COUNTS


class Watched:
    """Pure ASGI around every request: counted by the first digit of its answer, and a span where traces are on.

    The span has the route's template, never the address that was asked for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with tracing.span("request", **{"http.request.method": _method(scope)}) as span:
                await self._app(scope, receive, noting)
                if span is not None:
                    span.set_attribute("http.route", getattr(scope.get("route"), "path", ""))
                    span.set_attribute("http.response.status_code", status)
        finally:
            COUNTS.requests[f"{status // 100}xx"] += 1
            if not _waits(scope):
                COUNTS.asked_s.add(time.perf_counter() - began)


def _waits(scope: Scope) -> bool:
    """An answer that is late because nothing happened is not slow."""
    path: str = scope["path"]
    return scope["method"] == "GET" and path.startswith("/api/lines/")


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _method(scope: Scope) -> str:
    """One that we know; others are words of whoever asks."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"
