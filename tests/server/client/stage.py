"""Where a conformance case is played to `server.client`: lines without sockets, and time that stands still.

tests/conformance/README.md says what the steps mean.
"""

import asyncio
import heapq
import itertools
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from server.client import Answer, BackOff, Client, Declined, Left, SessionOver
from server.client.line import Line, Socket
from server.client.polled import Answered, PolledSocket
from server.protocol import frames

Frame = dict[str, Any]

CASES = Path(__file__).parents[2] / "conformance"
SHORT: dict[str, Frame] = json.loads((CASES / "frames.json").read_text("utf-8"))
_IDS = frozenset({"id", "room", "client_id", "message", "member", "reply_to", "notice"})
_TURNS = 30
"""Far more turns of the loop than anything here takes to come to rest."""


class StillClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    def now_s(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_s + seconds, next(self._count), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Wake everybody whose time comes, one after the other."""
        end_s = self._now_s + seconds
        while self._sleepers and self._sleepers[0][0] <= end_s:
            self._now_s, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await settle()
        self._now_s = end_s


class StillSocket:
    """What the library would hand over, as far as a Line looks at it."""

    def __init__(self, goes_out: Callable[[str], None]) -> None:
        self._goes_out = goes_out
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self._coming: asyncio.Queue[str | None] = asyncio.Queue()

    def comes(self, text: str) -> None:
        self._coming.put_nowait(text)

    def breaks(self, code: int | None, reason: str = "") -> None:
        self.close_code, self.close_reason = code, reason
        self._coming.put_nowait(None)

    async def send(self, text: str) -> None:
        self._goes_out(text)

    async def close(self) -> None: ...

    async def __aiter__(self) -> AsyncIterator[str]:
        while (text := await self._coming.get()) is not None:
            yield text


class StillLine:
    """The server's end of a line that is fetched. It repeats itself: each answer begins two frames early."""

    def __init__(self, goes_out: Callable[[str], None]) -> None:
        self._goes_out = goes_out
        self._told: list[Any] = []
        self._said = 0
        self._close: dict[str, Any] | None = None
        self._is_gone = False
        self._more = asyncio.Event()

    def socket(self, clock: StillClock) -> PolledSocket:
        polled = PolledSocket(self._ask, "name", clock, self._done)
        polled.begin()
        return polled

    def comes(self, text: str) -> None:
        with suppress(ValueError):  # what is no JSON cannot stand in an answer
            self._told.append(json.loads(text))
            self._more.set()

    def breaks(self, code: int | None, reason: str = "") -> None:
        self._is_gone = code is None
        self._close = {"code": code, "reason": reason}
        self._more.set()

    async def _ask(self, method: str, path: str, body: Any) -> Answered:
        if method == "GET":
            return await self._hear(int(path.partition("?after=")[2]))
        for frame in body["frames"] if body else ():
            self._goes_out(json.dumps(frame))
        return Answered(204, {})

    async def _hear(self, after: int) -> Answered:
        while after == len(self._told) and not self._close:
            self._more.clear()
            await self._more.wait()
        if self._is_gone:
            return Answered(404, {"code": "not_found"})
        again = self._told[max(0, after - 2) :]
        return Answered(200, {"last": len(self._told), "frames": again, "close": self._close})

    async def _done(self) -> None: ...


class Stage:
    """One case. Each verb of a step is a method of the same name. is_polled: over HTTP, not a socket."""

    def __init__(self, *, is_polled: bool = False) -> None:
        self._is_polled = is_polled
        self._clock = StillClock()
        self._draw = 0.5
        self._attempt: asyncio.Future[Line] | None = None
        self._number = 0
        self._socket: StillSocket | StillLine = StillSocket(self._goes_out)
        self._sent: list[Frame] = []
        self._names: dict[str, str] = {}
        self._heard: list[str] = []
        self._resets: list[str] = []
        self._answers: list[list[str]] = []
        self._declined: list[list[str]] = []
        self._program: list[asyncio.Task[None]] = []
        self._client = Client(
            "http://nowhere",
            "token",
            back_off=BackOff(draw=lambda: self._draw),
            hear=self._hear,
            clock=self._clock,
            opens=self._open,
        )

    async def play(self, steps: list[Frame]) -> None:
        """Raises AssertionError, which names the step that was not kept."""
        self._do(self._client.connect())
        try:
            for number, step in enumerate([*steps, {"rest": True}], start=1):
                await settle()
                await self._step(number, **step)
        finally:
            await self._client.close()
            await asyncio.gather(*self._program)

    async def _step(self, number: int, **step: Any) -> None:
        verb, value = next(iter(step.items()))
        try:
            result = getattr(self, verb)(value, **{k: v for k, v in step.items() if k != verb})
            if asyncio.iscoroutine(result):
                await result
        except AssertionError as error:
            raise AssertionError(f"step {number}, {step}: {error}") from None

    # --- what happens ---

    def opens(self, epoch: str) -> None:
        self._connected()
        self.server([{"type": "hello", "epoch": epoch}])

    def shuts(self, code: int) -> None:
        self._connected()
        self._socket.breaks(code)

    def fails(self, _: bool) -> None:
        self._under_way().set_exception(ConnectionRefusedError())

    def breaks(self, code: int | None, reason: str = "") -> None:
        self._socket.breaks(code, reason)

    def server(self, coming: list[Frame]) -> None:
        for frame in itertools.chain.from_iterable(map(_written_out, coming)):
            self._socket.comes(json.dumps(self._with_ids(frame)))

    def wire(self, text: str) -> None:
        self._socket.comes(text)

    def stands(self, _: dict[str, int]) -> None:
        """This client reads no history by itself."""

    async def passes(self, seconds: float) -> None:
        await self._clock.advance(seconds)

    def draws(self, number: float) -> None:
        self._draw = number

    def joins(self, room: str, after: int) -> None:
        self._do(self._join(room, after))

    def leaves(self, room: str) -> None:
        self._do(self._client.leave(self._id(room)))

    def posts(self, draft: str, **words: Any) -> None:
        frame = frames.Post.model_validate(self._said("post", draft, words))
        post = frame.model_dump(exclude={"type", "room", "text"})
        self._do(self._answer(draft, self._client.post(frame.room, frame.text, **post)))

    def edits(self, draft: str, **words: Any) -> None:
        frame = frames.Edit.model_validate(self._said("edit", draft, words))
        edit = frame.model_dump(exclude={"type", "room", "message", "text"})
        said = self._client.edit(frame.room, frame.message, frame.text, **edit)
        self._do(self._answer(draft, said))

    def discards(self, draft: str) -> None:
        self._do(self._client.discard(self._id(draft)))

    # --- what is expected ---

    def sends(self, expected: list[Frame]) -> None:
        _same(_taken(self._sent), expected)

    def hears(self, expected: list[str]) -> None:
        _same(_taken(self._heard), [change for words in expected for change in _each(words)])

    def answers(self, expected: list[list[str]]) -> None:
        _same(_taken(self._answers), expected)

    def declines(self, expected: list[list[str]]) -> None:
        _same(_taken(self._declined), expected)

    def anew(self, rooms: list[str]) -> None:
        """Told `reset`, and joined from now on: the program reads history once it hears `joined`."""
        _same(_taken(self._resets), rooms)
        self.sends([{"type": "join", "room": room} for room in rooms])

    def opening(self, expected: bool) -> None:
        _same(self._attempt is not None, expected)

    async def over(self, expected: bool) -> None:
        """Whoever asks for a line now is told so."""
        asking = asyncio.create_task(self._client.connect())
        await settle()
        asking.cancel()
        ended = await asyncio.gather(asking, return_exceptions=True)
        _same(isinstance(ended[0], SessionOver), expected)

    def rest(self, _: bool) -> None:
        """Nothing is left that nobody expected."""
        self.anew([])
        self.hears([])
        self.answers([])
        self.declines([])

    # --- the program ---

    def _do(self, act: Coroutine[Any, Any, Any]) -> None:
        self._program.append(asyncio.create_task(_until_over(act)))

    async def _join(self, room: str, after: int) -> None:
        try:
            await self._client.join(self._id(room), after=after)
        except Declined as declined:
            self._declined.append([room, declined.code])
        except Left:
            return

    async def _answer(self, draft: str, saying: Coroutine[Any, Any, Answer]) -> None:
        self._answers.append([draft, (await saying).type])

    def _hear(self, frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Message | frames.Changed | frames.Reacted):
            self._heard.append(f"{self._names[str(frame.room)]} {frame.seq}")
        elif isinstance(frame, frames.Reset):
            self._resets.append(self._names[str(frame.room)])

    # --- the line ---

    async def _open(self, url: str, token: str, number: int) -> Line:
        self._attempt, self._number = asyncio.get_running_loop().create_future(), number
        return await self._attempt

    def _under_way(self) -> "asyncio.Future[Line]":
        attempt, self._attempt = self._attempt, None
        assert attempt, "no line is being opened"
        return attempt

    def _connected(self) -> None:
        attempt = self._under_way()
        carrier: Socket
        if self._is_polled:
            self._socket = line = StillLine(self._goes_out)
            carrier = line.socket(self._clock)
        else:
            self._socket = carrier = StillSocket(self._goes_out)
        attempt.set_result(Line(carrier, self._number))

    def _goes_out(self, text: str) -> None:
        sent = {key: value for key, value in json.loads(text).items() if value not in (None, False)}
        self._sent.append({key: self._names.get(value, value) for key, value in sent.items()})

    # --- names ---

    def _id(self, name: str) -> UUID:
        made = uuid5(NAMESPACE_OID, name)
        self._names[str(made)] = name
        return made

    def _said(self, kind: str, draft: str, words: Frame) -> Frame:
        return self._with_ids({"type": kind, "client_id": draft} | words)

    def _with_ids(self, frame: Frame) -> Frame:
        return {key: self._with_id(key, value) for key, value in frame.items()}

    def _with_id(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return self._with_ids(value)
        return str(self._id(value)) if key in _IDS else value


async def settle() -> None:
    """Until everybody who can do something has done it."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def _until_over(act: Coroutine[Any, Any, Any]) -> None:
    with suppress(SessionOver):
        await act


def _written_out(short: Frame) -> Iterator[Frame]:
    """Each frame that a short one stands for."""
    if isinstance(short.get("seq"), list):
        first, last = short["seq"]
        for seq in range(first, last + 1):
            yield from _written_out(short | {"seq": seq})
        return
    own = f"{short.get('room')} {short.get('seq')}"
    said = {"id": own, "client_id": f"draft of {own}"}
    yield (
        (said if short["type"] in ("message", "posted") else {})
        | SHORT.get(short["type"], {})
        | short
    )


def _each(words: str) -> Iterator[str]:
    room, _, seqs = words.rpartition(" ")
    first, _, last = seqs.partition("-")
    return (f"{room} {seq}" for seq in range(int(first), int(last or first) + 1))


def _taken(noted: list[Any]) -> list[Any]:
    taken = noted.copy()
    noted.clear()
    return taken


def _same(found: object, expected: object) -> None:
    assert found == expected, f"it is {found}"
