"""`hearth serve` with something changed in it: a promise taken out, for a control, or its wall clock moved.

Only drills start it. What is changed says the environment:
DRILL_SYNCHRONOUS: SQLite's `synchronous` of the main database instead of FULL, e.g. OFF.
DRILL_COMMIT: PostgreSQL's `synchronous_commit` instead of on, e.g. off.
DRILL_LIES: says `posted` also when the disk refused.
DRILL_WITHOUT: takes something out: the comparison of a case's "version" or "holder", the "lock" on its
row, the "lexicon", the reading of what was missed ("late"), what open lines do when a seat ("seat_end") or
a session ("session_end") ends, or that what is called hidden is ("hiding"); what other workers wrote
"between", their "looking" at the database by themselves, or the "first" of a rolling restart: a new worker
before the old goes; the check of frames ("frame_check"), that what was read is let go ("forgetting") or
neither logged nor traced ("silence"), that a worker asks whether the database went back ("going_back"),
the "limits" of guesses, that fetched frames are kept until it is said that they came ("confirming"), or that
it takes as long where nobody has the name ("same_time"); the time that a request may take ("patience"), the
"heartbeat" of lines or their "user_timeout", or the bound on frames ("frame_bound").
DRILL_LOG: the level of the log, down to those that no setting offers, e.g. DEBUG.
DRILL_KEEPS_SIGHT: what a clinician may see is found out once in so many seconds, and not at each look.
DRILL_CLOCK_FILE: a file with seconds that are added to the wall clock; timers go on as they were.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server import ids, logs, tracing
from server.api.polled import Heard, PolledLine
from server.clock import SystemClock
from server.errors import BadFrame, Unavailable
from server.protocol import frames
from server.services.passphrases import Passphrases
from server.store import engines


def main() -> int:
    """Change it, then serve."""
    if clock_file := os.environ.get("DRILL_CLOCK_FILE"):
        move_clock(Path(clock_file))
    if level := os.environ.get("DRILL_SYNCHRONOUS"):
        engines.sqlite_engine = weakened(engines.sqlite_engine, level)
    if level := os.environ.get("DRILL_COMMIT"):
        engines.postgres_engine = hasty(engines.postgres_engine, level)
    if part := os.environ.get("DRILL_WITHOUT"):
        for one in part.split(","):
            leave_out(one)
    if keeps_s := os.environ.get("DRILL_KEEPS_SIGHT"):
        keep_sight(float(keeps_s))
    # Only now: what is imported here takes the engine, and what was taken out, by name.
    from server.cli import main as hearth
    from server.store.sqlite import SqliteDatabase

    if os.environ.get("DRILL_LIES"):
        SqliteDatabase.do_together = lying(SqliteDatabase.do_together)  # type: ignore[method-assign]
    if level := os.environ.get("DRILL_LOG"):
        logs.set_up = louder(logs.set_up, level)
    return hearth(["serve", *sys.argv[1:]])


def move_clock(path: Path) -> None:
    """Everything here that reads the wall clock reads it moved."""
    unmoved = time.time

    def moved() -> float:
        return unmoved() + float(path.read_text())

    def now(_: SystemClock) -> datetime:
        return datetime.fromtimestamp(moved(), UTC)

    time.time = moved
    SystemClock.now = now  # type: ignore[assignment]
    vars(ids)["uuid7"] = lambda: uuid7(nanoseconds=int(moved() * 1e9))


def louder(sound: Callable[..., Any], level: str) -> Callable[..., Any]:
    """The log as it is set up, then at another level; whoever is kept quiet stays so."""

    def loud(*given: Any) -> Any:
        lately = sound(*given)
        logging.getLogger().setLevel(level)
        return lately

    return loud


def weakened(sound: Callable[..., Engine], level: str) -> Callable[..., Engine]:
    """Engines whose connections wait less for the disk."""

    def weak(*given: Any, **options: Any) -> Engine:
        engine = sound(*given, **options)

        @event.listens_for(engine, "connect")
        def _weaken(connection: Any, _record: Any) -> None:
            connection.execute(f"PRAGMA synchronous={level}")

        return engine

    return weak


def hasty(sound: Callable[..., AsyncEngine], level: str) -> Callable[..., AsyncEngine]:
    """Engines whose commits do not wait for the disk."""

    def weak(*given: Any, **options: Any) -> AsyncEngine:
        engine = sound(*given, **options)

        @event.listens_for(engine.sync_engine, "begin")
        def _weaken(connection: Any) -> None:
            connection.exec_driver_sql(f"SET LOCAL synchronous_commit = {level}")

        return engine

    return weak


def lying(sound: Callable[..., Any]) -> Callable[..., Any]:
    """Posts that are called said, whatever became of them."""

    async def lie(database: Any, verbs: Any, draft: Any) -> Any:
        try:
            return await sound(database, verbs, draft)
        except Unavailable:
            room, client_id = draft.frame.room, draft.frame.client_id
            now = datetime.now(UTC)
            return [frames.Posted(room=room, client_id=client_id, seq=1, id=ids.new_id(), at=now)]

    return lie


def keep_sight(keeps_s: float) -> None:
    """An answer is remembered, as a cache would."""
    sight, sharing = import_module("server.services.sight"), import_module("server.store.sharing")
    sound = sight.may_look
    kept: dict[Any, tuple[float, Any]] = {}

    def may_look(work: Any, actor: Any, *what: Any) -> Any:
        key = (actor.id, *what)
        at, allowed = kept.get(key, (-keeps_s, None))
        if time.monotonic() - at < keeps_s:
            return allowed
        kept[key] = time.monotonic(), sound(work, actor, *what)
        return kept[key][1]

    vars(sight)["may_look"] = may_look
    vars(sharing)["hold"] = lambda *_: True


def leave_out(part: str) -> None:
    """One thing less, for whoever imports it from now on."""
    path, name, instead = _PARTS[part]
    module = import_module(path)
    assert hasattr(module, name), "a part that is not there is no control"
    setattr(module, name, instead)


def _nothing(*_: object) -> None:
    return


async def _wait_for_ever(*_: object) -> None:
    await asyncio.Event().wait()


def _nothing_of_others(work: Any, number: int, known: Any, _: dict[Any, int]) -> Any:
    """Rooms are not read: what is between one's own is never told."""
    listening = import_module("server.services.listening")
    after = listening.crossing.after(work, number, known)
    return listening.Since(after.number, after.told, [], False)


