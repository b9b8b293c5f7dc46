"""One member's client: a line that comes back, rooms that resume, and an outbox that is sent again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

from websockets.exceptions import WebSocketException

from server.client.back_off import BackOff
from server.client.carriers import Carriers
from server.client.clock import Clock, RealClock
from server.client.errors import ClientError, SessionOver
from server.client.line import Ended, Line, is_refusal
from server.client.outbox import Answer, Outbox, Unanswered
from server.client.rooms import Rooms
from server.protocol import frames

Hear = Callable[[frames.ServerFrame], None]
Opens = Callable[[str, str, int], Awaitable[Line]]

_RETRIES = 6


class Client:
    """Use as a context manager, or `connect()` and `close()`.

    hear: called with each frame, in order, once. tap: called with every frame as it came in, before
    doubles are dropped and gaps are asked for again; for those who check the server.
    clock, opens: time and the network, where a test stands in for them.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        back_off: BackOff | None = None,
        hear: Hear | None = None,
        tap: Hear | None = None,
        clock: Clock | None = None,
        opens: Opens | None = None,
    ) -> None:
        self._url = url
        self._token = token
        self._back_off = back_off or BackOff()
        self._hear = hear
        self._streams: list[asyncio.Queue[frames.ServerFrame | None]] = []
        self._tap = tap
        self._clock = clock or RealClock()
        self._opens = opens or Carriers(self._clock).open
        self._outbox = Outbox()
        self._rooms = Rooms()
        self._sending = asyncio.Lock()
        self._up = asyncio.Event()
        self._line: Line | None = None
        self._greeted_s: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._over: ClientError | None = None
        self.hello: frames.Hello | None = None
        self.lines = 0
        """How many lines were opened so far; more than 1: it reconnected."""

    # --- coming and going ---

    async def connect(self) -> None:
        """Return when the server has said hello; keep coming back until closed. Raises SessionOver."""
        self._task = self._task or asyncio.create_task(self._stay_connected(), name="hearth-client")
        await self._when_up()

    async def close(self) -> None:
        """End the line. What was not answered fails with SessionOver, and may have been said."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)
        self._give_up(SessionOver("This client was closed."))

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def is_up(self) -> bool:
        """Whether a line is open right now."""
        return self._up.is_set() and self._over is None

    @property
    def is_slow(self) -> bool:
        """Whether the line goes over HTTP, because no WebSocket opens here. All is the same, a little later."""
        return self._line is not None and self._line.is_slow

    # --- rooms ---

    async def join(self, room: UUID, *, after: int | None = None) -> frames.Joined:
        """Listen. after: the last `seq` seen, 0 for everything; None: only what comes from now on.

        Waits across as many lines, and refusals that may be retried, as it takes. Raises Declined when
        the room is not there or there is no seat in it, Left when it was left meanwhile, SessionOver.
        """
        if self._over:
            raise self._over
        future = self._rooms.ask(room, after)
        if self._line:
            await self._line.send(self._rooms.join_frame(room))
        return await future

    async def leave(self, room: UUID) -> None:
        """Stop listening; the seat stays. Without a line there is nothing to stop."""
        self._rooms.leave(room)
        if self._line:
            await self._line.send(frames.Leave(type="leave", room=room))

    def seq(self, room: UUID) -> int | None:
        """The last `seq` heard in a room: what to keep, to resume after the program itself restarts."""
        return self._rooms.seq(room)

    # --- saying ---

    async def post(
        self,
        room: UUID,
        text: str,
        *,
        client_id: UUID | None = None,
        reply_to: UUID | None = None,
        ask: bool = False,
        insist: bool = False,
        content_note: str | None = None,
    ) -> Answer:
        """Say something, once, and wait for the answer, across as many lines as it takes.

        A refusal that may be retried is, when its time has come, up to six times.
        After a Nudge, post again under the same client_id: other words, or the same with `insist`;
        or `discard`. Raises SessionOver.
        """
        return await self.say(
            frames.Post(
                type="post",
                room=room,
                client_id=client_id or uuid4(),
                text=text,
                reply_to=reply_to,
                ask=ask,
                insist=insist,
                content_note=content_note,
            ),
            retries=_RETRIES,
        )

    async def edit(
        self,
        room: UUID,
        message: UUID,
        text: str,
        *,
        client_id: UUID | None = None,
        insist: bool = False,
    ) -> Answer:
        """Other words for one's own message; answered, and sent again, as a post."""
        return await self.say(
            frames.Edit(
                type="edit",
                room=room,
                client_id=client_id or uuid4(),
                message=message,
                text=text,
                insist=insist,
            ),
            retries=_RETRIES,
        )

    async def say(self, frame: frames.Post | frames.Edit, *, retries: int = 0) -> Answer:
        """The frame of a post or an edit, and by itself the first answer, whatever it is.

        retries: how often a refusal that may be retried is not yet the answer.
        Cancelling stops the repetition, not what was already said.
        """
        if self._over:
            raise self._over
        future = self._outbox.put(frame, retries=retries)
        try:
            await self._flush()
            return await future
        finally:
            if future.cancel() or future.cancelled():
                self._outbox.forget(frame.client_id)

    async def send(self, frame: frames.ClientFrame) -> None:
        """Any other frame (react, felt_heard, flag, withdraw, discard, typing, read), once there is a line.

        These have no answer of their own: what they change is heard in the room, or `refused`.
        """
        await self._when_up()
        if self._line:
            await self._line.send(frame)

    async def discard(self, client_id: UUID) -> None:
        """Give a nudged draft up."""
        await self.send(frames.Discard(type="discard", client_id=client_id))

    async def react(self, room: UUID, message: UUID, reaction: frames.Reaction | None) -> None:
        """A quiet sign, set or (None) taken back."""
        await self.send(frames.React(type="react", room=room, message=message, reaction=reaction))

    async def felt_heard(self, room: UUID, message: UUID, answer: frames.Heard) -> None:
        """The asker's private answer to a reply."""
        await self.send(
            frames.FeltHeard(type="felt_heard", room=room, message=message, answer=answer)
        )

    # --- hearing ---

    @contextlib.contextmanager
    def listening(self) -> Iterator[AsyncIterator[frames.ServerFrame]]:
        """Every frame from now on, to iterate over; unread ones are kept without bound.

        Iterating raises SessionOver once all was read and no more can come.
        """
        queue: asyncio.Queue[frames.ServerFrame | None] = asyncio.Queue()
        if self._over:
            queue.put_nowait(None)
        self._streams.append(queue)
        try:
            yield self._taken_from(queue)
        finally:
            self._streams.remove(queue)

    async def _taken_from(
        self, queue: "asyncio.Queue[frames.ServerFrame | None]"
    ) -> AsyncIterator[frames.ServerFrame]:
        while (frame := await queue.get()) is not None:
            yield frame
        if self._over:
            raise self._over

    # --- the line ---

    async def _stay_connected(self) -> None:
        try:
            await self._line_after_line()
        except Exception as error:
            # A hearer that raised: nobody may wait for ever.
            self._give_up(ClientError(f"The client failed: {type(error).__name__}"))
            raise

    async def _line_after_line(self) -> None:
        while not self._over:
            self._greeted_s = None
            try:
                ended = await self._one_line()
            except (OSError, WebSocketException) as error:
                ended = Ended(over=is_refusal(error))
            self._line = None
            self._up.clear()
            if ended.over:
                self._give_up(SessionOver("The server closed this session."))
                return
            if self._greeted_s is not None:
                stood_s = self._clock.now_s() - self._greeted_s
                self._back_off.held(stood_s, told=ended.hint_s is not None)
            await self._clock.sleep(self._back_off.next_s(ended.hint_s))

    async def _one_line(self) -> Ended:
        line = await self._opens(self._url, self._token, self.lines + 1)
        resuming: asyncio.Task[None] | None = None
        try:
            async for frame in line.frames():
                if isinstance(frame, frames.Hello):
                    resuming = self._begin(line, frame)
                await self._receive(line, frame)
        finally:
            if resuming:
                resuming.cancel()
            await line.close()
        return line.ended()

    def _begin(self, line: Line, hello: frames.Hello) -> "asyncio.Task[None]":
        self.hello, self._line = hello, line
        self.lines = line.number
        self._greeted_s = self._clock.now_s()
        self._up.set()
        # A task of its own: answers must be read while a long outbox goes out.
        return self._start(self._resume(line, self._rooms.wanted()))

    async def _resume(self, line: Line, rooms: list[UUID]) -> None:
        """Rooms from where they were, then what was never answered."""
        for room in rooms:
            if self._rooms.wants(room):
                await line.send(self._rooms.join_frame(room))
        await self._flush()

    async def _flush(self) -> None:
        # One at a time, so that two posts keep their order.
        async with self._sending:
            line = self._line
            if line:
                for waiting in self._outbox.unsent(line.number):
                    await line.send(waiting.frame)

    async def _receive(self, line: Line, frame: frames.ServerFrame) -> None:
        if self._tap:
            self._tap(frame)
        if isinstance(frame, frames.Posted | frames.Nudge | frames.Held | frames.Refused):
            resting = self._outbox.answered(frame)
            if resting:
                self._start(self._say_again(resting))
        heard = self._rooms.receive(frame)
        if heard.rejoin:
            await self._rejoin(line, heard.rejoin, heard.in_s)
        for told in heard.tell:
            if self._hear:
                self._hear(told)
            for stream in self._streams:
                stream.put_nowait(told)

    async def _rejoin(self, line: Line, room: UUID, in_s: float) -> None:
        if in_s:
            self._start(self._join_later(line, room, in_s))
        else:
            await line.send(self._rooms.join_frame(room))

    async def _join_later(self, line: Line, room: UUID, in_s: float) -> None:
        """Unless it was answered meanwhile, or the line broke: the next one joins by itself."""
        await self._clock.sleep(in_s)
        if self._line is line and self._rooms.waits(room):
            await line.send(self._rooms.join_frame(room))

    async def _say_again(self, resting: Unanswered) -> None:
        await self._clock.sleep(resting.rest_s or 0.0)
        resting.rest_s = None
        await self._flush()

    def _start(self, errand: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(errand, name="hearth-client-errand")
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)
        return task

    async def _when_up(self) -> None:
        await self._up.wait()
        if self._over:
            raise self._over

    def _give_up(self, error: ClientError) -> None:
        self._over = self._over or error
        self._outbox.fail(self._over)
        self._rooms.fail(self._over)
        for stream in self._streams:
            stream.put_nowait(None)
        self._up.set()
