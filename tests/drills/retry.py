"""A thousand answers lost on the way, some across a restart: each post is stored, heard and answered once."""

import asyncio
import contextlib
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from server.client import BackOff
from server.protocol import frames
from server.replay.ledger import Ledger
from server.store import messages
from server.store.tables import Message
from server.store.work import Work
from tests.drills._crowd import Crowd, gather
from tests.drills._deaf import Deaf, Renaming
from tests.drills._sizes import size
from tests.drills._waiting import has_become, until
from tests.server.live_server import LiveServer, hasty

_CONTROL_POSTS = 60
_SETTLE_S = 60.0


class Retrying:
    """One run: people who lose each first answer, and a witness whose line nobody cuts."""

    def __init__(self, server: LiveServer, crowd: Crowd, kind: type[Deaf]) -> None:
        self._server, self._crowd, self._kind = server, crowd, kind
        self._ledger = Ledger()
        self._clients: list[Deaf] = []
        self._said: dict[UUID, frames.Post] = {}
        self._heard: Counter[str] = Counter()
        self._repeated = 0
        self._restarts: list[float] = []

    async def run(self, posts: int, restarts: int) -> dict[str, Any]:
        """The figures."""
        async with contextlib.AsyncExitStack() as stack:
            await self._come_in(stack)
            rounds = -(-posts // len(self._clients))
            breaks = {rounds * (n + 1) // (restarts + 1) for n in range(restarts)}
            for number in range(rounds):
                people = self._clients[: posts - number * len(self._clients)]
                await self._round(people, number, restart=number in breaks)
            await self._settle()
            refused = await self._say_something_else()
            stored = await self._server.on_database(partial(_stored, room=self._crowd.room))
        return self._figures(stored, refused)

    async def _come_in(self, stack: contextlib.AsyncExitStack) -> None:
        for number, token in enumerate(self._crowd.tokens):
            ear = self._ledger.ear()

            def tap(frame: frames.ServerFrame, ear: Any = ear, witness: bool = number == 0) -> None:
                self._ledger.hear(ear, frame, time.perf_counter())
                if witness and isinstance(frame, frames.Message):
                    self._heard[frame.text] += 1

            kind = self._kind if number else Deaf
            client = kind(self._server.url, token, back_off=_soon(), tap=tap)
            await stack.enter_async_context(client)
            await client.join(self._crowd.room)
            if number:
                self._clients.append(client)

    async def _round(self, people: list[Deaf], number: int, *, restart: bool) -> None:
        """Everybody says one thing and loses the answer; restart: before they come back."""
        posts = [self._post(client, f"{number}, {n}.") for n, client in enumerate(people)]
        if restart:
            for client in people:
                client.may_return.clear()
        saying = asyncio.gather(*(c.say(post) for c, post in zip(people, posts, strict=True)))
        if restart:
            await until(lambda: not any(client.deaf_to for client in people))
            began = time.perf_counter()
            await self._server.restart()
            self._restarts.append(time.perf_counter() - began)
            for client in people:
                client.may_return.set()
        for client, answer in zip(people, await saying, strict=True):
            assert isinstance(answer, frames.Posted), answer
            self._repeated += answer == client.lost.get(answer.client_id)
            if answer.client_id in self._said:
                self._ledger.answered(answer, time.perf_counter())

    def _post(self, client: Deaf, where: str) -> frames.Post:
        text = f"The kettle is on, and the window is open. ({where})"
        post = frames.Post(type="post", room=self._crowd.room, client_id=uuid4(), text=text)
        self._ledger.sending(post, time.perf_counter())
        self._said[post.client_id] = post
        client.deaf_to.add(post.client_id)
        return post

    async def _settle(self) -> None:
        await has_become(self._ledger.all_heard, _SETTLE_S)
        await asyncio.sleep(0.5)

    async def _say_something_else(self) -> int:
        """Other words under each client_id, and how often that was refused as a conflict."""
        refused = 0
        for client in self._clients:
            for client_id in client.lost:
                answer = await client.post(self._crowd.room, "Something else.", client_id=client_id)
                refused += isinstance(answer, frames.Refused) and answer.code == "conflict"
        return refused

    def _figures(self, stored: Counter[str], refused: int) -> dict[str, Any]:
        said = {post.text for post in self._said.values()}
        found = self._ledger.figures()
        return {
            "posts": len(said),
            "answers_lost": sum(len(client.lost) for client in self._clients),
            "first_answer_repeated": self._repeated,
            "stored": sum(stored.values()),
            "stored_twice": sum(1 for count in stored.values() if count > 1),
            "heard_twice": sum(1 for count in self._heard.values() if count > 1),
            "unheard": len(said - self._heard.keys()),
            "altered": len(stored.keys() - said) + found["altered"],
            "other_words_refused": refused,
            "deliveries": found["delivered"],
            "lost": found["lost"],
            "doubled": found["doubled"],
            "out_of_order": found["out_of_order"],
            "restarts": len(self._restarts),
            "restart_max_s": round(max(self._restarts, default=0.0), 2),
        }


def run() -> dict[str, Any]:
    """POSTS (1000), CLIENTS (20), RESTARTS (5).

    ok: each post is stored and delivered once and answered as at first, other words under its
    client_id are refused; and the control, which sends again under a new client_id, doubles.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    posts, clients = size("POSTS", 1_000), size("CLIENTS", 20)
    with tempfile.TemporaryDirectory(prefix="hearth-retry-") as folder:
        server = LiveServer(Path(folder))
        try:
            await server.start()
            crowd = await gather(server, clients + 1)
            figures = await Retrying(server, crowd, Deaf).run(posts, size("RESTARTS", 5))
            crowd = await gather(server, 5)
            control = await Retrying(server, crowd, Renaming).run(_CONTROL_POSTS, 0)
        finally:
            server.kill()
    caught = not _is_clean(control)
    return figures | {
        "control_stored_twice": control["stored_twice"],
        "control_caught": caught,
        "ok": _is_clean(figures) and caught,
    }


def _is_clean(figures: dict[str, Any]) -> bool:
    wanted = ("answers_lost", "first_answer_repeated", "stored", "other_words_refused")
    faults = (
        "stored_twice", "heard_twice", "unheard", "altered", "lost", "doubled", "out_of_order",
    )  # fmt: skip
    posts = figures["posts"]
    return all(figures[name] == posts for name in wanted) and not any(figures[f] for f in faults)


def _stored(work: Work, room: UUID) -> Counter[str]:
    """How often each text stands in the room."""
    found = work.session.exec(select(Message).where(Message.room_id == room))
    return Counter(messages.open_text(work, message) or "" for message in found)


def _soon() -> BackOff:
    back_off = hasty()
    back_off.steady_s = 0.0  # each of these lines is meant to break
    return back_off
