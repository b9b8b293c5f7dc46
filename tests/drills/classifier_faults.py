"""Classifier processes killed, frozen and given a spoilt file while people talk: nobody waits, all is read after."""

import asyncio
import contextlib
import itertools
import signal
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from server.client import Client, Http
from server.protocol import bodies, frames
from server.replay.ledger import percentile
from server.store.tables import Assessment, Case, Message
from server.store.work import Work
from tests.drills._alarmed import Watch
from tests.drills._crowd import Crowd, gather
from tests.drills._readers import Readers
from tests.drills._servers import Circumstances, DrillServer
from tests.drills._sizes import size
from tests.drills._waiting import has_become, until
from tests.server.live_server import hasty

_WRITERS = 8
_PAUSE_S = 0.8
_URGENT_ONE_IN = 10
_BOTH_ONE_IN = 4
_PROCESSES = 2
_DEADLINE_MS = 300.0
"""What Hearth promises: no message waits longer for its reading."""
_TOLD_S = 2.0
_READ_S = 1_800.0
_CONTROL_READ_S = 8.0
_AWAY_S = 3.0
_NO_READER = Circumstances(changed={"DRILL_WITHOUT": "late,lexicon"})
_CALM = (
    "The kettle is on, and the window is open.",
    "I walked to the shop today, and it was fine.",
    "Thank you for asking, that was kind of you.",
    "We had soup for dinner, and my sister came.",
)
_URGENT = (
    "I am going to kill myself tonight.",
    "I took all my pills an hour ago.",
    "I have written my goodbye letter and I will end my life today.",
)


@dataclass(slots=True)
class Said:
    """One message. phase: what was done to the classifiers just then. Times in seconds."""

    client_id: UUID
    phase: str
    is_urgent: bool
    sent_s: float
    answered_s: float | None = None
    message: UUID | None = None


@dataclass(slots=True)
class Talk:
    """Writers who go on whatever happens."""

    clients: list[Client]
    room: UUID
    phase: str = "untouched"
    said: list[Said] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    async def go_on(self) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._write(client) for client in self.clients))

    async def _write(self, client: Client) -> None:
        while True:
            await self._say(client, next(self._numbers))
            await asyncio.sleep(_PAUSE_S)

    async def _say(self, client: Client, number: int) -> None:
        is_urgent = number % _URGENT_ONE_IN == _URGENT_ONE_IN - 1
        words = _URGENT if is_urgent else _CALM
        said = Said(uuid4(), self.phase, is_urgent, time.perf_counter())
        self.said.append(said)
        text = f"{words[number // _URGENT_ONE_IN % len(words)]} ({number})"
        answer = await client.post(self.room, text, client_id=said.client_id, insist=True)
        if isinstance(answer, frames.Posted):
            said.answered_s, said.message = time.perf_counter(), answer.id

    def finished(self, phase: str) -> int:
        """How many of that phase were answered."""
        return sum(said.phase == phase and said.answered_s is not None for said in self.said)


def run() -> dict[str, Any]:
    """KILLS (20), FROZEN_S (300), POSTS (200, in the untouched phase).

    ok: no post failed, 95 of 100 were acknowledged no more than the reading's deadline later than while nothing
    was touched, each message has one reading in the end, and each urgent phrase reached the moderator's line
    within 2 s; a spoilt model file was refused in words; and the control, which reads nothing later and has no
    list of phrases, is caught.
    """
    return asyncio.run(_run())


async def _run() -> dict[str, Any]:
    figures = await _drill(size("KILLS", 20), float(size("FROZEN_S", 300)), size("POSTS", 200))
    control = await _control()
    caught = control["unread"] > 0 and control["urgent_never_told"] > 0
    return figures | {
        "control_unread": control["unread"],
        "control_urgent_never_told": control["urgent_never_told"],
        "control_caught": caught,
        "ok": holds(figures) and caught,
    }


