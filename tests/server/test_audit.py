"""The audit chain and its signed heads notice what was changed, taken out, put in, swapped or cut off."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlmodel import col, delete, select

from server.services.auditing import Report, examine
from server.store import audit
from server.store.heads import Head, Heads, HeadsBroken
from server.store.keys import KeyFile
from server.store.place import get_place
from server.store.signing import sign
from server.store.tables import Audit
from server.store.work import Work
from tests.server.store_fixture import MONDAY, House


@pytest.fixture
def heads(tmp_path: Path) -> Heads:
    """In the folder of the test's house, and under a key of their own."""
    KeyFile.make(tmp_path / "heads.key")
    return _heads(tmp_path)


def _heads(folder: Path) -> Heads:
    return Heads(folder / "audit-heads", KeyFile.read(folder / "heads.key"))


async def _fill(house: House, rows: int, heads: Heads | None = None) -> None:
    """A row a second; with heads, each signed."""
    for number in range(rows):
        house.clock.move(seconds=1)
        await house.do(
            partial(audit.append, actor=uuid4(), verb="case.read", subject=f"c-{number}")
        )
        if heads:
            await sign(house.database, heads)


async def _look(house: House, heads: Heads | None = None) -> Report:
    return await house.database.read(partial(examine, heads=heads))


def _found(report: Report) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.number) for problem in report.problems]


def _row(work: Work, number: int) -> Audit:
    return work.session.exec(select(Audit).where(Audit.number == number)).one()


def _swap(work: Work) -> None:
    first, second = _row(work, 4), _row(work, 5)
    first.subject, second.subject = second.subject, first.subject
    work.session.add_all([first, second])


def _cut(work: Work, number: int = 4) -> None:
    work.session.exec(delete(Audit).where(col(Audit.number) == number))


def _cut_off(work: Work, after: int) -> None:
    work.session.exec(delete(Audit).where(col(Audit.number) > after))


def _write_anew(work: Work, begin: int) -> None:
    """Other rows that fit each other, as somebody would write them who knows how."""
    newest = audit.head(work)
    assert newest is not None
    _cut_off(work, begin - 1)
    for _ in range(begin, newest.number + 1):
        audit.append(work, None, "case.dismiss", "c-0")


def _change(field: str) -> Callable[[Work], None]:
    def change(work: Work) -> None:
        row = _row(work, 4)
        values = {"actor": uuid4(), "verb": "case.hide", "subject": None, "hash": b"x"}
        setattr(row, field, row.at + timedelta(microseconds=1) if field == "at" else values[field])
        work.session.add(row)

    return change


async def test_an_untouched_chain_is_well(any_house: House, heads: Heads):
    await _fill(any_house, 8, heads)
    report = await _look(any_house, heads)
    assert (report.ok, report.rows, report.signed, report.notes) == (True, 8, 8, ())


async def test_a_log_of_several_pages_is_read_to_its_end(house: House, heads: Heads):
    def many(work: Work) -> None:
        for _ in range(4_001):
            audit.append(work, None, "case.read", None)

    await house.do(many)
    await sign(house.database, heads)
    assert (await _look(house, heads)).rows == 4_001
    await house.do(lambda work: _cut(work, 4_000))
    assert _found(await _look(house, heads)) == [("missing", 4_000)]


async def test_rows_written_at_the_same_moment_still_make_one_chain(any_house: House):
    await asyncio.gather(
        *(any_house.do(lambda work: audit.append(work, None, "x", None)) for _ in range(12))
    )
    report = await _look(any_house)
    assert (report.ok, report.rows) == (True, 12)


@pytest.mark.parametrize("field", ["actor", "verb", "subject", "hash", "at"])
async def test_the_audit_chain_notices_a_changed_row(any_house: House, field: str):
    await _fill(any_house, 8)
    await any_house.do(_change(field))
    report = await _look(any_house)
    assert _found(report) == [("changed", 4)]
    assert report.problems[0].since == MONDAY + timedelta(seconds=3)


