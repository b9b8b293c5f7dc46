"""The queue narrowed: by room, language, age and kind; what that leaves out is said, and the index serves it."""

from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlmodel import insert

from moderation import triage
from moderation.cases import CaseKind, CaseState
from moderation.urgency import Urgency
from server.access import Actor
from server.ids import new_id
from server.services import queue
from server.store.queue import Wanted
from server.store.tables import Case
from server.store.work import Work
from tests.server.store_fixture import House
from tests.server.test_guard import Desk

_MANY = 4_000


async def test_a_page_is_narrowed_by_language_and_by_how_long_it_waits(any_house: House) -> None:
    desk = await Desk(any_house).set()
    old = await desk.raised(Urgency.ROUTINE)
    any_house.clock.move(hours=5)
    new = await desk.raised(Urgency.ROUTINE)

    def speak(work: Work, case_id: UUID, language: str | None) -> None:
        found = work.session.get(Case, case_id)
        assert found is not None
        found.language = language
        work.session.add(found)

    await any_house.do(partial(speak, case_id=new.id, language="ar"))

    async def ids(**wanted: Any) -> list[UUID]:
        asked = Wanted(**wanted)
        shown = await any_house.do(lambda work: queue.read_queue(work, desk.fern, asked))
        return [line.id for line in shown.cases]

    assert await ids() == [old.id, new.id]
    assert await ids(language="ar") == [new.id]
    assert await ids(language="de") == []
    assert await ids(waits=timedelta(hours=5)) == [old.id]
    assert await ids(waits=timedelta(hours=6)) == []
    spoken = await any_house.do(lambda work: queue.languages(work, desk.fern))
    assert spoken.languages == ["ar", "en"]


async def test_a_filter_says_how_many_urgent_ones_it_leaves_out(any_house: House) -> None:
    desk = await Desk(any_house).set()
    other = await any_house.room("Evenings", (desk.fern, "moderator"), (desk.marram, "member"))
    await desk.raised()
    await desk.raised()
    await any_house.case(other, desk.marram, urgency=Urgency.NOW, kind=CaseKind.LINE)

    async def outside(**wanted: Any) -> int:
        asked = Wanted(**wanted)
        shown = await any_house.do(lambda work: queue.read_queue(work, desk.fern, asked))
        return shown.urgent_outside

    assert await outside() == 0
    assert await outside(room=other) == 2
    assert await outside(room=desk.room) == 1
    assert await outside(kind="line") == 2
    assert await outside(urgency="soon") == 3
    assert await outside(language="ar") == 3
    assert await outside(state=CaseState.ESCALATED) == 3
    assert await outside(waits=timedelta(days=1)) == 3


def _fill(work: Work, desk: Desk) -> None:
    """Open cases of the last thirty days, of every urgency and kind, in some languages."""
    drawn = Random(3)
    rows = []
    for _ in range(_MANY):
        urgency = drawn.choice(list(Urgency))
        opened_at = work.now - timedelta(minutes=drawn.uniform(0, 30 * 24 * 60))
        case = new_id()
        rows.append(
            {
                "id": case, "room_id": desk.room, "subject_id": desk.marram.id,
                "open_key": f"made:{case}", "state": "open", "kind": str(drawn.choice(list(CaseKind))),
                "urgency": str(urgency), "urgency_rank": urgency.rank, "policy": "1",
                "language": drawn.choice(("en", "en", "en", "de", "ar", None)),
                "opened_at": opened_at, "due_at": triage.due_at(urgency, opened_at),
            }
        )  # fmt: skip
    work.session.execute(insert(Case), rows)
    work.session.execute(text("ANALYZE"))


def _plans(work: Work, actor: Actor, wanted: Wanted) -> list[str]:
    """How the engine finds what a page asks for, in its own words."""
    asked: list[tuple[str, Any]] = []

    def keep(_: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        asked.append((statement, values))

    event.listen(work.connection, "before_cursor_execute", keep)
    shown = queue.read_queue(work, actor, wanted)
    queue.read_queue(work, actor, wanted, shown.after)
    event.remove(work.connection, "before_cursor_execute", keep)
    is_sqlite = work.connection.dialect.name == "sqlite"
    explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
    return [
        "\n".join(str(row[3] if is_sqlite else row[0]) for row in steps)
        for statement, values in asked
        if "ORDER BY care_case.due_at" in statement
        for steps in [work.connection.exec_driver_sql(f"{explain} {statement}", values)]
    ]


_FILTERS = {
    "none": {},
    "language": {"language": "ar"},
    "age": {"waits": timedelta(days=7)},
    "kind": {"kind": "line"},
    "urgency": {"urgency": "soon"},
    "all": {"language": "de", "waits": timedelta(days=1), "kind": "risk", "urgency": "routine"},
}


async def test_a_filtered_page_is_found_by_the_index_of_the_queue(
    any_house: House,
) -> None:
    desk = await Desk(any_house).set()
    await any_house.do(partial(_fill, desk=desk))
    for name, wanted in (_FILTERS | {"room": {"room": desk.room}}).items():
        asked = Wanted(**wanted)  # type: ignore[arg-type]
        plans = await any_house.do(partial(_plans, actor=desk.fern, wanted=asked))
        assert plans, name
        for plan in plans:
            if "One-Time Filter: false" in plan:
                continue  # PostgreSQL sees that this urgency is not the wanted one, and reads nothing
            assert "ix_care_case_living" in plan, f"{name}: {plan}"
            assert "TEMP B-TREE" not in plan, f"{name}: {plan}"
            assert "Seq Scan on care_case" not in plan, f"{name}: {plan}"
            # Where few are left, PostgreSQL may fetch these by the index and sort them: it is cheaper.
            if not wanted:
                assert "Sort" not in plan, f"{name}: {plan}"


async def test_the_pages_of_a_filter_hold_every_case_of_it_once(any_house: House) -> None:
    desk = await Desk(any_house).set()
    await any_house.do(partial(_fill, desk=desk))
    wanted = Wanted(language="ar", waits=timedelta(days=3))
    found: list[UUID] = []
    after: str | None = None
    while True:
        shown = await any_house.do(
            partial(queue.read_queue, actor=desk.fern, wanted=wanted, after=after)
        )
        assert {line.language for line in shown.cases} <= {"ar"}
        found += [line.id for line in shown.cases]
        after = shown.after
        if after is None:
            break
        any_house.clock.move(minutes=7)  # who reads takes time; the page's own moment stays

    assert len(found) == len(set(found)) > 500