async def _drill(kills: int, frozen_s: float, posts: int) -> dict[str, Any]:
    async with _place() as (readers, server, crowd, talk, watch):
        talking = asyncio.create_task(talk.go_on())
        await until(lambda: talk.finished("untouched") >= posts, _READ_S)
        talk.phase = "killed"
        killed = await _kill(readers, kills)
        talk.phase = "frozen"
        listed = await _freeze(readers, frozen_s, server, crowd)
        talk.phase = "thawed"
        await asyncio.sleep(_AWAY_S)
        talk.phase = "spoilt"
        refused = await _spoil(readers)
        talk.phase = "after"
        await asyncio.sleep(_AWAY_S)
        await _stop(talking, talk)
        began = time.perf_counter()
        await has_become(lambda: not watch.waiting(), _READ_S)
        read_after_s = time.perf_counter() - began
        figures = await _figures(server, crowd, talk, watch, readers.version)
        left = (await _queue(server, crowd)).not_assessed
    return figures | {
        "killed": killed,
        "frozen_s": frozen_s,
        "listed_while_frozen": listed,
        "listed_after": left,
        "spoilt_refused": refused,
        "read_after_s": round(read_after_s, 1),
    }


async def _control() -> dict[str, Any]:
    """Both processes away for a moment, at a server that never looks back and knows no phrases."""
    async with _place(_NO_READER) as (readers, server, crowd, talk, watch):
        numbers = range(_PROCESSES)
        readers.kill(*numbers)
        talk.phase = "killed"
        talking = asyncio.create_task(talk.go_on())
        await until(lambda: talk.finished("killed") >= 2 * _URGENT_ONE_IN)
        await _stop(talking, talk)
        await readers.start(*numbers)
        await has_become(lambda: not watch.waiting(), _CONTROL_READ_S)
        return await _figures(server, crowd, talk, watch, readers.version)


@contextlib.asynccontextmanager
async def _place(
    circumstances: Circumstances | None = None,
) -> AsyncIterator[tuple[Readers, DrillServer, Crowd, Talk, Watch]]:
    with tempfile.TemporaryDirectory(prefix="hearth-readers-") as name:
        readers = Readers(Path(name), _PROCESSES)
        server = DrillServer(
            Path(name) / "server",
            circumstances,
            classifier="embedded",
            classifiers=readers.addresses,
        )
        try:
            await readers.start(*range(_PROCESSES))
            await server.start()
            crowd = await gather(server, _WRITERS)
            await _all_answer(server)
            async with contextlib.AsyncExitStack() as stack:
                watch = Watch(server.url, crowd.moderator, server.settings.sqlite_path)
                watcher = Client(server.url, crowd.moderator, back_off=hasty(), tap=watch.hear)
                await stack.enter_async_context(watcher)
                clients = [Client(server.url, token, back_off=hasty()) for token in crowd.tokens]
                for client in clients:
                    await stack.enter_async_context(client)
                    await client.join(crowd.room)
                yield readers, server, crowd, Talk(clients, crowd.room), watch
        finally:
            server.kill()
            readers.end()


async def _all_answer(server: DrillServer) -> None:
    async with asyncio.timeout(_READ_S):
        while (await Http(server.url).call("GET", "/readyz"))["classifier"] != "ready":  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _kill(readers: Readers, kills: int) -> int:
    """One after the other, and now and then all at once. Returns how many kills there were."""
    done, rounds = 0, 0
    while done < kills:
        rounds += 1
        both = rounds % _BOTH_ONE_IN == 0 and done + _PROCESSES <= kills
        some = list(range(_PROCESSES)) if both else [rounds % _PROCESSES]
        readers.kill(*some)
        done += len(some)
        await readers.start(*some)
        await asyncio.sleep(1.0)
    return done


async def _freeze(readers: Readers, frozen_s: float, server: DrillServer, crowd: Crowd) -> int:
    """Returns how many messages the moderators' page said were not assessed just before the end of it."""
    readers.send(signal.SIGSTOP)
    await asyncio.sleep(frozen_s)
    listed = (await _queue(server, crowd)).not_assessed
    readers.send(signal.SIGCONT)
    return listed


async def _spoil(readers: Readers) -> bool:
    """Returns whether every process refused to read with the spoilt file."""
    numbers = range(_PROCESSES)
    readers.kill(*numbers)
    readers.spoil()
    refused = [await readers.is_refused(number) for number in numbers]
    await asyncio.sleep(_AWAY_S)
    readers.mend()
    await readers.start(*numbers)
    return all(refused)


