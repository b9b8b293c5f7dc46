"""200 people in danger in a running chat while server and classifier are killed: 200 cases, each once, told in time."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from server.client import Answer, Client, Http
from server.protocol import bodies, frames
from server.store.tables import Assessment, Case, Message
from server.store.work import Work
from tests.drills._alarmed import Watch
from tests.drills._crowd import Crowd, gather
from tests.drills._danger import Heard, calm, heard
from tests.drills._invented import conversations
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import has_become
from tests.server.live_server import hasty

_PEOPLE = 20
_CHAT_PER_S = 5.0
_CHAT = 300
_WHILE_UP = 0.4
"""Of each round: said while nothing is down, and counted for how fast a moderator hears of it."""
_BEFORE_S, _AFTER_S = 0.1, 0.5
_QUIET_S = 1.0
_READ_LATE_S = 60.0
_CONTROL_LATE_S = 8.0
_UP_S = 60.0
_TOLD_S = 2.0
_FAULTS = (
    "missing", "double", "about_nothing", "unanswered", "nudged_or_held", "without_help",
    "never_assessed", "still_waiting", "unread_not_listed", "unread_shown_as_read",
)  # fmt: skip


@dataclass(slots=True)
class Said:
    """One text of somebody in danger. is_up: nothing was down when it was said."""

    text: str
    client_id: UUID
    sent_s: float
    is_up: bool
    answer: Answer | None = None


class Alarm:
    """One run."""

    def __init__(self, server: DrillServer, crowd: Crowd, late_s: float) -> None:
        self._server, self._crowd, self._late_s = server, crowd, late_s
        self._said: list[Said] = []
        self._helped: set[UUID] = set()
        self._clients: list[Client] = []
        self._killed: Counter[str] = Counter()
        self._chatted = 0
        self._watch = Watch(server.url, crowd.moderator, server.settings.sqlite_path)

    async def run(self, rounds: list[tuple[str, list[str]]], chat: list[str]) -> dict[str, Any]:
        """rounds: what is killed, and the texts said before and around it."""
        async with contextlib.AsyncExitStack() as stack:
            watcher = Client(
                self._server.url, self._crowd.moderator, back_off=hasty(), tap=self._watch.hear
            )
            await stack.enter_async_context(watcher)
            for token in self._crowd.tokens:
                client = Client(self._server.url, token, back_off=hasty(), tap=self._helped_by)
                self._clients.append(await stack.enter_async_context(client))
                await client.join(self._crowd.room)
            async with self._meanwhile(chat):
                for what, texts in rounds:
                    await self._round(what, texts)
            await has_become(lambda: not self._watch.waiting(), self._late_s)
            await self._watch.look_once()
        return await self._figures()

    async def _round(self, what: str, texts: list[str]) -> None:
        await self._all_up()
        split = int(len(texts) * _WHILE_UP)
        for text in texts[:split]:
            await self._say(text, is_up=True)
            await asyncio.sleep(random.uniform(0, 0.1))
        await asyncio.sleep(_QUIET_S)
        async with asyncio.TaskGroup() as saying:
            for text in texts[split:]:
                saying.create_task(self._say_around(text))
            await asyncio.sleep(_BEFORE_S)
            await self._kill(what)
            if what == "classifier":
                saying.create_task(self._look_into_cases())

    async def _kill(self, what: str) -> None:
        if what == "server":
            await self._server.restart()
        else:
            os.kill(classifier_of(self._server.pid), signal.SIGKILL)
        self._killed[what] += 1

    async def _say_around(self, text: str) -> None:
        await asyncio.sleep(random.uniform(0, _BEFORE_S + _AFTER_S))
        await self._say(text, is_up=False)

    async def _say(self, text: str, *, is_up: bool) -> None:
        client = random.choice(self._clients)
        said = Said(text, uuid4(), time.perf_counter(), is_up)
        self._said.append(said)
        said.answer = await client.post(self._crowd.room, text, client_id=said.client_id)

    async def _look_into_cases(self) -> None:
        """Those of a moment in which no model reads."""
        await asyncio.sleep(_AFTER_S)
        cases = await self._server.on_database(_cases)
        unread = self._watch.unread()
        for case, message in cases:
            if message in unread:
                await self._watch.look_into(case, message)

    async def _all_up(self) -> None:
        async with asyncio.timeout(_UP_S):
            http = Http(self._server.url)
            while (await http.call("GET", "/readyz"))["classifier"] != "ready":  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def _helped_by(self, frame: frames.ServerFrame) -> None:
        if isinstance(frame, frames.Support) and frame.client_id:
            self._helped.add(frame.client_id)

    @contextlib.asynccontextmanager
    async def _meanwhile(self, chat: list[str]) -> AsyncIterator[None]:
        """Others talk of other things, and somebody looks at what was not read."""
        tasks = [
            asyncio.create_task(self._chat(chat)),
            asyncio.create_task(self._watch.look()),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _chat(self, chat: list[str]) -> None:
        for text in itertools.cycle(chat):
            client = random.choice(self._clients)
            await client.post(self._crowd.room, text, insist=True)
            self._chatted += 1
            await asyncio.sleep(random.expovariate(_CHAT_PER_S))

    # --- afterwards ---

    async def _figures(self) -> dict[str, Any]:
        cases = await self._server.on_database(_cases)
        by_message: dict[UUID | None, list[UUID]] = {}
        for case, message in cases:
            by_message.setdefault(message, []).append(case)
        wanted = {
            said.answer.id: said for said in self._said if isinstance(said.answer, frames.Posted)
        }
        listed = await self._queue()
        late, never = await self._server.on_database(
            partial(_readings, room=self._crowd.room, messages=set(wanted))
        )
        told = self._told_s(wanted, by_message)
        counts = self._watch.counts
        figures = {
            "in_danger": len(self._said),
            "chatted": self._chatted,
            "killed": dict(self._killed),
            "open_cases": len(cases),
            "in_queue": len(listed),
            "read_late": late,
            "seen_unread": len(self._watch.seen_unread),
            "looks": counts["looks"],
            "unread_cases": counts["unread_cases"],
            "missing": sum(1 for message in wanted if message not in by_message),
            "double": sum(len(of) - 1 for of in by_message.values()),
            "about_nothing": sum(1 for message in by_message if message not in wanted)
            + len({case for case, _ in cases} ^ listed),
            "unanswered": sum(1 for said in self._said if said.answer is None),
            "nudged_or_held": len(self._said) - len(wanted),
            "without_help": sum(1 for said in self._said if said.client_id not in self._helped),
            "never_assessed": never,
            "still_waiting": len(self._watch.waiting()),
            "left_to_people": len(self._watch.unread()),
            "unread_not_listed": counts["unread_not_listed"],
            "unread_shown_as_read": counts["unread_shown_as_read"],
            "told": len(told),
            "told_p50_s": round(statistics.median(told), 3) if told else None,
            "told_p95_s": round(_p95(told), 3) if told else None,
        }
        return figures

    def _told_s(
        self, wanted: Mapping[UUID, Said], by_message: Mapping[UUID | None, list[UUID]]
    ) -> list[float]:
        """From sending to the moderator's line, of what was said while nothing was down.

        One that was never told of counts as never: infinite.
        """
        return [
            min(
                (
                    self._watch.told_s.get(case, float("inf"))
                    for case in by_message.get(message, ())
                ),
                default=float("inf"),
            )
            - said.sent_s
            for message, said in wanted.items()
            if said.is_up
        ]

    async def _queue(self) -> set[UUID]:
        """Every open case, as the moderator's pages list them."""
        http, found = Http(self._server.url, self._crowd.moderator), set[UUID]()
        path: str | None = "/api/queue"
        while path:
            page = await http.read(path, bodies.Queue)
            found |= {line.id for line in page.cases}
            path = f"/api/queue?after={page.after}" if page.after else None
        return found