@pytest.mark.parametrize(("tamper", "code"), [(_swap, "changed"), (_cut, "missing")])
async def test_the_audit_chain_notices_a_swap_and_a_cut(
    any_house: House, tamper: Callable[[Work], None], code: str
):
    await _fill(any_house, 8)
    await any_house.do(tamper)
    assert _found(await _look(any_house)) == [(code, 4)]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET at = 'yesterday' WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET actor = 'somebody' WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET verb = x'00' WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET hash = 'x' WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET verb = CAST(x'ff' AS TEXT) WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET number = -4 WHERE number = 4", ("foreign", 1)),
        ("UPDATE audit SET number = 40 WHERE number = 8", ("missing", 8)),
        ("DELETE FROM audit", ("cut_off", 1)),
        ("DROP TABLE audit", ("unreadable", 1)),
    ],
)
@pytest.mark.embedded("PostgreSQL's columns keep their types; the next test is about them")
async def test_whatever_somebody_writes_into_the_file_is_found(
    house: House, heads: Heads, tmp_path: Path, statement: str, found: tuple[str, int]
):
    await _fill(house, 8, heads)
    with closing(sqlite3.connect(tmp_path / "hearth.sqlite3")) as database, database:
        database.execute(statement)
    assert _found(await _look(house, heads)) == [found]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit SET at = '20000-01-01' WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET at = '0044-03-15 BC' WHERE number = 4", ("unreadable", 4)),
        ("UPDATE audit SET at = 'infinity' WHERE number = 4", ("changed", 4)),
        ("ALTER TABLE audit ALTER hash TYPE text USING 'x'", ("unreadable", 1)),
        ("UPDATE audit SET number = -4 WHERE number = 4", ("foreign", 1)),
        ("UPDATE audit SET number = 40 WHERE number = 8", ("missing", 8)),
        ("DELETE FROM audit", ("cut_off", 1)),
        ("DROP TABLE audit", ("unreadable", 1)),
    ],
)
@pytest.mark.parametrize("server", ["postgres"], indirect=True)
async def test_whatever_somebody_writes_into_postgresql_is_found(
    any_house: House, heads: Heads, statement: str, found: tuple[str, int]
):
    await _fill(any_house, 8, heads)
    await any_house.do(lambda work: work.connection.execute(text(statement)))
    assert _found(await _look(any_house, heads)) == [found]


async def test_rows_cut_off_are_found_behind_a_signed_head_and_only_there(
    any_house: House, heads: Heads
):
    await _fill(any_house, 8, heads)
    await any_house.do(lambda work: _cut_off(work, 6))
    report = await _look(any_house, heads)
    assert _found(report) == [("cut_off", 7)]
    assert report.problems[0].since == MONDAY + timedelta(seconds=6)
    assert (await _look(any_house)).ok


async def test_a_chain_written_anew_is_found_from_the_last_head_that_stands(
    any_house: House, heads: Heads
):
    await _fill(any_house, 4, heads)
    await _fill(any_house, 4)
    await sign(any_house.database, heads)
    await any_house.do(lambda work: _write_anew(work, 6))
    report = await _look(any_house, heads)
    assert _found(report) == [("rewritten", 5)]
    assert report.problems[0].since == MONDAY + timedelta(seconds=4)
    assert (await _look(any_house)).ok


async def test_nothing_is_signed_over_what_was_done_to_the_log(any_house: House, heads: Heads):
    await _fill(any_house, 8, heads)
    await any_house.do(lambda work: _cut_off(work, 6))
    await _fill(any_house, 5)
    with pytest.raises(HeadsBroken):
        await sign(any_house.database, heads)
    assert _found(await _look(any_house, heads)) == [("rewritten", 7)]


async def test_the_last_seconds_before_a_crash_are_unsigned_and_no_tampering(
    house: House, heads: Heads
):
    await _fill(house, 4, heads)
    await _fill(house, 3)
    house.clock.move(days=2)
    report = await _look(house, heads)
    assert (report.ok, report.rows, report.signed) == (True, 7, 4)
    assert "3 are not signed yet" in report.notes[0]
    await sign(house.database, heads)
    assert (await _look(house, heads)).signed == 7


@pytest.mark.parametrize("signed", [0, 4])
async def test_a_log_that_goes_on_unsigned_is_not_well(house: House, heads: Heads, signed: int):
    await _fill(house, signed, heads)
    await _fill(house, 1)
    house.clock.move(minutes=2)
    await _fill(house, 1)
    assert _found(await _look(house, heads)) == [("unsigned", signed + 1)]


async def test_an_older_backup_is_explained_and_goes_on_once_it_is_accepted(
    house: House, heads: Heads
):
    await _fill(house, 8, heads)

    def put_back(work: Work) -> None:
        _cut_off(work, 6)
        place = get_place(work)
        place.epoch = "second"
        work.session.add(place)

    await house.do(put_back)
    [problem] = (await _look(house, heads)).problems
    assert "backup" in problem.words
    assert "new epoch" in problem.words
    assert "audit accept" in problem.advice

    heads.set_aside("now")
    await _fill(house, 1, heads)
    report = await _look(house, heads)
    assert (report.ok, report.signed) == (True, 7)
    assert "Signed anew after `hearth audit accept`: 1" in report.notes[0]


# --- the files ---


def _lines(heads: Heads) -> list[bytes]:
    return heads.path.read_bytes().splitlines(keepends=True)


def _newest(heads: Heads) -> Path:
    return heads.path.with_name("audit-heads.newest")


def _edit_line(heads: Heads) -> None:
    first, *rest = _lines(heads)
    heads.path.write_bytes(b"".join([first.replace(b"first", b"firsT"), *rest]))


def _drop_line(heads: Heads) -> None:
    heads.path.write_bytes(b"".join(_lines(heads)[1:]))


def _swap_lines(heads: Heads) -> None:
    first, second, *rest = _lines(heads)
    heads.path.write_bytes(b"".join([second, first, *rest]))