async def _stop(talking: "asyncio.Task[None]", talk: Talk) -> None:
    """Nobody says more; what was said is answered first."""
    started = len(talk.said)
    await has_become(
        lambda: all(said.answered_s is not None for said in talk.said[:started]), _AWAY_S
    )
    talking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talking
    talk.said = talk.said[:started]


async def _queue(server: DrillServer, crowd: Crowd) -> bodies.Queue:
    return await Http(server.url, crowd.moderator).read("/api/queue", bodies.Queue)


async def _figures(
    server: DrillServer, crowd: Crowd, talk: Talk, watch: Watch, version: str
) -> dict[str, Any]:
    cases, readings = await server.on_database(partial(_stored, room=crowd.room))
    told = told_s(talk.said, cases, watch.told_s)
    phases = dict.fromkeys(said.phase for said in talk.said)
    return {
        "said": len(talk.said),
        "failed": sum(said.message is None for said in talk.said),
        **{f"ack_p95_ms_{phase}": _p95_ms(talk.said, phase) for phase in phases},
        **{f"said_{phase}": sum(said.phase == phase for said in talk.said) for phase in phases},
        "urgent": sum(said.is_urgent for said in talk.said),
        "urgent_never_told": sum(one is None for one in told),
        "urgent_slowest_s": round(max((one for one in told if one is not None), default=0.0), 2),
        **count_readings([said.message for said in talk.said if said.message], readings, version),
    }


def told_s(
    said: Collection[Said], cases: Mapping[UUID, UUID], told_at: Mapping[UUID, float]
) -> list[float | None]:
    """Of each urgent message, from sending to the moderator's line; None: never."""
    found: list[float | None] = []
    for one in said:
        if one.is_urgent:
            case = cases.get(one.message) if one.message else None
            at = told_at.get(case) if case else None
            found.append(None if at is None else at - one.sent_s)
    return found


def count_readings(
    messages: Collection[UUID], readings: Collection[tuple[UUID, bool, str]], version: str
) -> dict[str, int]:
    """unread: without a reading. read_twice: more than one row. another_model: read by something else.

    readings: of which message, whether it was assessed, by which model.
    """
    rows = Counter(message for message, _, _ in readings)
    assessed = {message for message, is_assessed, _ in readings if is_assessed}
    return {
        "unread": sum(message not in assessed for message in messages),
        "read_twice": sum(rows[message] > 1 for message in messages),
        "another_model": sum(model != version for _, is_assessed, model in readings if is_assessed),
    }


def holds(figures: Mapping[str, Any]) -> bool:
    """Of the drill itself, without its control."""
    faults = (
        "failed",
        "unread",
        "read_twice",
        "another_model",
        "urgent_never_told",
        "listed_after",
    )
    slowest = max(value for name, value in figures.items() if name.startswith("ack_p95_ms_"))
    return (
        not any(figures[name] for name in faults)
        and figures["urgent"] > 0
        and figures["urgent_slowest_s"] <= _TOLD_S
        and figures["listed_while_frozen"] > 0
        and figures["spoilt_refused"]
        and slowest <= figures["ack_p95_ms_untouched"] + _DEADLINE_MS
    )


def _p95_ms(said: Collection[Said], phase: str) -> float | None:
    took_ms = (
        (one.answered_s - one.sent_s) * 1000
        for one in said
        if one.phase == phase and one.answered_s is not None
    )
    return percentile(array("d", took_ms), 0.95)


def _stored(work: Work, room: UUID) -> tuple[dict[UUID, UUID], list[tuple[UUID, bool, str]]]:
    """Cases by the message they are about, and every reading of the room."""
    cases = work.session.exec(select(Case).where(Case.room_id == room)).all()
    readings = work.session.exec(
        select(Assessment)
        .join(Message, col(Message.id) == Assessment.message_id)
        .where(Message.room_id == room)
    ).all()
    return (
        {case.message_id: case.id for case in cases if case.message_id},
        [(one.message_id, one.assessed, one.model) for one in readings],
    )
