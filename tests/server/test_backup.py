"""A backup on each database: whole, sealed, and put back on either as it was."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel, col, delete, select

from server.errors import Misconfigured, NotNow, ServerError
from server.ids import digest, new_id
from server.settings import Settings, read_settings
from server.store import audit, beside, messages, place
from server.store.copies.backup import Totals, back_up, verify
from server.store.copies.lines import MOMENTARY
from server.store.copies.restoring import Restored, begin_anew, restore
from server.store.copies.sealed_file import Damaged, NotACopy, WrongPassphrase
from server.store.copies.staging import run_verb
from server.store.tables import Audit, Crossing, Guess, Message, Session
from server.store.work import Work
from tests.server.peopled import SAID, let_in, people

PASSPHRASE = "seven quiet otters"
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture
async def settings(server: Any, tmp_path: Path) -> Settings:
    """A place with people in it."""
    url = await server.create() if server else None
    settings = read_settings({}, data_dir=tmp_path / "data", database_url=url)
    await asyncio.to_thread(people, settings)
    return settings


@pytest.fixture
async def embedded(tmp_path: Path) -> Settings:
    """The same on the embedded database: where it makes no difference."""
    settings = read_settings({}, data_dir=tmp_path / "embedded")
    await asyncio.to_thread(people, settings)
    return settings


@pytest.fixture(params=["to sqlite", "to postgres"])
def other_server(request: pytest.FixtureRequest) -> Any:
    """None for the embedded database, else a PostgreSQL server."""
    return request.getfixturevalue("postgres") if request.param == "to postgres" else None


@pytest.fixture
async def other(settings: Settings, other_server: Any, tmp_path: Path) -> Settings:
    """An empty place, perhaps on the other database, that has the keys."""
    url = await other_server.create() if other_server else ""
    return settings.model_copy(
        update={
            "data_dir": tmp_path / "other",
            "database_url": url,
            "key_file": settings.key_path,
            "keys_database": str(settings.keys_at),
        }
    )


@contextmanager
def refused(kind: type[ServerError], words: str) -> Iterator[None]:
    """Something refuses, and says why."""
    with pytest.raises(kind) as error:
        yield
    assert words in error.value.detail


def quiet(*_: object) -> None:
    """Tells nobody."""


async def kept(settings: Settings, path: Path) -> Totals:
    return await back_up(settings, path, PASSPHRASE, version="1", now=NOW, tell=quiet)


async def put_back(settings: Settings, path: Path, *, replace: bool = False) -> Restored:
    return await restore(settings, path, PASSPHRASE, replace=replace, now=NOW, tell=quiet)


async def read(settings: Settings, verb: Any) -> Any:
    return await asyncio.to_thread(beside.read, settings, verb)


def said(work: Work) -> list[str | None]:
    found = work.session.exec(select(Message).order_by(Message.seq))  # type: ignore[arg-type]
    return [messages.open_text(work, message) for message in found]


async def test_what_was_kept_is_there_again_on_either_database(
    settings: Settings, other: Settings, tmp_path: Path
) -> None:
    totals = await kept(settings, tmp_path / "kept")
    before = (tmp_path / "kept").read_bytes()
    with refused(NotNow, "not written over"):
        await kept(settings, tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == before
    contents, again = verify(tmp_path / "kept", PASSPHRASE, quiet)
    assert again == totals
    assert totals["message"].rows == len(SAID)
    restored = await put_back(other, tmp_path / "kept")
    assert restored.totals == totals
    assert restored.aside is None
    assert await read(other, said) == [*SAID]
    assert (
        await read(other, place.get_epoch)
        != contents.epoch
        == await read(settings, place.get_epoch)
    )
    newest = await read(other, audit.head)
    assert (newest.verb, newest.subject) == ("place.restore", "2026-11-26T09:00:00Z")

    with refused(NotNow, "--replace"):
        await put_back(other, tmp_path / "kept")

    # and what is kept of that differs in nothing but what was begun anew
    second = await kept(other, tmp_path / "kept again")
    differ = {table for table in totals if totals[table] != second[table]}
    assert differ == {"place", "audit"}


def _add_momentary(work: Work) -> None:
    for number in (901, 902):
        work.session.add(
            Crossing(number=number, id=new_id(), worker=new_id(), sealed=b"told", at=work.now)
        )
    work.session.add(Guess(id=new_id(), kind="log_in", key="salted", at=work.now))


def _momentary(work: Work) -> int:
    return sum(len(work.session.exec(select(model)).all()) for model in (Crossing, Guess))


async def test_no_copy_holds_what_workers_told_each_other_or_what_was_counted(
    settings: Settings, other: Settings, tmp_path: Path
) -> None:
    await run_verb(settings, None, _add_momentary)
    assert await read(settings, _momentary) >= 3, "the guard: they are there"
    totals = await kept(settings, tmp_path / "kept")
    assert {totals[table].rows for table in MOMENTARY} == {0}
    await put_back(other, tmp_path / "kept")
    assert await read(other, _momentary) == 0


async def test_what_an_older_backup_holds_of_them_is_not_put_back(
    embedded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_verb(embedded, None, _add_momentary)
    monkeypatch.setattr("server.store.copies.backup.MOMENTARY", frozenset())
    totals = await kept(embedded, tmp_path / "kept")
    assert totals["crossing"].rows == 2, "the guard: it is one of those"
    monkeypatch.undo()
    await put_back(embedded, tmp_path / "kept", replace=True)
    assert await read(embedded, _momentary) == 0


async def test_the_one_that_is_replaced_is_set_aside(settings: Settings, tmp_path: Path) -> None:
    await kept(settings, tmp_path / "kept")
    await asyncio.to_thread(
        beside.do, settings, lambda work: audit.append(work, None, "later", None)
    )
    later = await read(settings, audit.head)
    restored = await put_back(settings, tmp_path / "kept", replace=True)
    newest = await read(settings, audit.head)
    assert (newest.number, newest.verb) == (later.number, "place.restore")
    assert restored.heads_aside
    assert len(list(settings.data_dir.glob("audit-heads.until-*"))) == 1
    assert restored.aside
    if not settings.database_url:
        with closing(sqlite3.connect(restored.aside)) as old:
            assert old.execute("SELECT max(number) FROM audit").fetchone()[0] == later.number
    assert restored.aside.endswith("20261126T090000") or restored.aside.endswith("20261126t090000")


async def test_a_session_that_was_ended_since_stays_ended(
    settings: Settings, tmp_path: Path
) -> None:
    async def do(verb: Any) -> Any:
        return await asyncio.to_thread(beside.do, settings, verb)

    _, stays = await do(partial(let_in, name="ash"))
    _, ends = await do(partial(let_in, name="birch"))
    await kept(settings, tmp_path / "kept")
    await do(partial(end, token=ends))
    await put_back(settings, tmp_path / "kept", replace=True)
    assert await read(settings, partial(stands, token=stays))
    assert not await read(settings, partial(stands, token=ends))
    await restore(
        settings, tmp_path / "kept", PASSPHRASE, replace=True, end_sessions=True,
        now=NOW + timedelta(seconds=1), tell=quiet,
    )  # fmt: skip
    assert not await read(settings, partial(stands, token=stays))


def end(work: Work, token: str) -> None:
    query = select(Session).where(Session.token_digest == digest(token))
    work.session.exec(query).one().ended_at = work.now


def stands(work: Work, token: str) -> bool:
    query = select(Session).where(Session.token_digest == digest(token))
    return work.session.exec(query).one().ended_at is None


async def test_a_place_that_was_put_back_by_other_means_begins_anew(
    settings: Settings, tmp_path: Path
) -> None:
    """As when a standby that was behind took over: the database alone is of an earlier moment."""
    await run_verb(settings, None, _add_momentary)
    before = await read(settings, place.get_epoch)
    _, token = await asyncio.to_thread(beside.do, settings, partial(let_in, name="ash"))
    newest = await read(settings, audit.head)
    await asyncio.to_thread(
        beside.do, settings, lambda work: audit.append(work, None, "later", None)
    )
    await run_verb(settings, None, partial(_lose_what_came_after, number=newest.number))
    begun = await begin_anew(settings, now=NOW)
    assert (begun.back_to, begun.heads_aside) == (newest.at, True)
    assert await read(settings, place.get_epoch) != before
    assert await read(settings, _momentary) == 0
    assert await read(settings, partial(stands, token=token))
    assert (await read(settings, audit.head)).verb == "place.restore"
    again = await begin_anew(settings, end_sessions=True, now=NOW)
    assert not again.heads_aside
    assert not await read(settings, partial(stands, token=token))


def _lose_what_came_after(work: Work, number: int) -> None:
    work.session.exec(delete(Audit).where(col(Audit.number) > number))


async def test_where_no_community_is_there_is_nothing_to_begin_anew(tmp_path: Path) -> None:
    with pytest.raises(NotNow):
        await begin_anew(read_settings({}, data_dir=tmp_path), now=NOW)


async def test_every_flipped_byte_and_every_cut_is_found(
    embedded: Settings, tmp_path: Path
) -> None:
    path, bad = tmp_path / "kept", tmp_path / "bad"
    await kept(embedded, path)
    whole = path.read_bytes()
    assert PASSPHRASE.encode() not in whole
    assert b"marram" not in whole
    for place_ in range(0, len(whole), len(whole) // 40):
        flipped = bytearray(whole)
        flipped[place_] ^= 1
        bad.write_bytes(flipped)
        with pytest.raises((Damaged, NotACopy, WrongPassphrase)):
            verify(bad, PASSPHRASE, quiet)
    for cut in (whole[:-1], whole[:-200], whole + b"\0", b""):
        bad.write_bytes(cut)
        with pytest.raises((Damaged, NotACopy)):
            verify(bad, PASSPHRASE, quiet)
    with pytest.raises(WrongPassphrase):
        verify(path, "another passphrase", quiet)


async def test_a_damaged_backup_touches_nothing(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    await kept(settings, path)
    before = await read(settings, audit.head)
    whole = bytearray(path.read_bytes())
    whole[-20] ^= 1
    path.write_bytes(whole)
    with pytest.raises(Damaged):
        await put_back(settings, path, replace=True)
    after = await read(settings, audit.head)
    assert (after.number, after.hash) == (before.number, before.hash)
    assert await read(settings, said) == [*SAID]


async def test_the_keys_must_be_there_first(embedded: Settings, tmp_path: Path) -> None:
    await kept(embedded, tmp_path / "kept")
    other = embedded.model_copy(
        update={"data_dir": tmp_path / "other", "key_file": embedded.key_path}
    )
    with refused(Misconfigured, "keys restore"):
        await put_back(other, tmp_path / "kept")
    with refused(Misconfigured, "is missing"):
        await put_back(other.model_copy(update={"key_file": tmp_path / "none"}), tmp_path / "kept")
    assert not other.sqlite_path.exists()


async def test_every_table_has_a_shape_that_can_be_copied(
    embedded: Settings, tmp_path: Path
) -> None:
    await kept(embedded, tmp_path / "kept")
    contents, _ = verify(tmp_path / "kept", PASSPHRASE, quiet)
    assert {shape.table for shape in contents.shapes} == set(SQLModel.metadata.tables)
