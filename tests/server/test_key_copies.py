"""Copies of the keys: what is lost comes back, who was erased does not, and old ones go."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from server.errors import Misconfigured, NotNow
from server.ids import new_id
from server.settings import Settings, read_settings
from server.store.copies.key_copies import (
    KEEP,
    back_up_keys,
    erased_members,
    prune,
    read_erased,
    restore_keys,
    write_erased,
)
from server.store.copies.sealed_file import NotACopy, WrongPassphrase
from server.store.keys import KeyFile, KeyStore
from server.store.occupied import in_use
from server.store.sealing import Sealer, Spot, Unreadable
from tests.server.command import hearth

PASSPHRASE = "seven quiet otters"
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SPOT = Spot("message", "sealed", new_id(), new_id())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = read_settings({}, data_dir=tmp_path / "data")
    KeyFile.make(settings.key_path)
    return settings


def sealer(settings: Settings) -> Sealer:
    key_file = KeyFile.read(settings.key_path)
    return Sealer(key_file, KeyStore(settings.keys_at, key_file))


def lose_the_keys(settings: Settings) -> None:
    for path in settings.data_dir.glob("keys.sqlite3*"):
        path.unlink()


def test_lost_keys_come_back_and_the_words_with_them(settings: Settings, tmp_path: Path) -> None:
    ash = new_id()
    sealed = sealer(settings).seal(ash, "still here", SPOT)
    assert back_up_keys(settings, tmp_path / "copy", PASSPHRASE, NOW) == 1
    assert b"hearth-key" not in (tmp_path / "copy").read_bytes()
    lose_the_keys(settings)
    settings.key_path.unlink()
    back = restore_keys(settings, tmp_path / "copy", PASSPHRASE)
    assert (back.key_file, back.members, back.erased) == (True, 1, 0)
    assert settings.key_path.stat().st_mode & 0o777 == 0o600
    assert sealer(settings).open(ash, sealed, SPOT) == "still here"
    again = restore_keys(settings, tmp_path / "copy", PASSPHRASE)
    assert (again.key_file, again.members) == (False, 0)


def test_what_was_erased_stays_so_whichever_copy_is_put_back(
    settings: Settings, tmp_path: Path
) -> None:
    ash, birch = new_id(), new_id()
    before = sealer(settings)
    sealed = {who: before.seal(who, "words", SPOT) for who in (ash, birch)}
    back_up_keys(settings, tmp_path / "copy", PASSPHRASE, NOW)
    shutil.copytree(settings.data_dir, tmp_path / "by hand")
    before.shred(ash, NOW + DAY)

    lose_the_keys(settings)
    back = restore_keys(settings, tmp_path / "copy", PASSPHRASE)
    assert (back.members, back.erased) == (1, 1)
    only_birch(sealer(settings), sealed, ash, birch)

    lose_the_keys(settings)
    for path in (tmp_path / "by hand").glob("keys.sqlite3*"):
        shutil.copy(path, settings.data_dir)
    only_birch(sealer(settings), sealed, ash, birch)


def only_birch(sealer: Sealer, sealed: dict[UUID, bytes], ash: UUID, birch: UUID) -> None:
    assert sealer.open(birch, sealed[birch], SPOT) == "words"
    with pytest.raises(Unreadable):
        sealer.open(ash, sealed[ash], SPOT)


def test_a_line_that_a_crash_broke_erases_nobody_and_hides_nobody(settings: Settings) -> None:
    ash, birch = new_id(), new_id()
    before = sealer(settings)
    sealed = {who: before.seal(who, "words", SPOT) for who in (ash, birch)}
    (settings.data_dir / "erased").write_text(f"\n{str(birch)[:20]}")
    before.shred(ash, NOW)
    only_birch(sealer(settings), sealed, ash, birch)


def test_copies_past_their_days_go_and_the_erasure_is_final_then(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "holiday.txt").write_text("not a copy")
    ash = new_id()
    here = sealer(settings)
    here.seal(ash, "words", SPOT)
    for days in (9, 8, 6, 1):
        back_up_keys(settings, folder / f"keys-{days}", PASSPHRASE, NOW - days * DAY)
    here.shred(ash, NOW - 5 * DAY)

    pruned = prune(settings, folder, NOW)
    assert [path.name for path in pruned.deleted] == ["keys-9", "keys-8"]
    assert [path.name for path in pruned.left] == ["keys-6", "keys-1"]
    assert (pruned.erased, pruned.final_at) == (1, NOW - 6 * DAY + KEEP)
    later = prune(settings, folder, NOW + 2 * DAY)
    assert [path.name for path in later.deleted] == ["keys-6"]
    assert (later.erased, later.final_at, later.only_old) == (1, None, False)
    last = prune(settings, folder, NOW + 30 * DAY)
    assert (last.deleted, last.only_old) == ([], True)
    assert {path.name for path in folder.iterdir()} == {"holiday.txt", "keys-1"}


def test_it_refuses_what_does_not_belong(settings: Settings, tmp_path: Path) -> None:
    sealer(settings).seal(new_id(), "words", SPOT)
    copy = tmp_path / "copy"
    back_up_keys(settings, copy, PASSPHRASE, NOW)
    with pytest.raises(NotNow):
        back_up_keys(settings, copy, PASSPHRASE, NOW)
    with pytest.raises(WrongPassphrase):
        restore_keys(settings, copy, "another one")
    with pytest.raises(NotACopy):
        restore_keys(settings, settings.key_path, PASSPHRASE)
    with in_use(settings), pytest.raises(NotNow):
        restore_keys(settings, copy, PASSPHRASE)
    settings.key_path.unlink()
    KeyFile.make(settings.key_path)
    with pytest.raises(NotNow) as refused:
        restore_keys(settings, copy, PASSPHRASE)
    assert "another community" in refused.value.detail


def test_a_key_file_that_sealed_nothing_makes_way(settings: Settings, tmp_path: Path) -> None:
    ash = new_id()
    sealed = sealer(settings).seal(ash, "words", SPOT)
    back_up_keys(settings, tmp_path / "copy", PASSPHRASE, NOW)
    lose_the_keys(settings)
    settings.key_path.unlink()
    KeyFile.make(settings.key_path)
    sealer(settings)
    assert restore_keys(settings, tmp_path / "copy", PASSPHRASE).key_file
    assert sealer(settings).open(ash, sealed, SPOT) == "words"
    assert len(list(settings.data_dir.glob("hearth.key.unused-*"))) == 1


def test_who_was_erased_stays_so_where_that_list_was_lost_with_the_keys(
    settings: Settings, tmp_path: Path
) -> None:
    ash, birch = new_id(), new_id()
    sealed = {member: sealer(settings).seal(member, "still here", SPOT) for member in (ash, birch)}
    back_up_keys(settings, tmp_path / "copy", PASSPHRASE, NOW)
    KeyStore(settings.keys_at, KeyFile.read(settings.key_path)).shred(ash, NOW + DAY)
    assert write_erased(settings, tmp_path / "list") == 1
    lose_the_keys(settings)
    (settings.data_dir / "erased").unlink()
    restore_keys(settings, tmp_path / "copy", PASSPHRASE)
    assert sealer(settings).open(ash, sealed[ash], SPOT) == "still here", "the guard"
    assert read_erased(settings, tmp_path / "list") == 1
    with pytest.raises(Unreadable):
        sealer(settings).open(ash, sealed[ash], SPOT)
    assert sealer(settings).open(birch, sealed[birch], SPOT) == "still here"
    assert erased_members(settings) == {ash: NOW + DAY}
    assert read_erased(settings, tmp_path / "list") == 0
    (settings.data_dir / "erased").unlink()
    assert write_erased(settings, tmp_path / "list") == 1, "a list that knows more keeps it"
    with in_use(settings), pytest.raises(NotNow):
        read_erased(settings, tmp_path / "list")


def test_a_list_of_the_erased_that_was_not_signed_here_erases_nobody(
    settings: Settings, tmp_path: Path
) -> None:
    ash, birch = new_id(), new_id()
    sealed = sealer(settings).seal(ash, "still here", SPOT)
    KeyStore(settings.keys_at, KeyFile.read(settings.key_path)).shred(birch, NOW)
    listed = tmp_path / "list"
    write_erased(settings, listed)
    whole = listed.read_text()
    for forged in (f"{ash} {NOW.isoformat()}\n", f"{ash} {NOW.isoformat()}\n{whole}", "my notes"):
        listed.write_text(forged)
        with pytest.raises(Misconfigured):
            read_erased(settings, listed)
        with pytest.raises(Misconfigured):
            write_erased(settings, listed)
        assert listed.read_text() == forged
    assert sealer(settings).open(ash, sealed, SPOT) == "still here"
    listed.write_text(f"{ash} {NOW.isoformat()}\n")
    assert read_erased(settings, listed, unsigned=True) == 1
    with pytest.raises(Unreadable):
        sealer(settings).open(ash, sealed, SPOT)


def test_a_list_is_never_written_unsigned(tmp_path: Path) -> None:
    done = hearth(
        {"HEARTH_DATA_DIR": str(tmp_path)},
        "keys",
        "erased",
        "--unsigned",
        "--to",
        tmp_path / "list",
    )
    assert done.returncode
    assert "--from" in done.stderr
    assert not (tmp_path / "list").exists()


def test_an_older_list_that_names_nobody_else_is_written_over(
    settings: Settings, tmp_path: Path
) -> None:
    """From before lists were signed, or from before the key file was changed."""
    ash = new_id()
    listed = tmp_path / "list"
    listed.touch()
    assert write_erased(settings, listed) == 0
    KeyStore(settings.keys_at, KeyFile.read(settings.key_path)).shred(ash, NOW)
    listed.write_text(f"{ash} {NOW.isoformat()}\n")
    assert write_erased(settings, listed) == 1
    assert read_erased(settings, listed) == 0
    settings.key_path.write_text(KeyFile.read(settings.key_path).changed())
    settings.key_path.write_text(KeyFile.read(settings.key_path).settled())
    with pytest.raises(Misconfigured):
        read_erased(settings, listed)
    assert write_erased(settings, listed) == 1
    assert read_erased(settings, listed) == 0
