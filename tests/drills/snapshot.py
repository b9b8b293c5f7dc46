"""A snapshot through HTTP and the frames that come after it are what a fresh fetch shows, for every kind."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from server.client import Client
from server.protocol import frames
from tests.drills._acts import ACTS, Act, read
from tests.drills._cast import Cast, Person, on_stage
from tests.drills._view import View, fetch, read_line
from tests.drills._waiting import has_become
from tests.server.in_process import serving

_SOON_S = 20.0
_STRAY_S = 0.05
_PRESENCE_S = 1.5
_RETURNING = ("ash", "birch", "fern")
_TELLS_ONLY = frozenset({"typing", "nudge", "praise", "refused", "sight"})
"""Kinds that change nothing of what is kept: leaving one out makes no difference, and must not."""
_UNHEARD = ("said", "notices", "conversations")
"""What somebody knows who does not listen."""
_OF_THE_ROOM = ("seq", "gaps", "members", "here", "moderator_on", "lines", "order")
"""What catching up brings. Notices, cases and held words are read anew on each new line."""


class Snapshots:
    """Plays every act, and compares for everybody."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._fresh: dict[str, View] = {}
        self.heard: Counter[str] = Counter()
        self.noticed: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    async def play(self, acts: Iterable[Act]) -> None:
        """Each act once; then somebody comes back who missed all of them, and one who was never here."""
        await asyncio.sleep(_PRESENCE_S)
        self._fresh = await self._fetch_all()
        beginning = self._fresh["ash"]
        for name, person in self._cast.people.items():
            person.view = self._fresh[name].copy()
        acted: list[frames.ClientFrame] = []
        for act in acts:
            await self._play(act)
            acted += self._cast["ash"].acted
        self._cast["ash"].acted = acted
        await self._come_back("ash", beginning, "everything")
        await self._know_too_much("ash")

    async def _play(self, act: Act) -> None:
        before = self._fresh
        for person in self._cast.people.values():
            person.heard.clear()
            person.acted.clear()
        await act.do(self._cast)
        await self._settle(act)
        self._fresh = await self._fetch_all()
        for name, person in self._cast.people.items():
            await self._compare(act, name, person, before[name])
        for name in _RETURNING:
            await self._come_back(name, before[name], act.name)

    async def _settle(self, act: Act) -> None:
        if not await has_become(lambda: not self._unheard(act), _SOON_S):
            self._differs(f"{act.name}: never heard: {', '.join(self._unheard(act))}")
        head = (await fetch(self._cast["fern"].http, self._cast.room)).seq
        clients = [person.client for person in self._cast.people.values()]
        listening = [client for client in clients if client.seq(self._cast.room) is not None]
        here = lambda: all(client.seq(self._cast.room) in (head, None) for client in listening)  # noqa: E731
        if not await has_become(here, _SOON_S):
            self._differs(f"{act.name}: somebody did not hear up to {head}")
        await asyncio.sleep(_STRAY_S)

    def _unheard(self, act: Act) -> list[str]:
        people = self._cast.people.items()
        heard = {f"{name}:{_kind(frame)}" for name, one in people for frame in one.heard}
        return [expected for expected in act.hears if expected not in heard]

    async def _compare(self, act: Act, name: str, person: Person, before: View) -> None:
        """From the snapshot before this act, and by frames alone from the beginning."""
        fresh, heard = self._fresh[name], list(person.heard)
        parts = () if _listens(person) else _UNHEARD
        self.heard.update(map(_kind, heard))
        from_snapshot = await self._after(person, before.copy(), heard)
        self._same(f"{act.name}: {name}, from the snapshot", from_snapshot, fresh, parts)
        person.view = await self._after(person, person.view, heard)
        if not self._same(f"{act.name}: {name}, from the beginning", person.view, fresh, parts):
            person.view = fresh.copy()  # so that one fault is told once
        for number, frame in enumerate(heard):
            without = await self._after(person, before.copy(), heard[:number] + heard[number + 1 :])
            self._leave_out(frame, _parts(without, parts) != _parts(fresh, parts))

    async def _come_back(self, name: str, before: View, act: str) -> None:
        """Somebody who was away meanwhile: another socket, from where the snapshot stood."""
        person, fresh = self._cast[name], self._fresh[name]
        heard: list[frames.ServerFrame] = []
        async with Client(self._cast.url, person.token, tap=heard.append) as client:
            await client.join(self._cast.room, after=before.seq)
            if not await has_become(lambda: client.seq(self._cast.room) == fresh.seq, _SOON_S):
                self._differs(f"{act}: {name} did not catch up to {fresh.seq}")
        self.heard.update(map(_kind, heard))
        heard += [told for id, told in fresh.notices.items() if id not in before.notices]
        view = await self._after(person, before.copy(), heard)
        self._same(f"{act}: {name}, caught up", view, fresh, _OF_THE_ROOM)
        for number, frame in enumerate(heard):
            without = await self._after(person, before.copy(), heard[:number] + heard[number + 1 :])
            self._leave_out(frame, _parts(without, _OF_THE_ROOM) != _parts(fresh, _OF_THE_ROOM))

    async def _know_too_much(self, name: str) -> None:
        """Somebody whose position the server does not know: a backup of it was put back."""
        person, fresh = self._cast[name], self._fresh[name]
        heard: list[frames.ServerFrame] = []
        before = fresh.copy()
        before.seq += 1_000
        async with Client(self._cast.url, person.token, tap=heard.append) as client:
            await client.join(self._cast.room, after=before.seq)
        self.heard.update(map(_kind, heard))
        view = await self._after(person, before.copy(), heard)
        self._same(f"reset: {name}", view, fresh)
        without: list[frames.ServerFrame] = [frame for frame in heard if frame.type != "reset"]
        missed = await self._after(person, before.copy(), without)
        self._leave_out(
            frames.Reset(epoch="", room=self._cast.room), missed.shows() != fresh.shows()
        )

    async def _after(self, person: Person, view: View, heard: list[frames.ServerFrame]) -> View:
        """What a member holds after their own acts and these frames."""
        for acted in person.acted:
            view.act(acted)
        for frame in heard:
            view.apply(frame)
        for acted in person.acted:  # about what has only come now
            view.act(acted)
        if view.is_stale:
            return await fetch(person.http, self._cast.room)
        for message in list(view.unknown):
            self.counts["read_anew"] += 1
            await read_line(person.http, view, message)
        return view

    def _same(self, what: str, view: View, fresh: View, parts: tuple[str, ...] = ()) -> bool:
        self.counts["compared"] += 1
        held, shown = _parts(view, parts), _parts(fresh, parts)
        if held == shown:
            return True
        self._differs("\n".join([f"{what} differs:", *_apart(held, shown)]))
        return False

    def _leave_out(self, frame: frames.ServerFrame, is_noticed: bool) -> None:
        self.counts["left_out"] += 1
        self.noticed[_kind(frame)] += is_noticed

    def _differs(self, what: str) -> None:
        self.counts["different"] += 1
        print(what, flush=True)

    async def _fetch_all(self) -> dict[str, View]:
        people = self._cast.people
        return {name: await fetch(one.http, self._cast.room) for name, one in people.items()}


