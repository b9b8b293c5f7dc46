"""Around every HTTP answer: headers that keep the page ours, and a bound on what a request may hold."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.errors import TooLarge

_MOST_BYTES = 256 * 1024
_LONGER = {"/api/me/journal/lock": 2 * 1024 * 1024}
"""Where all that somebody wrote comes back in one step, under another key."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), xr-spatial-tracking=()",
    "x-frame-options": "DENY",
}
_OF_A_FILE = ("x-content-type-options", "cross-origin-resource-policy")
"""What a script or a sheet needs of these: the others speak of pages, and cost a slow line a second."""
_FILES = "/_app/immutable/"


class Shield:
    """Pure ASGI: it adds no task and no buffer to a request."""

    def __init__(self, app: ASGIApp, *, policy: str, https: bool) -> None:
        self._app = app
        self._headers = _HEADERS | {"content-security-policy": policy}
        if https:
            self._headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
        self._file_headers = {name: self._headers[name] for name in _OF_A_FILE}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, within bounds."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = _LONGER.get(scope["path"], _MOST_BYTES)
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > most:
            refusal = TooLarge()
            answer = JSONResponse({"code": refusal.code, "detail": refusal.detail}, refusal.status)
            await answer(scope, receive, self._with_headers(scope, send))
            return
        await self._app(scope, _bounded(receive, most), self._with_headers(scope, send))

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_file = scope["path"].startswith(_FILES) and message["status"] in (200, 206, 304)
                for name, value in (self._file_headers if is_file else self._headers).items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        return with_headers


def _bounded(receive: Receive, most: int) -> Receive:
    """A body without a length ends where the bound is."""
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(TooLarge.status)  # any other is a 400 to whoever parses the body
        return message

    return bounded