def classifier_of(server: int) -> int:
    """The classifier's process of a server. Raises LookupError."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server and b"server.classify" in (process / "cmdline").read_bytes():
                return int(process.name)
    raise LookupError(server)


def run() -> dict[str, Any]:
    """CASES (200), KILLS (5) of the server and as many of the classifier.

    ok: one open case for each, help for each author, a moderator's line hears of it within 2 s (95 %)
    when nothing is down, and what no model read is listed as such until one has; and the controls,
    without the lexicon and without the late reading, miss some.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    texts, chat = await asyncio.to_thread(_words)
    cases, kills = size("CASES", 200), size("KILLS", 5)
    figures = await _drill(_rounds(texts, cases, kills), chat, {}, _READ_LATE_S)
    controls = {}
    for part in ("lexicon", "late"):
        rounds = [("classifier", _some(texts, 20)) for _ in range(2)]
        changed = {"DRILL_WITHOUT": part}
        found = await _drill(rounds, chat, changed, _CONTROL_LATE_S)
        controls[part] = {fault: found[fault] for fault in _FAULTS if found[fault]}
    is_right = (
        not any(figures[fault] for fault in _FAULTS)
        and figures["open_cases"] == figures["in_danger"] == cases
        and figures["killed"] == {"server": kills, "classifier": kills}
        and figures["read_late"] > 0
        and figures["told_p95_s"] < _TOLD_S
    )
    return figures | {
        "controls_caught": controls,
        "ok": is_right and all(found.get("missing") for found in controls.values()),
    }


