"""What workers whisper to each other: where there may be something new, and what changed in rooms, sealed.

A hint that is lost costs a second, and nothing else: the database says what is. Whoever else reaches the carrier
can neither read one nor make one up.
"""

import asyncio
import base64
import hmac
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from server.protocol.base import Wire

log = logging.getLogger(__name__)

_OUT, _IN = "hints out", "hints in"
_AGAIN_S = 0.5
_PATIENCE_S = 1.0
_ID, _NONCE, _TAG = 16, 12, 16
"""Bytes before what is sealed, whose it is and its number; and after it."""
_MOST_CHANGES = 512
"""That wait to be sent; where nothing takes them they are left out, and read from the database."""
_MOST_KEYS = 256


class Carried(Wire):
    """What changed in a room, as its listeners hear it. before: the newest that had crossed when it was written."""

    room: UUID
    seq: int
    before: int
    frame: str


class Hint(Wire):
    """changes: of rooms where others listen. heads: of rooms. told: something crossed. typing: room and member.

    here: who listens, by short names. crowds: how many, where they are too many to be named.
    """

    worker: UUID
    changes: list[Carried] = Field(default_factory=list)
    heads: dict[UUID, int] = Field(default_factory=dict)
    told: bool = False
    typing: dict[UUID, UUID] = Field(default_factory=dict)
    here: dict[UUID, list[str]] = Field(default_factory=dict)
    crowds: dict[UUID, int] = Field(default_factory=dict)


Hear = Callable[[Hint], None]


class Carrier(Protocol):
    """Takes hints to all workers, this one too. Each call raises OSError, TimeoutError or one of `FAULTS`.

    most_bytes: in one hint.
    """

    most_bytes: int

    async def send(self, hint: bytes) -> None:
        """To all who listen now."""
        ...

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Until the line breaks."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...


FAULTS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of several hosts, none takes writes at this moment
    OSError,
    TimeoutError,
)


class Hints:
    """Sends what there is in one hint, and hears those of the others. Owns two tasks.

    secret: the same in all workers of a community, and another one after its database was put back.
    """

    def __init__(self, carrier: Carrier, secret: bytes, worker: UUID, hear: Hear) -> None:
        self._carrier = carrier
        self._secret = secret
        self._worker = worker
        self._hear = hear
        self._next = Hint(worker=worker)
        self._ciphers: dict[UUID, AESGCM] = {}
        self._numbers = itertools.count()
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

    def heads(self, heads: dict[UUID, int], *, told: bool, changes: Sequence[Carried] = ()) -> None:
        """Rooms have come so far, by these changes; told: something crossed."""
        self._next.heads.update(heads)
        if len(self._next.changes) + len(changes) > _MOST_CHANGES:
            self._next.changes.clear()
        else:
            self._next.changes.extend(changes)
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
            for part in _in_parts(hint, self._carrier.most_bytes - _ID - _NONCE - _TAG):
                await self._carrier.send(self._seal(part))

    async def _listen(self) -> None:
        await self._carrier.listen(self._take)

    def _take(self, came: bytes) -> None:
        if came[:_ID] == self._worker.bytes:
            self._broken.discard(_IN)
            return
        try:
            hint = Hint.model_validate_json(self._open(came))
        except (InvalidTag, ValueError):
            log.warning("a hint was not one of ours")
            return
        try:
            self._hear(hint)
        except Exception as error:
            # Whatever it was about: the database says it within a second.
            log.error("a hint was not heard: %s", type(error).__name__)

    def _seal(self, said: bytes) -> bytes:
        """Each worker has a key of its own, and counts: no two hints share a number under one key."""
        number = next(self._numbers).to_bytes(_NONCE)
        sealed = self._cipher_of(self._worker).encrypt(number, said, None)
        return self._worker.bytes + number + sealed

    def _open(self, came: bytes) -> bytes:
        worker, number, sealed = came[:_ID], came[_ID : _ID + _NONCE], came[_ID + _NONCE :]
        return self._cipher_of(UUID(bytes=worker)).decrypt(number, sealed, None)

    def _cipher_of(self, worker: UUID) -> AESGCM:
        cipher = self._ciphers.get(worker)
        if cipher is None:
            if len(self._ciphers) >= _MOST_KEYS:
                self._ciphers.clear()
            key = hmac.digest(self._secret, worker.bytes, "sha256")
            cipher = self._ciphers[worker] = AESGCM(key)
        return cipher


def _in_parts(hint: Hint, most_bytes: int) -> list[bytes]:
    """Changes first: a room that is not behind any more need not be read. What fits in no part is left out."""
    whole = hint.model_dump_json(exclude_defaults=True).encode()
    if len(whole) <= most_bytes:
        return [whole]
    items: list[tuple[str, Any]] = [("changes", one) for one in hint.changes]
    for name in ("heads", "typing", "here", "crowds"):
        items += [(name, one) for one in getattr(hint, name).items()]
    items += [("told", True)] if hint.told else []
    middle = len(items) // 2
    halves = (items[:middle], items[middle:]) if middle else ()
    return [part for half in halves for part in _in_parts(_of(hint.worker, half), most_bytes)]


def _of(worker: UUID, items: Sequence[tuple[str, Any]]) -> Hint:
    hint = Hint(worker=worker)
    told = False
    for name, value in items:
        if name == "told":
            told = True
        elif name == "changes":
            hint.changes.append(value)
        else:
            key, said = value
            getattr(hint, name)[key] = said
    return hint.model_copy(update={"told": told})


class PostgresCarrier:
    """Where there is no Redis: the database's own channels, on one connection. Raises one of FAULTS."""

    most_bytes = 5_900
    """PostgreSQL carries 8,000 letters in one notice, and four for three bytes."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._connection: Any = None

    async def send(self, hint: bytes) -> None:
        """To all who listen now."""
        connection = self._connection
        if connection is None or connection.is_closed():
            raise ConnectionError
        await connection.execute(
            "SELECT pg_notify($1, $2)", self._channel, base64.b64encode(hint).decode()
        )

    async def listen(self, hear: Callable[[bytes], None]) -> None:
        """Until the line breaks."""
        connection = self._connection = await asyncpg.connect(
            self._url, timeout=_PATIENCE_S, command_timeout=_PATIENCE_S
        )
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        try:
            await connection.add_listener(
                self._channel, lambda _c, _p, _n, payload: hear(_bytes_of(payload))
            )
            await ended.wait()
        finally:
            connection.terminate()
        raise ConnectionError

    async def close(self) -> None:
        """The listening task has let go already."""


def _bytes_of(payload: str) -> bytes:
    """Empty for what is none of ours."""
    try:
        return base64.b64decode(payload, validate=True)
    except ValueError:
        return b""
