"""Keys that servers on several machines share: in a PostgreSQL database that holds nothing else."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from server.errors import Misconfigured, Unavailable
from server.ids import new_id
from server.settings import Settings, read_settings
from server.store.copies.key_copies import back_up_keys, erased_members, restore_keys
from server.store.keys import KeyFile, KeyStore
from server.store.opening import open_key_file
from server.store.sealing import Sealer, Spot, Unreadable

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
PASSPHRASE = "seven quiet otters"
SPOT = Spot("message", "sealed", new_id(), new_id())


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFile:
    KeyFile.make(tmp_path / "hearth.key")
    return KeyFile.read(tmp_path / "hearth.key")


@pytest.fixture
def machines(postgres_url: str, key_file: KeyFile) -> Iterator[list[KeyStore]]:
    """Two, as on two machines."""
    stores = [KeyStore(postgres_url, key_file) for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


async def test_what_one_machine_seals_another_opens_at_once(
    machines: list[KeyStore], key_file: KeyFile
) -> None:
    one, two = (Sealer(key_file, store) for store in machines)
    for _ in range(3):
        ash = new_id()
        assert two.open(ash, one.seal(ash, "from here", SPOT), SPOT) == "from here"
        assert one.open(ash, two.seal(ash, "from there", SPOT), SPOT) == "from there"
    assert machines[0].server_secret("hints") == machines[1].server_secret("hints")
    rows = machines[0].all()
    assert len(rows) == 4, "each member one key, whoever made it"
    assert machines[0].put_back(rows) == 0, "nothing was missing"
    machines[1].drop(ash)
    assert machines[0].put_back(rows) == 1


async def test_a_key_that_was_thrown_away_at_one_machine_opens_nothing_at_the_others(
    machines: list[KeyStore], key_file: KeyFile
) -> None:
    one, two = (Sealer(key_file, store) for store in machines)
    ash, birch = new_id(), new_id()
    sealed = {who: one.seal(who, "words", SPOT) for who in (ash, birch)}
    assert two.open(ash, sealed[ash], SPOT) == "words", "the guard: it is in its memory"
    rows = one._keys.all()
    one.shred(ash, NOW)
    began = time.perf_counter()
    while True:
        try:
            two.open(ash, sealed[ash], SPOT)
        except Unreadable:
            break
        assert time.perf_counter() - began < 10
        await asyncio.sleep(0.05)
    assert two.open(birch, sealed[birch], SPOT) == "words"
    assert machines[1].erased() == {ash: NOW}
    assert two._keys.put_back(rows) == 0, "no copy brings it back"


async def test_a_key_that_an_old_dump_brought_back_is_gone_when_the_store_is_opened(
    postgres_url: str, machines: list[KeyStore], key_file: KeyFile
) -> None:
    ash = new_id()
    sealed = Sealer(key_file, machines[0]).seal(ash, "words", SPOT)
    [row] = machines[0].all()
    machines[0].shred(ash, NOW)
    database = await asyncpg.connect(postgres_url)
    await database.execute("INSERT INTO member_key VALUES ($1, $2, $3, $4)", *row)
    await database.close()
    again = KeyStore(postgres_url, key_file)
    with pytest.raises(Unreadable):
        Sealer(key_file, again).open(ash, sealed, SPOT)
    again.close()


async def test_a_database_that_goes_refuses_soon_and_is_found_again(
    postgres_url: str, machines: list[KeyStore], key_file: KeyFile
) -> None:
    sealer, ash, birch = Sealer(key_file, machines[0]), new_id(), new_id()
    sealed = sealer.seal(ash, "words", SPOT)
    database = await asyncpg.connect(postgres_url)
    name = await database.fetchval("SELECT current_database()")
    await database.close()
    admin = await asyncpg.connect(postgres_url.rpartition("/")[0] + "/postgres")
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    try:
        with pytest.raises(Unavailable):
            sealer.seal(birch, "words", SPOT)
        assert sealer.open(ash, sealed, SPOT) == "words", "who is known is read on"
    finally:
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await admin.close()
    async with asyncio.timeout(10):
        while True:
            try:
                sealer.seal(birch, "words", SPOT)
                break
            except Unavailable:
                await asyncio.sleep(0.1)
    assert len(machines[1].all()) == 2


async def test_keys_are_changed_for_all_at_once(
    machines: list[KeyStore], key_file: KeyFile, tmp_path: Path
) -> None:
    ash = new_id()
    sealed = Sealer(key_file, machines[0]).seal(ash, "words", SPOT)
    path = tmp_path / "hearth.key"
    path.write_text(key_file.changed())
    changed = KeyFile.read(path)
    anew = KeyStore(machines[0]._shelf._url, changed)  # type: ignore[attr-defined]
    assert anew.begin_change(NOW)
    assert anew.wrap_some_again(10) == 1
    assert anew.wrap_some_again(10) == 0
    assert Sealer(changed, anew).open(ash, sealed, SPOT) == "words"
    async with asyncio.timeout(10):
        while machines[1].version == 1:  # noqa: ASYNC110 - it looks once a second
            await asyncio.sleep(0.05)
    assert machines[1].newest(ash)[0] == 2
    assert anew.drop_retired() == 1
    anew.close()


async def test_copies_of_shared_keys_come_back_without_those_who_were_erased(
    postgres_url: str, key_file: KeyFile, tmp_path: Path
) -> None:
    settings = read_settings({}, data_dir=tmp_path, keys_database=postgres_url)
    store = KeyStore(settings.keys_at, key_file)
    sealer, ash, birch = Sealer(key_file, store), new_id(), new_id()
    sealed = {who: sealer.seal(who, "words", SPOT) for who in (ash, birch)}
    assert back_up_keys(settings, tmp_path / "copy", PASSPHRASE, NOW) == 2
    store.shred(ash, NOW)
    store.drop(birch)
    back = restore_keys(settings, tmp_path / "copy", PASSPHRASE)
    assert (back.members, back.erased) == (1, 1)
    assert erased_members(settings) == {ash: NOW}
    assert sealer.open(birch, sealed[birch], SPOT) == "words"
    store.close()


def refusal(try_it: Callable[[], object]) -> str:
    with pytest.raises(Misconfigured) as refused:
        try_it()
    return refused.value.detail


async def test_keys_and_words_never_share_a_database(postgres_url: str, key_file: KeyFile) -> None:
    both = {"database_url": postgres_url, "keys_database": postgres_url}
    assert "of their own" in refusal(lambda: read_settings({}, **both))
    database = await asyncpg.connect(postgres_url)
    await database.execute("CREATE TABLE message (id int)")
    await database.close()
    assert "of their own" in refusal(lambda: KeyStore(postgres_url, key_file))
    nowhere = "postgresql://hearth@127.0.0.1:1/nowhere"
    assert "does not answer" in refusal(lambda: KeyStore(nowhere, key_file))
    assert "HEARTH_KEYS_DATABASE" in refusal(lambda: read_settings({}, keys_database="mysql://x"))


def test_a_further_machine_makes_no_key_of_its_own(tmp_path: Path) -> None:
    alone: Settings = read_settings({}, data_dir=tmp_path / "alone")
    assert open_key_file(alone).id
    shared = read_settings({}, data_dir=tmp_path / "second", keys_database="postgresql://db/keys")
    assert "HEARTH_KEY_FILE" in refusal(lambda: open_key_file(shared))
    assert not shared.key_path.exists()
