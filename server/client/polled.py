"""A line without a WebSocket: frames are asked for over HTTP, again and again, and numbered so that none is
lost or heard twice. From outside it is a socket as a Line knows it."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
import orjson

from server.client.clock import Clock
from server.protocol.frames import Close

log = logging.getLogger(__name__)

_PATH = "/api/lines"
_PATIENCE = httpx2.Timeout(10.0, read=40.0)
"""An answer may take 25 s because nothing happens."""
_SILENT_S = 40.0
"""Nobody answers for so long, however often he is asked: the line is given up, and another may find its way."""
_FAREWELL_S = 2.0
_AGAIN_S = (0.5, 1.0, 2.0, 4.0)
"""After an answer that broke off, or a server that could not just now; then the line is given up."""
_ELSEWHERE = 6
"""How often a line may be unknown in a row: where several workers serve, only one of them has it."""
_AT_ONCE = 7
"""Frames of at most 32 KiB, in a request of at most 256."""
_AHEAD = 256
_LOST = 1006
_BAD, _NOT_FOUND, _TOO_MANY, _FAULT = 400, 404, 429, 500
_CODES = {
    "no_session": Close.SESSION,
    "removed": Close.SESSION,
    "pending": Close.SESSION,
    "second_step_needed": Close.SESSION,
    "not_allowed": Close.FORBIDDEN,
    "too_fast": Close.TOO_MANY,
}
"""What the server's refusals say as close codes. What a proxy says of itself is none of them."""


class Answered(NamedTuple):
    """status: 0 where nobody answered, or the answer broke off. body: its JSON, if it is an object."""

    status: int
    body: dict[str, Any]
    retry_after_s: float | None = None


Ask = Callable[[str, str, Any], Awaitable[Answered]]
"""Method, path with its query, and a body or None."""


