"""The real services, hub and database in this process, and sockets that keep what they are given."""

import itertools
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from server.access import Actor
from server.api.frames_in import Line
from server.limits import Limits
from server.live.catching_up import CatchUp
from server.live.connection import Connection
from server.protocol import frames
from server.services import listening
from server.services.reader import Reader
from server.store.keys import KeyFile, KeyStore
from server.store.sealing import Sealer
from server.store.sqlite import SqliteDatabase
from server.store.work import Announcement, Work
from tests.server.in_process import ByHand
from tests.server.readings import calm
from tests.server.store_fixture import TestClock

Result = TypeVar("Result")
Spoil = Callable[[list[Announcement]], list[Announcement]]
"""What is taken out of, or put into, what the hub is told: for controls."""


class Socket:
    """Stands where a member's line does. Each frame is kept with its place in the order of all things.

    is_narrow: takes one write, and then nothing until it flows again.
    """

    def __init__(self, parts: Any, actor: Actor, order: Iterator[int]) -> None:
        self.connection = Connection(actor)
        self.heard: list[tuple[int, frames.ServerFrame]] = []
        self.flowing, self.is_narrow, self.is_open = True, False, True
        self._order = order
        self._hub = parts.hub
        self._hub.add(self.connection)
        self.connection.outbox.line = self
        self.connection.ending = self.close
        self._line = Line(parts, self.connection)

    def write(self, data: bytes) -> None:
        """Whole frames, as the server's line takes them."""
        for payload in _payloads(data):
            self.heard.append((next(self._order), frames.server_frame.validate_json(payload)))
        self.flowing = not self.is_narrow

    async def send(self, frame: frames.ClientFrame) -> list[frames.ServerFrame]:
        """A frame from the member. Returns what was heard until it was done."""
        before = len(self.heard)
        nothing = not isinstance(frame, frames.React)  # there, null says something
        await self._line.receive(frame.model_dump_json(exclude_none=nothing))
        return [heard for _, heard in self.heard[before:]]

    def stall(self) -> None:
        """Take one write more."""
        self.is_narrow = True

    def flow(self) -> None:
        """Take everything again."""
        self.is_narrow, self.flowing = False, True
        self.connection.outbox.flow()

    def close(self) -> None:
        """The line is gone."""
        if self.is_open:
            self.is_open = self.flowing = False
            self._hub.remove(self.connection)


class Community:
    """Opened, closed and opened again on the same files."""

    def __init__(self, folder: Path, clock: TestClock, spoil: Spoil | None = None) -> None:
        self.clock = clock
        self.order = itertools.count()
        self._folder = folder
        self._spoil = spoil or (lambda told: told)

    def open(self) -> None:
        """Build what the server builds. Inside a running loop."""
        key_file = KeyFile.read(self._folder / "hearth.key")
        self._keys = KeyStore(self._folder / "keys.sqlite3", key_file)
        self._catch_up = CatchUp()
        hub = self._catch_up.hub
        self._database = SqliteDatabase(
            self._folder / "hearth.sqlite3",
            Sealer(key_file, self._keys),
            self.clock,
            lambda told: hub.announce(self._spoil(told)),
        )
        self._catch_up.reads_with(listening.StoredPages(self._database))
        by_hand: Any = ByHand(lambda _: calm().assessment)
        self._parts = SimpleNamespace(
            database=self._database,
            hub=hub,
            catch_up=self._catch_up,
            feed=None,
            assessor=by_hand,
            reader=Reader(by_hand),
            limits=Limits("bench"),
        )

    async def close(self) -> None:
        """As the server does at its end."""
        await self._catch_up.close()
        await self._database.close()
        self._keys.close()

    async def do(self, verb: Callable[[Work], Result]) -> Result:
        """Something a member does over HTTP."""
        return await self._database.do(verb)

    async def read(self, verb: Callable[[Work], Result]) -> Result:
        """Something a member reads."""
        return await self._database.read(verb)

    def connect(self, actor: Actor) -> Socket:
        """A member's new line."""
        return Socket(self._parts, actor, self.order)


def _payloads(data: bytes) -> Iterator[bytes]:
    """The texts of unmasked, unfragmented WebSocket frames that follow one another (RFC 6455, 5.2)."""
    at = 0
    while at < len(data):
        length, start = data[at + 1], at + 2
        if length == 126:
            (length,), start = struct.unpack_from("!H", data, start), start + 2
        elif length == 127:
            (length,), start = struct.unpack_from("!Q", data, start), start + 8
        yield data[start : start + length]
        at = start + length
