"""What workers whisper to each other: where there may be something new. The database says what it is.

A hint that is lost costs a second, and nothing else. Each is signed: whoever else reaches the carrier cannot
make one up.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from pydantic import Field, ValidationError

from server.protocol.base import Wire

log = logging.getLogger(__name__)

_OUT, _IN = "hints out", "hints in"
_AGAIN_S = 0.5
_PATIENCE_S = 1.0
_SIGNED = 32
"""Letters of the signature."""
_MOST_BYTES = 7_900
"""PostgreSQL carries 8,000 in one notice."""


class Hint(Wire):
    """heads: of rooms. told: something crossed. typing: room and member. here: who listens, by short names.

    crowds: how many, where they are too many to be named.
    """

    worker: UUID
    heads: dict[UUID, int] = Field(default_factory=dict)
    told: bool = False
    typing: dict[UUID, UUID] = Field(default_factory=dict)
    here: dict[UUID, list[str]] = Field(default_factory=dict)
    crowds: dict[UUID, int] = Field(default_factory=dict)


Hear = Callable[[Hint], None]


class Carrier(Protocol):
    """Takes hints to all workers, this one too. Each call raises OSError, TimeoutError or one of `FAULTS`."""

    async def send(self, hint: bytes) -> None:
        """To all who listen now."""
        ...

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Until the line breaks."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


class Hints:
    """Sends what there is in one hint, and hears those of the others. Owns two tasks.

    secret: the same in all workers of a community.
    """

    def __init__(self, carrier: Carrier, secret: bytes, worker: UUID, hear: Hear) -> None:
        self._carrier = carrier
        self._secret = secret
        self._worker = worker
        self._hear = hear
        self._next = Hint(worker=worker)
        self._any = asyncio.Event()
        self._broken: set[str] = set()
        self._tasks = [
            asyncio.create_task(self._keep(go, name), name=name)
            for name, go in ((_OUT, self._send), (_IN, self._listen))
        ]

    @property
    def is_up(self) -> bool:
        """Whether they cross, as far as is known: one's own come back, and in a silent place there are none."""
        return not self._broken

    def heads(self, heads: dict[UUID, int], *, told: bool) -> None:
        """Rooms have come so far; told: something crossed."""
        self._next.heads.update(heads)
        if told:
            self._next = self._next.model_copy(update={"told": True})
        self._any.set()

    def typing(self, room: UUID, member: UUID) -> None:
        """Somebody writes."""
        self._next.typing[room] = member
        self._any.set()

    def here(self, named: dict[UUID, list[str]], crowds: dict[UUID, int]) -> None:
        """Who listens here."""
        self._next.here.update(named)
        self._next.crowds.update(crowds)
        self._any.set()

    async def close(self) -> None:
        """End both tasks, and let go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._carrier.close()

    async def _keep(self, go: Callable[[], Awaitable[None]], name: str) -> None:
        """Whatever becomes of the carrier: rooms go on through the database meanwhile."""
        while True:
            try:
                await go()
                self._broken.discard(name)
            except FAULTS as error:
                if name not in self._broken:
                    log.warning("hints do not cross: %s", type(error).__name__)
                self._broken.add(name)
                await asyncio.sleep(_AGAIN_S)

    async def _send(self) -> None:
        await self._any.wait()
        self._any.clear()
        hint, self._next = self._next, Hint(worker=self._worker)
        async with asyncio.timeout(_PATIENCE_S):
            for part in _in_parts(hint):
                await self._carrier.send(self._sign(part) + part)

    async def _listen(self) -> None:
        await self._carrier.listen(self._take)

    def _take(self, came: bytes) -> None:
        signature, said = came[:_SIGNED], came[_SIGNED:]
        if not hmac.compare_digest(signature, self._sign(said)):
            log.warning("a hint was not one of ours")
            return
        try:
            hint = Hint.model_validate_json(said)
        except ValidationError:
            log.warning("a hint could not be read")
            return
        self._broken.discard(_IN)
        if hint.worker != self._worker:
            self._hear(hint)

    def _sign(self, said: bytes) -> bytes:
        return hmac.digest(self._secret, said, "sha256").hex()[:_SIGNED].encode()


def _in_parts(hint: Hint) -> list[bytes]:
    whole = hint.model_dump_json(exclude_defaults=True).encode()
    if len(whole) <= _MOST_BYTES:
        return [whole]
    parts: list[Hint] = []
    for name in ("heads", "typing", "here", "crowds"):
        for key, value in getattr(hint, name).items():
            part: dict[str, Any] = {name: {key: value}}
            parts.append(Hint(worker=hint.worker, **part))
    if hint.told:
        parts.append(Hint(worker=hint.worker, told=True))
    return [part.model_dump_json(exclude_defaults=True).encode() for part in parts]


class PostgresCarrier:
    """Where there is no Redis: the database's own channels, on one connection. Raises one of FAULTS."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: Any = None

    async def send(self, hint: bytes) -> None:
        """To all who listen now."""
        connection = self._connection
        if connection is None or connection.is_closed():
            raise ConnectionError
        await connection.execute("SELECT pg_notify($1, $2)", self._channel, hint.decode())

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Until the line breaks."""
        connection = self._connection = await asyncpg.connect(
            self._url, timeout=_PATIENCE_S, command_timeout=_PATIENCE_S
        )
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(
                self._channel, lambda _c, _p, _n, payload: hear(payload.encode())
            )
            await ended.wait()
        finally:
            connection.terminate()
        raise ConnectionError

    async def close(self) -> None:
        """The listening task has let go already."""