class _Forgetful(PolledLine):
    """What was told once is forgotten, whether it came or not."""

    async def hear(self, after: int, wait_s: float) -> Heard:
        heard = await super().hear(self._last - len(self._kept), wait_s)
        self._confirm(heard.last)
        return heard


def _all_at_once(crew: Any) -> None:
    """Every old worker goes before a new one is there."""
    for worker in crew.to_replace:
        crew.let_go(worker)
    crew.to_replace.clear()


def _only_say_hidden(work: Any, stored: Any) -> None:
    import_module("server.services.publishing").announce_change(work, stored, "hidden")


class _Nothing:
    """No announcement is of this kind."""


_KEPT: list[str] = []


def _read_and_keep(text: str | None) -> Any:
    _KEPT.append(f"{text} " * 10)
    return _read(text)


def _read_and_log(text: str | None) -> Any:
    # As a careless line of ours would: of foreign code the log never says what is filled in.
    logging.getLogger("server.api.frames_in").debug("a frame came: %s", text)
    with tracing.span("frame", said=text or ""):
        return _read(text)


def _take_unchecked(_: str, parsed: Any) -> Any:
    """What is no frame goes on to whoever would answer one."""
    try:
        return frames.client_frame.validate_python(parsed)
    except ValidationError:
        return parsed


def _read(text: str | None) -> Any:
    try:
        return orjson.loads(text or "")
    except ValueError:
        raise BadFrame from None


def _always_room(*_: object) -> float:
    return 0.0


class _Hasty(Passphrases):
    """Does not compare where there is nothing to compare with."""

    async def matches(self, stored: str | None, passphrase: str) -> bool:
        """At once, where nobody has the name."""
        return stored is not None and await super().matches(stored, passphrase)


_PARTS: dict[str, tuple[str, str, Any]] = {
    "version": ("server.services.case_access", "check_version", _nothing),
    "holder": ("server.services.case_access", "check_free", _nothing),
    "lock": ("server.store.cases", "_locked", lambda query: query),
    "lexicon": ("server.services.reading", "find_in", lambda _: ()),
    "between": ("server.services.listening", "_since", _nothing_of_others),
    "looking": ("server.live.feed", "LOOK_EVERY_S", 3_600.0),
    "going_back": ("server.services.listening", "_went_back", lambda *_: False),
    "first": ("server.supervise", "_replace_next", _all_at_once),
    "seat_end": ("server.live.hub", "SeatEnded", _Nothing),
    "session_end": ("server.live.hub", "SessionsEnded", _Nothing),
    "hiding": ("server.services.publishing", "hide", _only_say_hidden),
    "user_timeout": ("server.serve", "_USER_TIMEOUT_MS", 3_600_000),
    "heartbeat": ("server.serve", "_HEARTBEAT_S", 3_600.0),
    "frame_check": ("server.api.frames_in", "_check", _take_unchecked),
    "forgetting": ("server.api.frames_in", "_parse", _read_and_keep),
    "silence": ("server.api.frames_in", "_parse", _read_and_log),
    "limits": ("server.store.guesses", "look", _always_room),
    "same_time": ("server.services.passphrases", "Passphrases", _Hasty),
    "confirming": ("server.api.polled", "PolledLine", _Forgetful),
    "late": ("server.api.background", "read_what_was_missed", _wait_for_ever),
    "patience": ("server.api.patient", "PatientHttp", HttpToolsProtocol),
    "frame_bound": ("server.serve", "_WS_MOST_BYTES", 1 << 30),
}


if __name__ == "__main__":
    sys.exit(main())
