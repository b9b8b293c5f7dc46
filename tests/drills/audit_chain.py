"""A thousand tamperings with the audit log and its signed heads, straight in the files: each one is found."""

import asyncio
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from moderation.cases import CaseKind
from moderation.urgency import Urgency
from server.access import Actor, Role
from server.cli.audit import look
from server.clock import SystemClock
from server.ids import new_id
from server.protocol import bodies
from server.services import cases, decisions, seats
from server.services.auditing import Report, examine
from server.services.founding import found
from server.services.rooms import make_room
from server.settings import Settings, read_settings
from server.store import beside
from server.store.heads import Heads
from server.store.keys import KeyFile, KeyStore
from server.store.opening import open_database
from server.store.sealing import Sealer
from server.store.signing import sign
from server.store.tables import Member
from server.store.work import Work
from tests.drills._sizes import size
from tests.drills._tampering import BEHIND_A_HEAD, KINDS, Log

_UNTOUCHED = 50
_AT_ONCE = 12
_ACTIONS: tuple[bodies.Action, ...] = ("care_note", "warn", "dismiss")


def run() -> dict[str, Any]:
    """DECISIONS (3000), TAMPERINGS (1000), SEED (1).

    ok: every tampering is found, and at the row where it begins; an untouched copy is well 50 times;
    and the control, a look without the signed heads, misses every row that was cut off or written anew.
    """
    rng = random.Random(size("SEED", 1))
    with tempfile.TemporaryDirectory(prefix="hearth-audit-") as folder:
        whole = read_settings({}, data_dir=Path(folder) / "whole")
        rows = _decide_many(whole, size("DECISIONS", 3_000), rng)
        well = sum(_is_well(_copy(whole, Path(folder)), rows) for _ in range(_UNTOUCHED))
        tampering = _Tampering(whole, Path(folder), rng)
        for number in range(size("TAMPERINGS", 1_000)):
            tampering.go(number)
    figures = tampering.figures()
    caught = figures["control_missed"] == figures["control_looked"] > 0
    return {
        "rows": rows,
        "heads": tampering.heads,
        "untouched": _UNTOUCHED,
        "untouched_well": well,
        **figures,
        "control_caught": caught,
        "ok": figures["found"] == figures["tamperings"] == figures["located"]
        and well == _UNTOUCHED
        and caught,
    }


class _Tampering:
    """One after the other, each on a copy of its own."""

    def __init__(self, whole: Settings, folder: Path, rng: random.Random) -> None:
        self._whole, self._folder, self._rng = whole, folder, rng
        self._made: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        key_file = KeyFile.read(whole.key_path)
        lines = Heads(whole.heads_path, key_file).lines()
        self._signed = [line.head.number for line in lines]
        self.heads = len(self._signed)

    def go(self, number: int) -> None:
        """One tampering, one look; and one without the signed heads where they alone can tell."""
        kind = [*KINDS][number % len(KINDS)]
        settings = _copy(self._whole, self._folder)
        with closing(sqlite3.connect(settings.sqlite_path)) as database, database:
            log = Log(database, settings.heads_path, self._signed, self._rng)
            earliest, latest = KINDS[kind](log)
        report = look(settings)
        at = [problem.number for problem in report.problems if problem.number is not None]
        self._made[kind] += 1
        self._found[kind] += not report.ok
        is_there = earliest <= at[0] <= latest if at and latest else not latest
        self._counts["located"] += is_there
        if report.ok or not is_there:
            print(f"{number} {kind}: due {earliest}..{latest}, told {report.problems}", flush=True)
        if kind in BEHIND_A_HEAD:
            self._counts["control_looked"] += 1
            self._counts["control_missed"] += _look_without_heads(settings).ok

    def figures(self) -> dict[str, Any]:
        """By kind: how many were found."""
        return {
            "tamperings": self._made.total(),
            "found": self._found.total(),
            "located": self._counts["located"],
            "found_by_kind": dict(self._found),
            "missed_by_kind": dict(self._made - self._found),
            "control_looked": self._counts["control_looked"],
            "control_missed": self._counts["control_missed"],
        }


def _copy(whole: Settings, folder: Path) -> Settings:
    """Fresh; the one before is gone."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole.data_dir, copy)
    return read_settings({}, data_dir=copy)


def _is_well(settings: Settings, rows: int) -> bool:
    report = look(settings)
    return report.ok and report.rows == report.signed == rows


def _look_without_heads(settings: Settings) -> Report:
    """And without the decisions that the log binds: they would tell of a cut as well."""
    return beside.read(settings, partial(examine, heads=None, with_bound=False))


# --- the log ---


def _decide_many(settings: Settings, count: int, rng: random.Random) -> int:
    """Real cases, really decided; signed every few, as by a server at work. Returns the rows."""
    beside.do(settings, partial(found, open_to_all=True))
    fern, marram, room = beside.do(settings, _people)
    asyncio.run(_decide_all(settings, partial(_decide, fern, marram, room, rng), count, rng))
    report = look(settings)
    assert report.ok, report
    return report.rows


def _people(work: Work) -> tuple[Actor, UUID, UUID]:
    room = make_room(work, "A room", "To be decided about.")
    ids = []
    for name, role in (("fern", Role.MODERATOR), ("marram", Role.PEER)):
        member = Member(pseudonym=name, name_key=name, role=role, joined_at=work.now)
        work.session.add(member)
        work.session.flush()
        seats.take_seat(work, room.id, member.id, seats.seat_for(role))
        ids.append(member.id)
    return Actor(ids[0], "fern", Role.MODERATOR, new_id()), ids[1], room.id


async def _decide_all(
    settings: Settings, decide: Callable[[Work], None], count: int, rng: random.Random
) -> None:
    key_file = KeyFile.read(settings.key_path)
    keys = KeyStore(settings.keys_at, key_file)
    database = open_database(settings, Sealer(key_file, keys), SystemClock(), lambda _: None)
    heads = Heads(settings.heads_path, key_file)
    try:
        for number in range(count):
            await database.do(decide)
            if rng.random() < 1 / _AT_ONCE or number == count - 1:
                await sign(database, heads)
    finally:
        await database.close()
        keys.close()


def _decide(fern: Actor, marram: UUID, room: UUID, rng: random.Random, work: Work) -> None:
    case = cases.raise_case(
        work, room_id=room, subject_id=marram, message_id=None, kind=CaseKind.FLAG,
        urgency=Urgency.ROUTINE, handling=None, about=None, language="en", policy="1",
        source="member", reasons=["unkind"], words=["It says that this was unkind."], spans=[],
    )  # fmt: skip
    asked = bodies.NewDecision(
        action=rng.choice(_ACTIONS), version=case.version, reason="For this drill."
    )
    decisions.decide(work, fern, case.id, asked)