def _double_line(heads: Heads) -> None:
    heads.path.write_bytes(b"".join([*_lines(heads), _lines(heads)[-1]]))


def _cut_line(heads: Heads) -> None:
    heads.path.write_bytes(b"".join(_lines(heads)[:-1]))


def _cut_byte(heads: Heads) -> None:
    heads.path.write_bytes(heads.path.read_bytes()[:-1])


def _add_noise(heads: Heads) -> None:
    heads.path.write_bytes(heads.path.read_bytes() + b"\xff" * 5_000)


def _empty(heads: Heads) -> None:
    heads.path.write_bytes(b"")


def _older_newest(heads: Heads) -> None:
    """Made out of two lines of the other file, by somebody who cut what came after them."""
    before, line, *_ = _lines(heads)
    heads.path.write_bytes(before + line)
    seal = _newest(heads).read_bytes().rpartition(b" ")[2]
    _newest(heads).write_bytes(before.split()[-1] + b" " + line.strip() + b" " + seal)


def _edit_newest(heads: Heads) -> None:
    _newest(heads).write_bytes(_newest(heads).read_bytes().replace(b"first", b"firsT"))


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (_edit_line, "heads_edited"),
        (_drop_line, "heads_edited"),
        (_swap_lines, "heads_edited"),
        (_double_line, "heads_edited"),
        (_add_noise, "heads_edited"),
        (_cut_line, "heads_cut"),
        (_cut_byte, "heads_cut"),
        (_empty, "heads_cut"),
        (lambda heads: heads.path.unlink(), "heads_missing"),
        (lambda heads: _newest(heads).unlink(), "newest_missing"),
        (_edit_newest, "newest_edited"),
        (_older_newest, "newest_edited"),
    ],
)
async def test_what_is_done_to_the_signed_heads_is_said_and_hides_no_cut(
    house: House, heads: Heads, tamper: Callable[[Heads], object], code: str
):
    await _fill(house, 5, heads)
    tamper(heads)
    assert _found(await _look(house, heads)) == [(code, None)]
    await house.do(lambda work: _cut_off(work, 3))
    report = await _look(house, heads)
    assert code in {found for found, _ in _found(report)}


async def test_a_crash_before_the_very_first_line_leaves_nothing_wrong(house: House, heads: Heads):
    await _fill(house, 1, heads)
    heads.path.write_bytes(b"")
    assert (await _look(house, heads)).ok
    await _fill(house, 1, heads)
    assert (await _look(house, heads)).signed == 2


async def test_a_crash_while_a_head_is_written_leaves_nothing_wrong(house: House, heads: Heads):
    await _fill(house, 3, heads)
    noted = _newest(heads).read_bytes()
    heads.path.write_bytes(heads.path.read_bytes() + b"4 00ab")
    assert (await _look(house, heads)).ok
    await _fill(house, 1, heads)
    _newest(heads).write_bytes(noted)  # the crash came between the two files
    report = await _look(house, heads)
    assert (report.ok, report.signed) == (True, 4)
    await _fill(house, 1, heads)
    assert (await _look(house, heads)).signed == 5


async def test_heads_of_another_key_file_do_not_hold(house: House, heads: Heads, tmp_path: Path):
    await _fill(house, 3, heads)
    KeyFile.make(tmp_path / "other.key")
    others = Heads(heads.path, KeyFile.read(tmp_path / "other.key"))
    assert _found(await _look(house, others)) == [("heads_edited", None)]


async def test_many_who_sign_at_once_leave_whole_lines_in_order(
    house: House, heads: Heads, tmp_path: Path
):
    others = [_heads(tmp_path) for _ in range(4)]

    async def act(own: Heads) -> None:
        for _ in range(10):
            await house.do(lambda work: audit.append(work, None, "x", None))
            await sign(house.database, own)

    await asyncio.gather(*(act(own) for own in others))
    await sign(house.database, heads)
    report = await _look(house, heads)
    numbers = [line.head.number for line in heads.lines()]
    assert (report.ok, report.signed) == (True, 40)
    assert numbers == sorted(set(numbers))


def test_whoever_looks_while_others_sign_sees_both_files_alike(heads: Heads, tmp_path: Path):
    def sign_on() -> None:
        own, last = _heads(tmp_path), None
        for number in range(1, 40):
            assert own.append(Head(number, bytes(32), MONDAY, "first"), last)
            last = own.newest()

    with ThreadPoolExecutor(1) as other:
        signing = other.submit(sign_on)
        while not signing.done():
            heads.newest()
        signing.result()


async def test_the_heads_are_for_their_owner_alone_and_signing_twice_adds_nothing(
    house: House, heads: Heads
):
    await _fill(house, 2, heads)
    before = heads.path.read_bytes()
    await sign(house.database, heads)
    assert heads.path.read_bytes() == before
    modes = {path.stat().st_mode & 0o777 for path in (heads.path, _newest(heads))}
    assert modes == {0o600}