async def _drill(
    rounds: list[tuple[str, list[str]]], chat: list[str], changed: Mapping[str, str], late_s: float
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hearth-risk-") as folder:
        circumstances = Circumstances(changed=changed)
        server = DrillServer(Path(folder), circumstances, classifier="embedded")
        try:
            await server.start()
            crowd = await gather(server, _PEOPLE)
            return await Alarm(server, crowd, late_s).run(rounds, chat)
        finally:
            server.kill()


def _words() -> tuple[Heard, list[str]]:
    said = [text for one in conversations(_CHAT) for text in (one.post, *one.replies)]
    return heard(), calm(said)


def _rounds(texts: Heard, cases: int, kills: int) -> list[tuple[str, list[str]]]:
    """In turns, with texts of every kind in each."""
    kinds = ["server", "classifier"] * kills
    shares = [cases // len(kinds) + (n < cases % len(kinds)) for n in range(len(kinds))]
    return [(what, _some(texts, share)) for what, share in zip(kinds, shares, strict=True)]


def _some(texts: Heard, count: int) -> list[str]:
    """A third each that the lexicon alone, the model alone, or both hear; in no order."""
    third = count // 3
    drawn = [*_draw(texts.lexicon, third), *_draw(texts.model, third)]
    drawn += _draw(texts.both, count - len(drawn))
    random.shuffle(drawn)
    return drawn


def _draw(texts: list[str], count: int) -> list[str]:
    return random.sample(texts, min(count, len(texts)))


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _cases(work: Work) -> list[tuple[UUID, UUID | None]]:
    """Every living case, and the message it is about."""
    found = work.session.exec(select(Case).where(col(Case.open_key).is_not(None)))
    return [(case.id, case.message_id) for case in found]


def _readings(work: Work, room: UUID, messages: set[UUID]) -> tuple[int, int]:
    """How many of these were read after they were said; how many of the room have no reading at all."""
    said = {
        one.id: one.at for one in work.session.exec(select(Message).where(Message.room_id == room))
    }
    found = work.session.exec(select(Assessment).where(Assessment.room_id == room)).all()
    late = {r.message_id for r in found if r.assessed and r.at > said[r.message_id]}
    return len(late & messages), len(said.keys() - {r.message_id for r in found})
