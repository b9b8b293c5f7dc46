"""The climate as a table: exactly what the page shows, and no cell that a spreadsheet computes."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import Actor, Role
from server.api.background import count_weeks
from server.errors import NotFound
from server.protocol import climate as bodies
from server.services import climate, climate_csv
from server.services.climate_cells import NAMES
from server.services.climate_periods import SHARES
from server.services.csv_cells import guarded, table
from server.store import audit
from server.store.tables import Room
from server.store.work import Work
from tests.server.climate.drawn import Drawing
from tests.server.climate.stored import store
from tests.server.store_fixture import House

FIGURES = [name for name in NAMES if not name.endswith(("_low_s", "_high_s"))]
NOTHING = (None, None, None)
BESIDE = {
    "first_reply_s": ("first_reply_low_s", "first_reply_high_s", "asks_answered"),
    "first_look_s": ("first_look_low_s", "first_look_high_s", None),
}
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
WEEKS = 3


async def room_of_weeks(house: House, name: str = "Low days") -> tuple[UUID, Actor]:
    linden = await house.join("linden", Role.CLINICIAN)
    room = await house.room(name, (linden, "clinician"))
    year = Drawing(7, BEGIN, WEEKS, people=40).draw(500)
    await house.do(lambda work: store(work, room, year))
    await house.do(lambda work: _made(work, room))
    house.clock.at = BEGIN + timedelta(weeks=WEEKS, days=5)
    await count_weeks(house.database)
    return room, linden


def _made(work: Work, room: UUID) -> None:
    stored = work.session.get(Room, room)
    assert stored is not None
    stored.created_at = BEGIN
    work.session.add(stored)


async def exported(house: House, actor: Actor, room: UUID) -> list[dict[str, str]]:
    page = await house.do(lambda work: climate_csv.read(work, actor, room))
    text = b"".join(climate_csv.stream(page)).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


async def test_the_table_shows_what_the_page_shows_and_no_more(any_house: House):
    room, linden = await room_of_weeks(any_house)
    rows = await exported(any_house, linden, room)
    page = await any_house.do(lambda work: climate.read(work, linden, room))

    assert len(rows) == WEEKS * (len(FIGURES) + len(SHARES))
    table = {(row["week_start"], row["figure"]): row for row in rows}
    shown = hidden = 0
    for week in page.weeks:
        for name, value, beside in _cells(week):
            row = table[week.start.isoformat(), name]
            if value is None:
                hidden += 1
                assert (row["value"], row["low"], row["high"]) == ("", "", "")
                assert row["hidden"].startswith("hidden: fewer than 8 people")
            else:
                shown += 1
                assert (float(row["value"]), row["hidden"]) == (value, "")
                assert [_number(row[each]) for each in ("low", "high", "of")] == beside
    assert shown > 0, "the guard: some are shown"
    assert hidden > 0, "the guard: and some are not"


def _cells(week: bodies.ClimateWeek) -> Iterator[tuple[str, float | None, list[float | None]]]:
    """Name, value, and what stands beside it: low, high, of."""
    for name in FIGURES:
        beside = [week.figures[each] if each else None for each in BESIDE.get(name, NOTHING)]
        yield name, week.figures[name], beside
    for name, each in week.shares.items():
        yield f"share_{name}", each.value, [each.low, each.high, each.of]


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


async def test_it_is_for_those_who_watch_over_the_room_and_is_written_down(house: House):
    room, linden = await room_of_weeks(house)
    alder = await house.join("alder", Role.STEWARD)
    other = await house.join("juniper", Role.CLINICIAN)
    peer = await house.join("marram")
    for actor in (other, peer):
        with pytest.raises(NotFound):
            await exported(house, actor, room)
    for actor in (linden, alder):
        assert await exported(house, actor, room)
        newest = await house.do(audit.head)
        assert newest is not None
        assert (newest.verb, newest.actor, newest.subject) == (
            "climate.export",
            actor.id,
            str(room),
        )


async def test_notes_stay_where_they_are(house: House):
    room, linden = await room_of_weeks(house)
    note = bodies.NewClimateNote(day=BEGIN.date(), text="A new host began.")
    await house.do(lambda work: climate.add_note(work, linden, room, note))
    page = await house.do(lambda work: climate_csv.read(work, linden, room))
    assert page.notes, "the guard: there is one"
    assert b"host" not in b"".join(climate_csv.stream(page))


async def test_a_room_may_be_called_like_a_formula(house: House):
    room, linden = await room_of_weeks(house, '=HYPERLINK("http://example.org")')
    rows = await exported(house, linden, room)
    assert {row["room"] for row in rows} == {'\'=HYPERLINK("http://example.org")'}


def test_every_figure_says_what_it_counts():
    assert set(climate_csv.definitions()) == set(FIGURES)


@given(st.text())
def test_no_words_at_all_are_computed_and_each_stays_one_cell(words: str):
    assert guarded(words)[:1] not in set("=+-@＝＋－＠|%\t\r\n")
    written = b"".join(table(("first", "second"), [(words, 1)])).decode("utf-8-sig")
    [_, row] = list(csv.reader(StringIO(written, newline="")))
    assert row == [guarded(words), "1"]


@pytest.mark.parametrize(
    "words", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "%0A-1", "|x"]
)
def test_what_a_spreadsheet_would_compute_is_words(words: str):
    assert guarded(words).startswith("'")


def test_plain_words_and_numbers_stay_as_they_are():
    [_, row] = table(("a", "b", "c"), [("Low days", -3, None)])
    assert row == b"Low days,-3,\r\n"
