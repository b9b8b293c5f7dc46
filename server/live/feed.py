"""What happens at other workers reaches those who listen here: read from the database, in its order.

A room is told in one place, and always its next `seq`. What this worker wrote itself is handed over when
it is the next, and so is what another worker's hint carries; else the room is read up to where it stands. Seats and
sessions that ended elsewhere are heard before any change that was written after them. What was written
here and never handed over, because the answer to its commit was lost, is read as others' is.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from typing import NamedTuple, Protocol
from uuid import UUID

from pydantic import ValidationError

from server.errors import ServerError
from server.live.encoding import encode, payload_of
from server.live.hints import Carried, Carrier, Hint, Hints
from server.live.hub import Hub
from server.protocol import frames
from server.store.pace import PACE
from server.store.work import CROSSING, Announcement, Crossed, ToRoom

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
"""Without any hint: how late what others wrote may be."""
_MOST_REST_S = 0.05
_AGAIN_S = 0.2
_NAMED = 500
"""Members of a room who are named to other workers; of more only the number is said."""
_SAY_AGAIN_S = 5.0
_HANDED_OVER_S = 10.0
"""After its commit, what was written here is handed over within so long."""
_SEES_S = 2 * LOOK_EVERY_S
"""Who has not looked into the database for longer takes nothing from hints."""
_GONE_S = 12.0


class Since(NamedTuple):
    """number: up to which `told` goes, each with its own. more: there may be further ones of either."""

    number: int
    told: list[tuple[int, Announcement]]
    changes: list[ToRoom]
    more: bool


class Store(Protocol):
    """Where it is read."""

    def newest(self) -> Awaitable[int]:
        """The number of what was told last."""
        ...

    def since(
        self, number: int, known: Collection[int], rooms: dict[UUID, int]
    ) -> Awaitable[Since]:
        """What was told after a number but for some, and what changed in rooms after a `seq`: of one moment."""
        ...

    def name_of(self, room: UUID, member: UUID) -> Awaitable[str | None]:
        """None for who does not sit there."""
        ...

    def went_back(self, number: int, rooms: dict[UUID, int]) -> Awaitable[bool]:
        """Whether the place began anew since this worker did, or less stands there than was told."""
        ...

    def begin_anew(self) -> Awaitable[None]:
        """Every position from before is worthless, unless another worker has said so."""
        ...


class WentBackError(Exception):
    """The database stands at an earlier moment than what was told from it."""


class Feed:
    """Between the database and the hub of one worker."""

    def __init__(self, hub: Hub, worker: UUID) -> None:
        self.worker = worker
        self._hub = hub
        self._number = 0
        self._ahead: set[int] = set()
        """Numbers that were told here out of turn: past what was read."""
        self._read: dict[int, float] = {}
        """Numbers that were read and told lately, and when: what is handed over after that is left out."""
        self._looked_at = time.monotonic()
        self._store: Store | None = None
        self._stop: Callable[[], None] | None = None
        self._hints: Hints | None = None
        self._wake = asyncio.Event()
        self._wanted: set[UUID] = set()
        self._look_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._typists: set[asyncio.Task[None]] = set()
        self._said: dict[UUID, frozenset[UUID]] = {}
        self._say_all_at = 0.0
        self._elsewhere: dict[UUID, tuple[float, dict[UUID, frozenset[str]], dict[UUID, int]]] = {}

    async def open(
        self, store: Store, carrier: Carrier, secret: bytes, stop: Callable[[], None]
    ) -> None:
        """Begin where the database stands now: nobody listens here yet. secret: of the hints.

        stop: called where the database went back: what is held here does not fit it any more.
        """
        self._store, self._stop = store, stop
        self._number = await store.newest()
        self._hints = Hints(carrier, secret, self.worker, self._hear)
        self._task = asyncio.create_task(self._keep_up(), name="feed")

    async def close(self) -> None:
        """End what runs."""
        tasks = [*self._typists, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._hints:
            await self._hints.close()

    @property
    def hints_cross(self) -> bool:
        """Without them what others wrote is up to a second late."""
        return self._hints is not None and self._hints.is_up

    # --- what happens here ---

    def announce(self, told: list[Announcement]) -> None:
        """After a commit of this worker."""
        others_first, crosses = False, any(isinstance(one, CROSSING) for one in told)
        changes: list[Carried] = []
        if told and isinstance(crossed := told[0], Crossed):
            others_first = crossed.number > self._number
            if not crosses:
                changes = self._carried(crossed.number, told)
            told = self._not_told_yet(crossed, told)
        heads: dict[UUID, int] = {}
        firsts: dict[UUID, int] = {}
        for one in told:
            if isinstance(one, ToRoom):
                firsts.setdefault(one.room, one.seq)
                heads[one.room] = one.seq
        late = {room for room, seq in firsts.items() if others_first or not self._next(room, seq)}
        self._hub.announce(
            [one for one in told if not (isinstance(one, ToRoom) and one.room in late)]
        )
        for room in late:
            self._note_head(room, heads[room])
        if late:
            self._want(late)
        if self._hints:
            self._hints.heads(heads, told=crosses, changes=changes)

    def _carried(self, before: int, told: list[Announcement]) -> list[Carried]:
        """What changed in rooms where members listen at other workers."""
        return [
            Carried(room=one.room, seq=one.seq, before=before, frame=payload_of(encode(one.frame)))
            for one in told
            if isinstance(one, ToRoom) and self._is_heard_elsewhere(one.room)
        ]

    def _is_heard_elsewhere(self, room: UUID) -> bool:
        return any(room in rooms or room in crowds for _, rooms, crowds in self._elsewhere.values())

    def _not_told_yet(self, crossed: Crossed, told: list[Announcement]) -> list[Announcement]:
        """Without what was read before it was handed over; what is left counts as told."""
        own = range(crossed.number + 1, crossed.number + crossed.own + 1)
        numbers = iter(own)
        left = [
            one for one in told if not (isinstance(one, CROSSING) and next(numbers) in self._read)
        ]
        if crossed.number <= self._number:
            self._number = max(self._number, crossed.number + crossed.own)
        else:
            self._ahead.update(own)
        return left

    def _is_told(self, number: int) -> bool:
        return number <= self._number or number in self._ahead

    def _next(self, room: UUID, seq: int) -> bool:
        before = self._hub.told_up_to(room)
        return before is None or seq <= before + 1

    def typing(self, room: UUID, member: UUID) -> None:
        """Somebody writes here."""
        if self._hints:
            self._hints.typing(room, member)

    def say_who_is_here(self) -> None:
        """To the other workers, where it changed; all of it every few seconds. Also whom they have named."""
        now = time.monotonic()
        here = {room: frozenset(self._hub.listening(room)) for room in self._hub.rooms()}
        again = now >= self._say_all_at
        if again:
            self._say_all_at = now + _SAY_AGAIN_S
        changed = {
            room: here.get(room, frozenset())
            for room in here.keys() | self._said.keys()
            if again or here.get(room) != self._said.get(room)
        }
        self._said = here
        if changed and self._hints:
            self._hints.here(
                {room: _short(ids) for room, ids in changed.items() if len(ids) <= _NAMED},
                {room: len(ids) for room, ids in changed.items() if len(ids) > _NAMED},
            )
        self._count_elsewhere(here, now)

    def _count_elsewhere(self, here: dict[UUID, frozenset[UUID]], now: float) -> None:
        for worker, (at, _, _) in list(self._elsewhere.items()):
            if at < now - _GONE_S:
                del self._elsewhere[worker]
        named: dict[UUID, set[str]] = {}
        count: dict[UUID, int] = {}
        for _, rooms, crowds in self._elsewhere.values():
            for room, ids in rooms.items():
                named.setdefault(room, set()).update(ids)
            for room, size in crowds.items():
                count[room] = count.get(room, 0) + size
        for room, names in named.items():
            count[room] = count.get(room, 0) + len(names.difference(_short(here.get(room, ()))))
        self._hub.heard_elsewhere({room: size for room, size in count.items() if size})

    # --- what others say ---

    def _hear(self, hint: Hint) -> None:
        self._hub.announce(self._next_of(hint.changes))
        wanted = {room for room, seq in hint.heads.items() if self._is_new(room, seq)}
        if hint.told or wanted:
            self._want(wanted)
        for room, member in hint.typing.items():
            if self._hub.told_up_to(room) is not None and len(self._typists) < _NAMED:
                task = asyncio.create_task(self._typing(room, member), name="typing")
                self._typists.add(task)
                task.add_done_callback(self._typists.discard)
        if hint.here or hint.crowds:
            self._note_here(hint)

    def _next_of(self, changes: list[Carried]) -> list[Announcement]:
        """Those that come next in their rooms, where all that crossed before them was heard; the rest is read."""
        at: dict[UUID, int | None] = {}
        told: list[Announcement] = []
        if time.monotonic() - self._looked_at > _SEES_S:
            return told  # what was held up on its way may be hidden by now
        for one in changes:
            before = at.setdefault(one.room, self._hub.told_up_to(one.room))
            if before is not None and one.seq == before + 1 and one.before <= self._number:
                with contextlib.suppress(ValidationError):  # newer code wrote it: it is read
                    frame = frames.server_frame.validate_json(one.frame)
                    told.append(ToRoom(one.room, one.seq, frame))
                    at[one.room] = one.seq
        return told

    def _want(self, rooms: set[UUID]) -> None:
        self._wanted |= rooms
        self._wake.set()

    def _is_new(self, room: UUID, seq: int) -> bool:
        self._note_head(room, seq)
        before = self._hub.told_up_to(room)
        return before is not None and seq > before

    def _note_head(self, room: UUID, seq: int) -> None:
        """Whoever joins in this moment must not think that they have everything."""
        if self._hub.told_up_to(room) is None:
            self._hub.saw_head(room, seq)

    def _note_here(self, hint: Hint) -> None:
        _, rooms, crowds = self._elsewhere.get(hint.worker, (0.0, {}, {}))
        for room, ids in hint.here.items():
            crowds.pop(room, None)
            rooms.pop(room, None)
            if ids:
                rooms[room] = frozenset(ids)
        for room, size in hint.crowds.items():
            rooms.pop(room, None)
            crowds[room] = size
        self._elsewhere[hint.worker] = (time.monotonic(), rooms, crowds)

    async def _typing(self, room: UUID, member: UUID) -> None:
        assert self._store is not None  # noqa: S101 - hints come after it
        with contextlib.suppress(ServerError):
            if name := await self._store.name_of(room, member):
                self._hub.typing_elsewhere(room, member, name)

    # --- reading ---

    async def _keep_up(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, self._look_at - time.monotonic())):
                    await self._wake.wait()
            began = time.perf_counter()
            try:
                await self._look()
                # The more there is, the more comes with one look; what comes alone is looked for at once.
                took_s = time.perf_counter() - began
                await asyncio.sleep(min(took_s * PACE, _MOST_REST_S))
            except WentBackError:
                log.error("the database went back to an earlier moment: this worker ends")
                assert self._stop is not None  # noqa: S101 - set when it was opened
                self._stop()
                return
            except ServerError as error:
                self._look_at = 0.0
                log.warning("what others wrote waits: %s", error.code)
                await asyncio.sleep(_AGAIN_S)
            except Exception as error:
                self._look_at = 0.0
                log.error("what others wrote was not read: %s", type(error).__name__)
                await asyncio.sleep(_AGAIN_S)

    async def _look(self) -> None:
        """Where there was a hint; in all rooms once a second, whatever was hinted."""
        wanted, self._wanted = self._wanted, set()
        self._wake.clear()
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            wanted = set(self._hub.rooms())
            await self.check_back()
        await self.read_on(wanted)

    async def check_back(self) -> None:
        """Raises WentBackError, once everybody is to read their rooms anew."""
        assert self._store is not None  # noqa: S101 - set when it was opened
        if await self._store.went_back(self._number, self._told_in(self._hub.rooms())):
            await self._store.begin_anew()
            raise WentBackError

    def _told_in(self, rooms: Collection[UUID]) -> dict[UUID, int]:
        told = {room: self._hub.told_up_to(room) for room in rooms}
        return {room: seq for room, seq in told.items() if seq is not None}

    async def read_on(self, wanted: set[UUID]) -> None:
        """Once, now: what crossed, and these rooms, up to where the database stands."""
        assert self._store is not None  # noqa: S101 - set when it was opened
        more = True
        while more:
            since = await self._store.since(
                self._number, frozenset(self._ahead), self._told_in(wanted)
            )
            news = {number: one for number, one in since.told if not self._is_told(number)}
            self._number = max(self._number, since.number)
            self._note_read(news)
            self._ahead = {number for number in self._ahead if number > self._number}
            self._hub.announce([*news.values()])
            self._hub.announce([one for one in since.changes if self._is_next(one)])
            more = since.more
        self._looked_at = time.monotonic()

    def _note_read(self, numbers: Collection[int]) -> None:
        now = time.monotonic()
        self._read = {one: at for one, at in self._read.items() if at > now - _HANDED_OVER_S}
        self._read.update(dict.fromkeys(numbers, now))

    def _is_next(self, one: ToRoom) -> bool:
        """False for what was handed over meanwhile, and where nobody listens any more."""
        before = self._hub.told_up_to(one.room)
        return before is not None and one.seq > before


def _short(members: "frozenset[UUID] | tuple[()]") -> list[str]:
    """Enough to tell those of one room apart; says nothing about them."""
    return [hashlib.sha256(member.bytes).hexdigest()[:10] for member in members]