class PolledSocket:
    """Use after `begin`; until then it is only a name for a line. number: of the last frame heard.

    done: called at the end, to let the network go. silent_s: a question may stay without any answer so long.
    """

    def __init__(
        self,
        ask: Ask,
        name: str,
        clock: Clock,
        done: Callable[[], Awaitable[None]],
        silent_s: float = _SILENT_S,
    ) -> None:
        self._ask, self._clock, self._done, self._silent_s = ask, clock, done, silent_s
        self._path = f"{_PATH}/{name}"
        self._coming: asyncio.Queue[str | None] = asyncio.Queue(_AHEAD)
        self._unsaid: list[Any] = []
        self._more = asyncio.Event()
        self._heard = self._said = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.close_code: int | None = None
        self.close_reason: str | None = None

    def begin(self, *errands: Coroutine[Any, Any, None]) -> None:
        """Hear and say, and do these beside it for as long as the line stands."""
        for errand in (self._hear(), self._say(), *errands):
            self._tasks.add(asyncio.create_task(self._guarded(errand), name="hearth-polled-line"))

    async def send(self, text: str) -> None:
        """As a socket: it is on its way; what comes of it is heard."""
        self._unsaid.append(orjson.loads(text))
        self._more.set()

    async def close(self) -> None:
        """From this side, telling the server if it still listens."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tasks and self.close_code is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._ask("DELETE", self._path, None)
        await self._done()

    async def end(self, code: int, reason: str = "") -> None:
        """It is over; what was heard before is still read."""
        if self.close_code is None:
            self.close_code, self.close_reason = code, reason
            await self._coming.put(None)

    async def __aiter__(self) -> AsyncIterator[str]:
        """Each frame, as text, until the end."""
        while (text := await self._coming.get()) is not None:
            yield text

    async def _guarded(self, errand: Coroutine[Any, Any, None]) -> None:
        """Whatever fails, a line that hears or says nothing any more must not seem to stand."""
        try:
            await errand
        except Exception as error:
            log.warning("a fetched line failed: %s", type(error).__name__)
            await self.end(_LOST)

    async def _hear(self) -> None:
        while self.close_code is None:
            heard = await self._asked("GET", f"{self._path}?after={self._heard}", None)
            if heard is None:
                return
            frames, last = heard.get("frames", []), heard.get("last", 0)
            for frame in frames[max(0, self._heard - (last - len(frames))) :]:
                await self._coming.put(orjson.dumps(frame).decode())
            self._heard = max(self._heard, last)
            if close := heard.get("close"):
                await self.end(close["code"], close["reason"])

    async def _say(self) -> None:
        while self.close_code is None:
            await self._more.wait()
            self._more.clear()
            while self._unsaid:
                some = self._unsaid[:_AT_ONCE]
                body = {"first": self._said + 1, "frames": some}
                if await self._asked("POST", self._path, body) is None:
                    return
                self._said += len(some)
                del self._unsaid[: len(some)]

    async def _asked(self, method: str, path: str, body: Any) -> dict[str, Any] | None:
        """The answer, asked for again where that may help; None: the line is over."""
        broke = unknown = 0
        now_s = asyncio.get_running_loop().time
        until_s = now_s() + self._silent_s
        while True:
            answered = await self._asked_until(until_s, method, path, body)
            if answered.status:
                until_s = now_s() + self._silent_s
            if 0 < answered.status < _BAD:
                return answered.body
            if answered.status == _NOT_FOUND and unknown < _ELSEWHERE:
                unknown += 1
                continue
            if answered.status == _TOO_MANY:
                await self._clock.sleep(answered.retry_after_s or _AGAIN_S[-1])
                continue
            may_help = answered.status == 0 or answered.status >= _FAULT
            if may_help and broke < len(_AGAIN_S) and now_s() < until_s:
                await self._clock.sleep(_AGAIN_S[broke])
                broke += 1
                continue
            await self.end(close_code_of(answered) or _LOST)
            return None

    async def _asked_until(self, until_s: float, method: str, path: str, body: Any) -> Answered:
        try:
            async with asyncio.timeout_at(until_s):
                return await self._ask(method, path, body)
        except TimeoutError:
            return Answered(0, {})


async def open_polled(url: str, token: str, clock: Clock) -> PolledSocket:
    """A line over HTTP, not begun; one that was refused is closed already. Raises ConnectionError."""
    http = _Http(url, token)
    answered = await http.ask("POST", _PATH, None)
    socket = PolledSocket(http.ask, answered.body.get("line", ""), clock, http.close)
    if 0 < answered.status < _BAD:
        return socket
    code = close_code_of(answered)
    if code is None:
        await http.close()
        raise ConnectionError("no line over HTTP either")
    await socket.end(code)
    return socket


def close_code_of(answered: Answered) -> int | None:
    """What the place itself means by a refusal; None: it was not the place, or it means nothing for a line."""
    return _CODES.get(str(answered.body.get("code")))


@cache
def _tls() -> ssl.SSLContext:
    """Once for all lines: to read the certificates takes a tenth of a second, and everybody here waits for it."""
    return httpx2.create_ssl_context()


class _Http:
    """The network, with connections that are kept between two questions."""

    def __init__(self, url: str, token: str) -> None:
        loopback = urlsplit(url).hostname in {"localhost", "127.0.0.1", "::1"}
        self._client = httpx2.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_PATIENCE,
            verify=_tls(),
            trust_env=not loopback,
        )

    async def ask(self, method: str, path: str, body: Any) -> Answered:
        try:
            answer = await self._client.request(method, path, json=body)
        except (httpx2.HTTPError, OSError):
            return Answered(0, {})
        return _read(answer)

    async def close(self) -> None:
        await self._client.aclose()


def _read(answer: httpx2.Response) -> Answered:
    """An answer that should be JSON and is none came from something in between: as if nobody answered."""
    wait = answer.headers.get("retry-after", "")
    wait_s = float(wait) if wait.isdigit() else None
    try:
        body = orjson.loads(answer.content or b"{}")
    except ValueError:
        return Answered(0 if answer.is_success else answer.status_code, {}, wait_s)
    return Answered(answer.status_code, body if isinstance(body, dict) else {}, wait_s)
