"""New keys for all: every word stays readable, the old key opens nothing, and it can be cut off anywhere."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from server.errors import Misconfigured
from server.ids import new_id
from server.services import publishing, seats
from server.services.founding import found
from server.services.rooms import make_room
from server.settings import Settings, read_settings
from server.store import audit, beside, fields, messages, rotating
from server.store.copies.backup import back_up
from server.store.copies.key_copies import back_up_keys, restore_keys
from server.store.copies.restoring import restore
from server.store.fields import FIELDS
from server.store.heads import Heads
from server.store.keys import KeyFile, KeyStore
from server.store.place import get_place
from server.store.sealing import Sealer, Spot, Unreadable
from server.store.tables import Member, Message
from server.store.work import Work

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
PASSPHRASE = "seven quiet otters"
WORDS = [f"The kettle sang, and I counted to {n}." for n in range(12)]


@pytest.fixture
async def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A place in which Ash has said a few things; nobody serves it, so nobody is waited for."""
    monkeypatch.setattr(rotating, "_UNTIL_SEEN_S", 0.0)
    settings = read_settings({}, data_dir=tmp_path / "data")
    await beside_do(settings, partial(found, open_to_all=True))
    await beside_do(settings, furnish)
    return settings


async def beside_do(settings: Settings, verb: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(beside.do, settings, verb)


def furnish(work: Work) -> None:
    room = make_room(work, "Kitchen", "To talk.")
    ash = Member(pseudonym="Ash", name_key="ash", joined_at=work.now)
    work.session.add(ash)
    work.session.flush()
    seats.take_seat(work, room.id, ash.id)
    for words in WORDS:
        publishing.say(work, room.id, ash.id, words)


def said(work: Work) -> list[str | None]:
    found = work.session.exec(select(Message).order_by(Message.seq))  # type: ignore[arg-type]
    return [messages.open_text(work, message) for message in found]


def quiet(*_: object) -> None:
    return


async def test_every_word_is_read_and_the_old_key_opens_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    old_file = KeyFile.of_text(settings.key_path.read_text())
    old_keys = KeyStore(settings.keys_at, old_file)
    ash = await beside_do(settings, lambda work: work.session.exec(select(Member.id)).first())
    old_cipher = old_keys.find(ash, 1)
    old_keys.close()
    assert old_cipher

    rotated = await rotating.rotate(settings, NOW, quiet)
    assert (rotated.resumed, rotated.fields >= len(WORDS)) == (False, True)
    assert await beside_do(settings, said) == WORDS
    assert await beside_do(settings, rotating.count_not_current) == 0

    new_file = KeyFile.read(settings.key_path)
    assert not new_file.is_changing
    assert new_file.id != old_file.id
    keys = KeyStore(settings.keys_at, new_file)
    for row in keys.all():
        with pytest.raises(Misconfigured):
            old_file.unwrap(UUID(bytes=row.member), row.wrapped, row.version)

    def opened_by_old(work: Work) -> int:
        held = [one for field in FIELDS for one in fields.of_owner(work, ash, field)]
        assert len(held) >= len(WORDS)
        return sum(one.sealed[:3] == bytes([2, 0, 1]) or one.sealed[:1] == b"\x01" for one in held)

    assert await beside_do(settings, opened_by_old) == 0
    keys.close()


async def test_what_was_said_twice_is_still_noticed(settings: Settings) -> None:
    await rotating.rotate(settings, NOW, quiet)
    await rotating.rotate(settings, NOW, quiet)

    def same(work: Work) -> list[bool]:
        found = work.session.exec(select(Message).order_by(Message.seq)).all()  # type: ignore[arg-type]
        return [
            work.sealer.is_same(message.fingerprint, work.sealer.fingerprint(words))
            for message, words in zip(found, WORDS, strict=True)
        ]

    assert await beside_do(settings, same) == [True] * len(WORDS)


async def test_the_audit_log_is_well_and_cannot_be_signed_with_the_old_key(
    settings: Settings,
) -> None:
    old = KeyFile.of_text(settings.key_path.read_text())
    await beside_do(settings, lambda work: audit.append(work, None, "test", None))
    await rotating.rotate(settings, NOW, quiet)
    heads = Heads(settings.heads_path, KeyFile.read(settings.key_path))
    checked = heads.check()
    assert checked.fault is None
    assert checked.lines >= 2
    newest = heads.newest()
    assert newest
    forged = Heads(settings.heads_path, old)
    forged._key_file = old
    line = forged._sign(newest.head, newest.signature)
    with settings.heads_path.open("ab") as file:
        head = newest.head
        words = f"{head.number} {head.hash.hex()} {head.at.isoformat()} {head.epoch}"
        file.write(f"{words} {line.signature}\n".encode())
    assert heads.check().fault == "heads_edited"


@pytest.mark.parametrize("after", ["keys", "message.sealed", "message.fingerprint"])
async def test_cut_off_anywhere_it_goes_on(settings: Settings, after: str) -> None:
    class Cut(Exception):
        pass

    def cut(what: str, _: int) -> None:
        if what == after:
            raise Cut

    for _ in range(3):
        with pytest.raises(Cut):
            await rotating.rotate(settings, NOW, cut)
        assert await beside_do(settings, said) == WORDS
        if after != "keys":
            break
        break
    rotated = await rotating.rotate(settings, NOW, quiet)
    assert rotated.resumed
    assert await beside_do(settings, said) == WORDS
    assert not KeyFile.read(settings.key_path).is_changing


async def test_who_runs_meanwhile_seals_with_the_new_keys_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "hearth.key"
    KeyFile.make(path)
    running_file = KeyFile.read(path)
    running = KeyStore(tmp_path / "keys.sqlite3", running_file)
    ash, birch = new_id(), new_id()
    sealer = Sealer(running_file, running)
    spot = Spot("message", "sealed", new_id(), new_id())
    before = sealer.seal(ash, "words", spot)

    path.write_text(KeyFile.read(path).changed())
    other = KeyStore(tmp_path / "keys.sqlite3", KeyFile.read(path))
    assert other.begin_change(NOW)
    assert not other.begin_change(NOW), "the second time it was begun already"
    while other.wrap_some_again(1):
        pass
    running._look_at = 0.0
    assert (
        sealer.seal(ash, "words", spot)[:3]
        == sealer.seal(birch, "words", spot)[:3]
        == sealer.current
    )
    assert sealer.open(ash, before, spot) == "words"
    assert {row.key_file for row in other.all()} == {KeyFile.read(path).id}
    assert not rotating.may_drop(other, NOW + timedelta(days=6))
    assert rotating.may_drop(other, NOW + timedelta(days=8))
    assert other.drop_retired() == 1
    assert not rotating.may_drop(other, NOW + timedelta(days=8))
    running._look_at = 0.0
    with pytest.raises(Unreadable):
        sealer.open(ash, before, spot)


async def test_a_backup_and_a_copy_of_the_keys_from_before_can_be_put_back(
    settings: Settings, tmp_path: Path
) -> None:
    kept, keys = tmp_path / "kept", tmp_path / "keys"
    back_up_keys(settings, keys, PASSPHRASE, NOW)
    await back_up(settings, kept, PASSPHRASE, version="test", now=NOW, tell=quiet)
    await rotating.rotate(settings, NOW, quiet)
    await restore(settings, kept, PASSPHRASE, replace=True, now=NOW, tell=quiet)
    assert await beside_do(settings, said) == WORDS
    place = await beside_do(settings, get_place)
    assert place.key_file == KeyFile.read(settings.key_path).id
    for path in settings.data_dir.glob("keys.sqlite3*"):
        path.unlink()
    assert restore_keys(settings, keys, PASSPHRASE).members > 0
    assert await beside_do(settings, said) == WORDS


async def test_a_store_from_before_keys_had_versions_is_read(tmp_path: Path) -> None:
    import sqlite3

    KeyFile.make(tmp_path / "hearth.key")
    key_file = KeyFile.read(tmp_path / "hearth.key")
    old = sqlite3.connect(tmp_path / "keys.sqlite3")
    old.execute(
        "CREATE TABLE member_key (member BLOB PRIMARY KEY, wrapped BLOB NOT NULL, key_file TEXT NOT NULL)"
        " WITHOUT ROWID"
    )
    ash = new_id()
    old.execute(
        "INSERT INTO member_key VALUES (?, ?, ?)",
        (ash.bytes, key_file.wrap(ash, b"k" * 32), key_file.id),
    )
    old.commit()
    old.close()
    keys = KeyStore(tmp_path / "keys.sqlite3", key_file)
    assert keys.find(ash, 1) is not None
    assert keys.newest(ash)[0] == 1
    keys.close()
