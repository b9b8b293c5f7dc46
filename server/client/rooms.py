"""The rooms a client listens to, and what each frame means for its place in them."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from server.client.errors import Declined, Left
from server.client.position import Position, Step
from server.protocol import frames

_IN_ORDER = frames.Message | frames.Changed | frames.Reacted
_AGAIN_S = 2.0


class Heard(NamedTuple):
    """tell: what the program hears. rejoin: a room to ask for from where we stand, after `in_s`."""

    tell: tuple[frames.ServerFrame, ...] = ()
    rejoin: UUID | None = None
    in_s: float = 0.0


class Rooms:
    """Positions, and joins that wait for their answer. Pure: it sends nothing itself."""

    def __init__(self) -> None:
        self._epoch: str | None = None
        self._positions: dict[UUID, Position] = {}
        self._joining: dict[UUID, list[asyncio.Future[frames.Joined]]] = {}
        self._asked: set[UUID] = set()

    def ask(self, room: UUID, after: int | None) -> "asyncio.Future[frames.Joined]":
        """Want a room from now on."""
        self._positions[room] = Position(room, after)
        self._asked.add(room)
        future: asyncio.Future[frames.Joined] = asyncio.get_running_loop().create_future()
        self._joining.setdefault(room, []).append(future)
        return future

    def wanted(self) -> list[UUID]:
        """To be joined on every new line."""
        return list(self._positions)

    def wants(self, room: UUID) -> bool:
        """Whether it is still to be heard."""
        return room in self._positions

    def waits(self, room: UUID) -> bool:
        """Whether a join of it is not answered yet."""
        return room in self._positions and room in self._asked

    def join_frame(self, room: UUID) -> frames.Join:
        """From where we stand; from now on its answer is awaited."""
        self._asked.add(room)
        return frames.Join(type="join", room=room, after=self._positions[room].seq)

    def seq(self, room: UUID) -> int | None:
        """The last one heard."""
        position = self._positions.get(room)
        return position.seq if position else None

    def forget_positions(self) -> None:
        """Every number from before is worthless; go on from wherever the rooms stand now."""
        for position in self._positions.values():
            position.forget()

    def leave(self, room: UUID) -> None:
        """Not wanted any more, not even by whoever waits for it."""
        self._forget(room)
        _fail(self._joining.pop(room, []), Left("This room was left before it was joined."))

    def receive(self, frame: frames.ServerFrame) -> Heard:
        """What a frame means here."""
        match frame:
            case frames.Hello():
                return self._greeted(frame)
            case frames.Message() | frames.Changed() | frames.Reacted():
                return self._in_order(frame)
            case frames.Joined():
                self._joined(frame)
            case frames.Refused(client_id=None):
                return self._refused(frame)
            case frames.RoomEnded():
                self._forget(frame.room)
            case frames.Reset() if position := self._positions.get(frame.room):
                position.forget()
                return Heard((frame,), rejoin=frame.room)
        return Heard((frame,))

    def fail(self, error: Exception) -> None:
        """No line will carry the joins any more."""
        for joins in self._joining.values():
            _fail(joins, error)
        self._joining.clear()

    def _greeted(self, hello: frames.Hello) -> Heard:
        """A new line: nothing is joined. In another epoch each room is told that it is worth nothing."""
        known, self._epoch = self._epoch, hello.epoch
        self._asked.clear()
        if known is None or known == hello.epoch:
            return Heard((hello,))
        self.forget_positions()
        return Heard((hello, *map(self._reset, self._positions)))

    def _in_order(self, frame: _IN_ORDER) -> Heard:
        position = self._positions.get(frame.room)
        step = position.take(frame.seq) if position else Step.DOUBLE
        if step is Step.NEXT:
            return Heard((frame,))
        # Once: what still comes from before the answer has the same gap.
        if position is None or step is Step.DOUBLE or frame.room in self._asked:
            return Heard()
        self._asked.add(frame.room)
        if position.ask_again():
            return Heard(rejoin=frame.room)
        position.forget()
        return Heard((self._reset(frame.room),), rejoin=frame.room)

    def _reset(self, room: UUID) -> frames.Reset:
        return frames.Reset(epoch=self._epoch or "", room=room)

    def _joined(self, frame: frames.Joined) -> None:
        self._asked.discard(frame.room)
        if position := self._positions.get(frame.room):
            position.joined(frame.seq)
        for future in self._joining.pop(frame.room, []):
            if not future.done():
                future.set_result(frame)

    def _refused(self, frame: frames.Refused) -> Heard:
        """It may be the answer to a join, or to something else that was done in the room."""
        room = frame.room
        if room is None or not self.waits(room):
            return Heard((frame,))
        if frame.retryable:
            in_s = _AGAIN_S if frame.retry_after_s is None else frame.retry_after_s
            return Heard((frame,), rejoin=room, in_s=in_s)
        joins = self._joining.pop(room, [])
        if joins:
            self._forget(room)
            _fail(joins, Declined(frame.code, frame.detail, retry_after_s=frame.retry_after_s))
        return Heard((frame,))

    def _forget(self, room: UUID) -> None:
        self._positions.pop(room, None)
        self._asked.discard(room)


def _fail(futures: "Iterable[asyncio.Future[frames.Joined]]", error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