def run() -> dict[str, Any]:
    """Every kind of frame that is about a room, and every kind of `changed`.

    ok: everything agrees and every kind was heard; and the control, in which one frame is left out
    of what was heard, is noticed for every kind that changes what is kept.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-snapshot-") as folder:
        async with serving(Path(folder), read) as url, on_stage(url, Path(folder)) as cast:
            snapshots = Snapshots(cast)
            await snapshots.play(ACTS)
    kinds = _kinds()
    unheard = sorted(kinds - snapshots.heard.keys())
    unnoticed = sorted(kinds - _TELLS_ONLY - (+snapshots.noticed).keys())
    return {
        "acts": len(ACTS),
        "kinds": len(kinds),
        "kinds_not_heard": unheard,
        "compared": snapshots.counts["compared"],
        "different": snapshots.counts["different"],
        "messages_read_anew": snapshots.counts["read_anew"],
        "frames_left_out": snapshots.counts["left_out"],
        "control_noticed": sum(snapshots.noticed.values()),
        "control_not_noticed": unnoticed,
        "ok": not (unheard or unnoticed or snapshots.counts["different"]),
    }


def _kinds() -> set[str]:
    """Of every frame that names a room."""
    models = get_args(get_args(frames.ServerFrame)[0])
    types = {model.model_fields["type"].default for model in models if "room" in model.model_fields}
    changes = get_args(frames.Changed.model_fields["change"].annotation)
    return types - {"changed"} | {f"changed.{change}" for change in changes}


def _kind(frame: frames.ServerFrame) -> str:
    return f"changed.{frame.change}" if isinstance(frame, frames.Changed) else frame.type


def _listens(person: Person) -> bool:
    return person.view.seat is not None and person.client.seq(person.room) is not None


def _parts(view: View, names: tuple[str, ...]) -> dict[str, Any]:
    shown = view.shows()
    return {name: shown.get(name) for name in names} if names else shown


def _apart(held: Any, fresh: Any, where: str = "   ") -> Iterator[str]:
    """Only what differs, down to single fields."""
    if held == fresh:
        return
    if isinstance(held, BaseModel) and isinstance(fresh, BaseModel):
        held, fresh = held.model_dump(), fresh.model_dump()
    if isinstance(held, dict) and isinstance(fresh, dict):
        for key in held.keys() | fresh.keys():
            yield from _apart(held.get(key), fresh.get(key), f"{where} {key}")
    else:
        yield f"{where}: held {held!r:.120}, fresh {fresh!r:.120}"
