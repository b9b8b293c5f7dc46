"""Lines to classifier processes: to a child of one's own over pipes, or to one that listens somewhere."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import orjson

from moderation.classifier import Assessment, Passage
from server.classifiers.address import Address
from server.classifiers.way import NotOurs, Way

_LINE_BYTES = 1024 * 1024
_OPEN_S = 5.0
"""Who has not said which model it reads with by then is frozen, or somebody else."""


class Line(Protocol):
    """To one process that reads. version: of its model. process_id: where it is a child of ours."""

    @property
    def version(self) -> str:
        """Of its model."""
        ...

    @property
    def process_id(self) -> int | None:
        """Where it is a child of ours."""
        ...

    async def ask(self, passages: Sequence[Passage]) -> list[Assessment]:
        """One each, in their order. Raises whatever a broken line raises; then it is to be closed."""
        ...


Opens = Callable[[], AbstractAsyncContextManager[Line]]


class _Piped:
    """A child: a line of JSON in, a line of JSON out."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.process_id: int | None = process.pid
        self.version = ""

    async def begin(self) -> None:
        self.version = str((await self._read())["version"])

    async def ask(self, passages: Sequence[Passage]) -> list[Assessment]:
        assert self._process.stdin is not None  # noqa: S101 - PIPE
        self._process.stdin.write(orjson.dumps(_written(passages)) + b"\n")
        await self._process.stdin.drain()
        return _readings(await self._read(), passages)

    async def _read(self) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - PIPE
        line = await self._process.stdout.readline()
        if not line:
            raise EOFError
        return orjson.loads(line)


class _Called:
    """One that listens."""

    process_id: int | None = None

    def __init__(self, way: Way, version: str) -> None:
        self._way, self.version = way, version

    async def ask(self, passages: Sequence[Passage]) -> list[Assessment]:
        await self._way.send(_written(passages))
        return _readings(await self._way.receive(), passages)


@contextlib.asynccontextmanager
async def own_process(command: Sequence[str]) -> AsyncIterator[Line]:
    """A child that ends with this line, once its model is loaded."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    try:
        line = _Piped(process)
        await line.begin()
        yield line
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def call(address: Address, secret: Callable[[], bytes]) -> AsyncIterator[Line]:
    """A process that listens. secret: asked for where the way leads through a network.

    Raises OSError where nobody listens, EOFError or NotOurs where we are not let in, TimeoutError.
    """
    way: Way | None = None
    try:
        async with asyncio.timeout(_OPEN_S):
            if address.path:
                way = Way(*await asyncio.open_unix_connection(address.path))
            else:
                way = Way(*await asyncio.open_connection(address.host, address.port))
                await way.ask_in(secret())
            line = _Called(way, str((await way.receive())["version"]))
        yield line
    finally:
        if way:
            way.close()


async def versions_at(
    addresses: Sequence[Address], secret: Callable[[], bytes]
) -> dict[Address, str | None]:
    """Which model reads at each; None where nobody answers."""

    async def version_at(address: Address) -> str | None:
        try:
            async with call(address, secret) as line:
                return line.version
        except (OSError, EOFError, ValueError, NotOurs):
            return None

    return dict(zip(addresses, await asyncio.gather(*map(version_at, addresses)), strict=True))


def _written(passages: Sequence[Passage]) -> list[tuple[str, str | None]]:
    return [(passage.text, passage.in_reply_to) for passage in passages]


def _readings(stored: Any, passages: Sequence[Passage]) -> list[Assessment]:
    """Raises ValueError where it is not one for each."""
    if len(stored) != len(passages):
        raise ValueError("another number of readings than of passages")
    return [Assessment.from_json(one) for one in stored]
