"""The steps of the model drill: each is done to the server and to the model, and then the two are compared."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any, ClassVar
from uuid import UUID, uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from server.errors import NotFound
from server.protocol import frames
from tests.drills._community import Community, Socket
from tests.drills._house import EVERYBODY, LISTENERS, PEERS, Device, House
from tests.drills._model import Diverged, InOrder, Model
from tests.drills._view import View

_LATER = {"hours": 25.0}
_MOST_LATER = 3
_SAID_BEFORE = 5
"""Times that everybody says something at first: who comes back misses more than one write holds."""

who = st.sampled_from(PEERS)
device = st.integers(0, len(LISTENERS) - 1)
pick = st.integers(0, 10_000)


class Talk(RuleBasedStateMachine):
    """One run. A step that cannot be done now does nothing."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    community: ClassVar[Community]
    counts: ClassVar[Counter[str]]
    settle_s: ClassVar[float] = 20.0
    """Far above what it takes, for a machine that is busy with other things."""

    def __init__(self) -> None:
        super().__init__()
        self._house = House(self.community)
        self._model = Model()
        self._devices: list[Device] = []
        self._voices: dict[str, Socket] = {}
        self._words = 0
        self._later = 0
        self._has_failed = False
        self._removed_about: dict[str, UUID] = {}

    @initialize()
    def begin(self) -> None:
        self._do(self._begin())

    async def _begin(self) -> None:
        self.counts["runs"] += 1
        await self._house.found()
        for name in EVERYBODY:
            self._model.sits(name, "seated", next(self.community.order))
            self._model.happens("joined")
        self._devices = [Device(name, self._house.view(name)) for name in LISTENERS]
        for _ in range(_SAID_BEFORE):
            await self._say(list(PEERS))

    # --- listening ---

    @rule(number=device, slowly=st.booleans())
    def comes_back(self, number: int, slowly: bool) -> None:
        """From where this device stood; at first from the beginning of the room."""
        if not self._devices[number].is_open:
            self._do(self._listen(self._devices[number], slowly=slowly))

    @rule(number=device)
    def comes_with_a_new_page(self, number: int) -> None:
        """History first, then everything after it."""
        if not self._devices[number].is_open:
            self._do(self._come_with_a_page(self._devices[number]))

    @rule(number=device)
    def goes(self, number: int) -> None:
        self._do(self._go([self._devices[number]]))

    @rule(number=device)
    def stalls(self, number: int) -> None:
        """The line takes one write more, and then nothing."""
        socket = self._devices[number].socket
        if socket and socket.is_open:
            socket.stall()

    @rule(number=device)
    def flows(self, number: int) -> None:
        self._do(self._flow([self._devices[number]]))

    # --- saying ---

    @rule(name=who)
    def says(self, name: str) -> None:
        self._do(self._say([name]))

    @rule(names=st.lists(who, min_size=2, max_size=4, unique=True))
    def speak_at_once(self, names: list[str]) -> None:
        self._do(self._say(names))

    @rule(at=pick)
    def says_it_again(self, at: int) -> None:
        """The first answer was lost: the same frame under the same client_id."""
        self._do(self._repeat(at))

    @rule(at=pick)
    def says_something_else_under_it(self, at: int) -> None:
        self._do(self._contradict(at))

    @rule(name=who, at=pick)
    def edits(self, name: str, at: int) -> None:
        self._do(self._edit(name, at))

    @rule(name=who, at=pick)
    def withdraws(self, name: str, at: int) -> None:
        self._do(self._withdraw(name, at))

    @rule(name=who, at=pick, reaction=st.sampled_from(["heart", "hug", None]))
    def reacts(self, name: str, at: int, reaction: Any) -> None:
        self._do(self._react(name, at, reaction))

    # --- moderators, seats, and the world ---

    @rule(at=pick)
    def is_hidden(self, at: int) -> None:
        self._do(self._hide(at))

    @rule(at=pick, number=device)
    def is_hidden_while_somebody_comes_back(self, at: int, number: int) -> None:
        self._do(self._hide(at, self._devices[number]))

    @rule(at=pick)
    def is_shown(self, at: int) -> None:
        self._do(self._show(at))

    @rule(name=who)
    def leaves(self, name: str) -> None:
        self._do(self._leave(name, []))

    @rule(name=who, other=who)
    def leaves_while_another_speaks(self, name: str, other: str) -> None:
        if name != other:
            self._do(self._leave(name, [other]))

    @rule(name=who)
    def enters(self, name: str) -> None:
        self._do(self._enter(name))

    @rule(name=who, at=pick)
    def is_removed(self, name: str, at: int) -> None:
        self._do(self._remove(name, at))

    @rule(name=who)
    def is_let_back(self, name: str) -> None:
        self._do(self._let_back(name))

    @rule()
    def a_day_passes(self) -> None:
        if self._later < _MOST_LATER:
            self._later += 1
            self.community.clock.move(**_LATER)

    @rule()
    def the_database_restarts(self) -> None:
        self._do(self._restart())

    def teardown(self) -> None:
        """Look at everything once more; unless it has failed before."""
        try:
            if self._devices and not self._has_failed:
                self._do(self._end())
        finally:
            for socket in (*(one.socket for one in self._devices), *self._voices.values()):
                if socket:
                    socket.close()

    # --- how each is done ---

    async def _listen(self, device: Device, *, slowly: bool = False) -> None:
        device.socket = self.community.connect(self._house.actors[device.owner])
        device.checked, device.listens = 0, False
        frame = frames.Join(type="join", room=self._house.room, after=device.view.seq)
        heard = await device.socket.send(frame)
        device.listens = any(isinstance(one, frames.Joined) for one in heard)
        if device.listens != (self._model.seat(device.owner) == "seated"):
            raise Diverged(f"{device.owner} joins as {self._model.seat(device.owner)}: {heard}")
        self.counts["resumed"] += device.view.seq > 0
        if slowly:
            device.socket.stall()

    async def _come_with_a_page(self, device: Device) -> None:
        if self._model.seat(device.owner) == "seated":
            device.view = self._house.view(device.owner)
            await self._house.read_page(device.owner, device.view)
        await self._listen(device)

    async def _go(self, devices: Iterable[Device]) -> None:
        for device in devices:
            if device.socket:
                self._look_at(device)
                device.socket.close()

    async def _flow(self, devices: Iterable[Device]) -> None:
        for device in devices:
            if device.socket and device.is_open:
                device.socket.flow()

    async def _say(self, names: list[str]) -> None:
        posts = [self._post() for _ in names]
        answers = await asyncio.gather(*map(self._answer, names, posts))
        said = list(zip(names, posts, answers, strict=True))
        for name, _, answer in said:
            self._check_answer(name, answer)
        posted = [one for one in said if isinstance(one[2], frames.Posted)]
        for name, post, answer in sorted(posted, key=lambda one: one[2].seq):
            self._model.is_said(name, post, answer)
        self.counts["posted"] += len(posted)

    async def _repeat(self, at: int) -> None:
        if self._model.answers:
            (name, _), (frame, posted) = _picked(list(self._model.answers.items()), at)
            answer = await self._answer(name, frame)
            if answer != posted:
                raise Diverged(f"I2: answered with {posted!r}, and again with {answer!r}")
            self.counts["said_again"] += 1

    async def _contradict(self, at: int) -> None:
        if self._model.answers:
            (name, _), (frame, _) = _picked(list(self._model.answers.items()), at)
            answer = await self._answer(name, frame.model_copy(update={"text": "Other words."}))
            if not isinstance(answer, frames.Refused) or answer.code != "conflict":
                raise Diverged(f"I2: other words under a client_id: {answer!r}")

    async def _edit(self, name: str, at: int) -> None:
        own = [id for id, said in self._model.said.items() if said.author == name]
        if own:
            message = _picked(own, at)
            post = self._post()
            frame = frames.Edit(
                type="edit", room=post.room, client_id=uuid4(), message=message, text=post.text
            )
            answer = await self._answer(name, frame)
            is_shown = self._model.said[message].state == "published"
            self._check_answer(name, answer, may=is_shown)
            if isinstance(answer, frames.Posted):
                self._model.is_edited(name, frame, answer)
                self.counts["edited"] += 1

    async def _withdraw(self, name: str, at: int) -> None:
        if visible := self._model.visible():
            message = _picked(visible, at)
            room = self._house.room
            await self._voice(name).send(
                frames.Withdraw(type="withdraw", room=room, message=message)
            )
            own = self._model.said[message].author == name
            if own and self._model.seat(name) == "seated":
                self._model.is_gone(message, "withdrawn", next(self.community.order))
                self.counts["withdrawn"] += 1

    async def _react(self, name: str, at: int, reaction: Any) -> None:
        if visible := self._model.visible():
            message = _picked(visible, at)
            room = self._house.room
            await self._voice(name).send(
                frames.React(type="react", room=room, message=message, reaction=reaction)
            )
            if self._model.seat(name) == "seated":
                self._model.reacts(name, message, reaction)
                self.counts["reacted"] += 1

    async def _hide(self, at: int, returning: Device | None = None) -> None:
        if visible := self._model.visible():
            message = _picked(visible, at)
            comes = returning is not None and not returning.is_open
            await asyncio.gather(
                self._hide_one(message), *([self._listen(returning)] if comes and returning else [])
            )

    async def _hide_one(self, message: UUID) -> None:
        await self._house.hide(message)
        self._model.is_gone(message, "hidden", next(self.community.order))
        self.counts["hidden"] += 1

    async def _show(self, at: int) -> None:
        hidden = [id for id, said in self._model.said.items() if said.state == "hidden"]
        if hidden:
            message = _picked(hidden, at)
            if await self._house.overturn(self._model.said[message].author, "hidden", message):
                self._model.is_back(message)
                self.counts["shown"] += 1

    async def _leave(self, name: str, others: list[str]) -> None:
        if self._model.seat(name) == "seated":
            before = self._model.head
            saying = asyncio.gather(self._house.leave(name), *map(self._speak_raw, others))
            _, *said = await saying
            self._left(name, before, said)
            self.counts["left"] += 1

    async def _speak_raw(self, name: str) -> tuple[str, frames.Post, Any]:
        post = self._post()
        return name, post, await self._answer(name, post)

    def _left(self, name: str, before: int, said: list[tuple[str, frames.Post, Any]]) -> None:
        """One seat ended among what was said at once: it took the place that nothing else took."""
        at = next(self.community.order)
        posted = {one[2].seq: one for one in said if isinstance(one[2], frames.Posted)}
        for seq in range(before + 1, before + 2 + len(posted)):
            if seq in posted:
                self._model.is_said(*posted[seq])
            else:
                self._model.sits(name, "left", at)
        for other, _, answer in said:
            self._check_answer(other, answer)

    async def _enter(self, name: str) -> None:
        seat = self._model.seat(name)
        try:
            await self._house.enter(name)
        except NotFound:
            if seat != "removed":
                raise Diverged(f"{name} may not enter after they {seat}") from None
            return
        if seat == "removed":
            raise Diverged(f"I6: {name} was removed and came back alone")
        if seat == "left":
            self._model.sits(name, "seated", next(self.community.order))

    async def _remove(self, name: str, at: int) -> None:
        own = [id for id in self._model.visible() if self._model.said[id].author == name]
        if own and self._model.seat(name) == "seated":
            await self._house.remove(name, _picked(own, at))
            self._model.sits(name, "removed", next(self.community.order))
            self._removed_about[name] = _picked(own, at)
            self.counts["removed"] += 1

    async def _let_back(self, name: str) -> None:
        is_removed = self._model.seat(name) == "removed"
        if is_removed and await self._house.overturn(name, "removed", self._removed_about[name]):
            self._model.sits(name, "seated", next(self.community.order))

    async def _restart(self) -> None:
        await self._go(self._devices)
        self._voices.clear()
        await self.community.close()
        self.community.open()
        self.counts["restarts"] += 1

    async def _end(self) -> None:
        """Everybody who may comes back and hears the rest; and the store holds what the model does."""
        await self._flow(self._devices)
        for device in self._devices:
            if not device.is_open:
                await self._listen(device)
        await self._settle()
        await self._compare_store()

    # --- comparing ---

    def _do(self, doing: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(self._done(doing))

    async def _done(self, doing: Coroutine[Any, Any, None]) -> None:
        self.counts["steps"] += 1
        self._has_failed = True
        await doing
        await self._settle()
        self._has_failed = False

    async def _settle(self) -> None:
        """Until everybody who can has heard everything: I1, and I3 to I7 on the way."""
        try:
            async with asyncio.timeout(self.settle_s):
                while not all(map(self._is_settled, self._devices)):  # noqa: ASYNC110 - a condition
                    await asyncio.sleep(0.0005)
        except TimeoutError:
            late = [
                (device.owner, device.view.seq)
                for device in self._devices
                if not self._is_settled(device)
            ]
            raise Diverged(f"I1: of {self._model.head}, heard only: {late}") from None
        for device in self._devices:
            if device.is_due:
                await self._compare(device)

    def _is_settled(self, device: Device) -> bool:
        self._look_at(device)
        return not device.is_due or device.view.seq >= self._model.head

    def _look_at(self, device: Device) -> None:
        for at, frame in device.unchecked():
            if isinstance(frame, frames.RoomEnded):
                device.listens = False
            elif isinstance(frame, frames.Reset):
                raise Diverged(f"{device.owner} stood at {device.view.seq} and was reset")
            elif isinstance(frame, frames.Message | frames.Changed | frames.Reacted):
                self._hear(device, frame, at)
            else:
                device.view.apply(frame)

    def _hear(self, device: Device, frame: InOrder, at: int) -> None:
        if frame.seq != device.view.seq + 1:
            raise Diverged(f"I3: {device.owner} stood at {device.view.seq} and heard {frame.seq}")
        self._model.check_heard(device.owner, frame, at)
        device.view.apply(frame)
        self.counts["heard"] += 1

    async def _compare(self, device: Device) -> None:
        for message in list(device.view.unknown):
            await self._read_anew(device, message)
        shows = _shown(device.view)
        if shows != self._model.shows():
            raise Diverged(f"I4: {device.owner} sees {shows}, and not {self._model.shows()}")

    async def _read_anew(self, device: Device, message: UUID) -> None:
        """A message that came back and was never had: history tells."""
        seq = self._model.said[message].texts[0][0]
        page = View(device.view.me, device.view.room)
        await self._house.read_page(device.owner, page, before=seq + 1)
        device.view.lines[message] = page.lines[message]
        device.view.unknown.discard(message)

    async def _compare_store(self) -> None:
        events, client_ids = await self._house.stored()
        told = [(n, event.kind, event.message) for n, event in enumerate(self._model.events, 1)]
        if events != told:
            raise Diverged(f"I3: stored {events}, and not {told}")
        if len(set(client_ids)) != len(client_ids) or len(client_ids) != len(self._model.said):
            raise Diverged(f"I2: {len(client_ids)} messages for {len(self._model.said)}")
        fresh = self._house.view("heath")
        before: int | None = None
        while before is None or len(fresh.lines) < len(self._model.said):
            await self._house.read_page("heath", fresh, before)
            before = min((line.seq for line in fresh.lines.values()), default=0)
        if _shown(fresh) != self._model.shows():
            raise Diverged(f"I1: stored {_shown(fresh)}, and not {self._model.shows()}")

    # --- speaking ---

    def _post(self) -> frames.Post:
        self._words += 1
        return frames.Post(
            type="post", room=self._house.room, client_id=uuid4(), text=f"Word {self._words}."
        )

    def _voice(self, name: str) -> Socket:
        """A line on which somebody speaks and does not listen."""
        voice = self._voices.get(name)
        if voice is None or not voice.is_open:
            voice = self._voices[name] = self.community.connect(self._house.actors[name])
        return voice

    async def _answer(self, name: str, frame: frames.Post | frames.Edit) -> Any:
        heard: list[Any] = await self._voice(name).send(frame)
        answers = [one for one in heard if getattr(one, "client_id", None) == frame.client_id]
        if len(answers) != 1:
            raise Diverged(f"{len(answers)} answers to one frame: {heard}")
        return answers[0]

    def _check_answer(self, name: str, answer: Any, *, may: bool = True) -> None:
        """I5: who may not speak is refused."""
        expected = may and self._model.seat(name) == "seated"
        if isinstance(answer, frames.Posted) != expected:
            raise Diverged(f"{name} is {self._model.seat(name)}, and was answered {answer!r}")


def _picked(of: list[Any], at: int) -> Any:
    return of[at % len(of)]


def _shown(view: View) -> list[tuple[UUID, str | None, dict[Any, int]]]:
    lines = [line for line in view.lines.values() if line.state == "published"]
    lines.sort(key=lambda line: line.seq)
    return [(line.id, line.text, dict(line.reactions)) for line in lines]
