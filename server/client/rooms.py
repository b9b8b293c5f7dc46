"""The rooms a client listens to, and what each frame means for its place in them."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from server.client.errors import Declined
from server.client.position import Position, Step
from server.protocol import frames

_IN_ORDER = frames.Message | frames.Changed | frames.Reacted


class Heard(NamedTuple):
    """tell: the program should hear this frame. rejoin: a room to ask for again, from where we stand."""

    tell: bool = True
    rejoin: UUID | None = None


class Rooms:
    """Positions, and joins that wait for their answer. Pure: it sends nothing itself."""

    def __init__(self) -> None:
        self._positions: dict[UUID, Position] = {}
        self._joining: dict[UUID, asyncio.Future[frames.Joined]] = {}
        self._asked_again: set[UUID] = set()

    def ask(self, room: UUID, after: int | None) -> "asyncio.Future[frames.Joined]":
        """Want a room from now on."""
        self._positions[room] = Position(room, after)
        self._asked_again.discard(room)
        future: asyncio.Future[frames.Joined] = asyncio.get_running_loop().create_future()
        self._joining[room] = future
        return future

    def wanted(self) -> list[UUID]:
        """To be joined on every new line."""
        self._asked_again.clear()
        return list(self._positions)

    def wants(self, room: UUID) -> bool:
        """Whether it is still to be heard."""
        return room in self._positions

    def join_frame(self, room: UUID) -> frames.Join:
        """From where we stand."""
        return frames.Join(type="join", room=room, after=self._positions[room].seq)

    def seq(self, room: UUID) -> int | None:
        """The last one heard."""
        position = self._positions.get(room)
        return position.seq if position else None

    def forget(self, room: UUID) -> None:
        """Not wanted any more."""
        self._positions.pop(room, None)

    def forget_positions(self) -> None:
        """Every number from before is worthless; go on from wherever the rooms stand now."""
        for position in self._positions.values():
            position.seq = None

    def receive(self, frame: frames.ServerFrame) -> Heard:
        """What a frame means here."""
        match frame:
            case frames.Message() | frames.Changed() | frames.Reacted():
                return self._in_order(frame)
            case frames.Joined():
                self._joined(frame)
            case frames.Refused(client_id=None):
                self._declined(frame)
            case frames.RoomEnded():
                self.forget(frame.room)
            case frames.Reset() if frame.room in self._positions:
                self._positions[frame.room].seq = None
                return Heard(rejoin=frame.room)
        return Heard()

    def fail(self, error: Exception) -> None:
        """No line will carry the joins any more."""
        _fail(self._joining.values(), error)
        self._joining.clear()

    def _in_order(self, frame: _IN_ORDER) -> Heard:
        position = self._positions.get(frame.room)
        if position is None:
            return Heard(tell=False)
        step = position.take(frame.seq)
        if step is Step.GAP and frame.room not in self._asked_again:
            # Once: what still comes from before the answer has the same gap.
            self._asked_again.add(frame.room)
            return Heard(tell=False, rejoin=frame.room)
        return Heard(tell=step is Step.NEXT)

    def _joined(self, frame: frames.Joined) -> None:
        self._asked_again.discard(frame.room)
        if frame.room in self._positions:
            self._positions[frame.room].joined(frame.seq)
        future = self._joining.pop(frame.room, None)
        if future and not future.done():
            future.set_result(frame)

    def _declined(self, frame: frames.Refused) -> None:
        future = self._joining.pop(frame.room, None) if frame.room else None
        if future and frame.room:
            self.forget(frame.room)
            error = Declined(frame.code, frame.detail, retry_after_s=frame.retry_after_s)
            _fail([future], error)


def _fail(futures: "Iterable[asyncio.Future[frames.Joined]]", error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
