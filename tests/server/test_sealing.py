"""Sealed text: unreadable on disk, and only where it was written."""

import random
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from server.errors import Misconfigured
from server.ids import new_id
from server.protocol import frames
from server.services import posting, rooms
from server.store.keys import KeyFile, KeyStore
from server.store.sealing import Spot, Unreadable
from tests.server.readings import calm
from tests.server.store_fixture import MONDAY, House, sealer_in

CANARY = "the-canary-sings-at-dawn"


def spot() -> Spot:
    return Spot("message", "sealed", new_id(), new_id())


def test_sealed_text_opens_where_it_was_written(tmp_path: Path) -> None:
    sealer, owner, here = sealer_in(tmp_path), new_id(), spot()
    sealed = sealer.seal(owner, CANARY, here)
    assert CANARY.encode() not in sealed
    assert sealer.open(owner, sealed, here) == CANARY


@pytest.mark.parametrize("field", ["table", "column", "row", "room"])
def test_text_moved_to_another_place_does_not_open(tmp_path: Path, field: str) -> None:
    sealer, owner, here = sealer_in(tmp_path), new_id(), spot()
    other: Any = "other" if field in {"table", "column"} else new_id()
    moved = here._replace(**{field: other})
    with pytest.raises(Unreadable):
        sealer.open(owner, sealer.seal(owner, CANARY, here), moved)


def test_text_of_one_member_does_not_open_with_the_key_of_another(tmp_path: Path) -> None:
    sealer, ash, birch, here = sealer_in(tmp_path), new_id(), new_id(), spot()
    sealer.seal(birch, "anything", here)
    with pytest.raises(Unreadable):
        sealer.open(birch, sealer.seal(ash, CANARY, here), here)


def test_one_changed_byte_is_noticed(tmp_path: Path) -> None:
    sealer, owner, here = sealer_in(tmp_path), new_id(), spot()
    sealed = sealer.seal(owner, CANARY, here)
    for position in range(len(sealed)):
        forged = bytearray(sealed)
        forged[position] ^= 1
        with pytest.raises(Unreadable):
            sealer.open(owner, bytes(forged), here)


def test_ten_thousand_flipped_bits_and_every_cut_open_nothing(tmp_path: Path) -> None:
    sealer, owner, here, rng = sealer_in(tmp_path), new_id(), spot(), random.Random(7)
    texts = [sealer.seal(owner, CANARY * number, here) for number in range(50)]
    wrong = [flipped(rng.choice(texts), rng) for _ in range(10_000)]
    wrong += [sealed[:length] for sealed in texts[:3] for length in range(len(sealed))]
    for forged in wrong:
        with pytest.raises(Unreadable):
            sealer.open(owner, forged, here)
    assert [sealer.open(owner, sealed, here) for sealed in texts] == [CANARY * n for n in range(50)]


def flipped(sealed: bytes, rng: random.Random) -> bytes:
    """One bit of it, anywhere."""
    bit = rng.randrange(len(sealed) * 8)
    return (int.from_bytes(sealed) ^ (1 << bit)).to_bytes(len(sealed))


def test_a_shredded_key_leaves_nothing_to_read(tmp_path: Path) -> None:
    sealer, owner, here = sealer_in(tmp_path), new_id(), spot()
    sealed = sealer.seal(owner, CANARY, here)
    sealer.shred(owner, MONDAY)
    with pytest.raises(Unreadable):
        sealer.open(owner, sealed, here)


def test_keys_survive_a_restart_and_belong_to_their_key_file(tmp_path: Path) -> None:
    owner, here = new_id(), spot()
    sealed = sealer_in(tmp_path).seal(owner, CANARY, here)
    again = KeyFile.read(tmp_path / "hearth.key")
    assert KeyStore(tmp_path / "keys.sqlite3", again).find(owner, 1) is not None
    KeyFile.make(tmp_path / "other.key")
    with pytest.raises(Misconfigured):
        KeyStore(tmp_path / "keys.sqlite3", KeyFile.read(tmp_path / "other.key")).find(owner, 1)
    assert sealed


def test_the_key_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "hearth.key"
    KeyFile.make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(Misconfigured) as refused:
        KeyFile.read(path)
    assert "HEARTH_KEY_FILE" in refused.value.detail


@pytest.mark.parametrize("text", ["", "hearth-key-1 short", "something else entirely"])
def test_what_is_not_a_key_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hearth.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Misconfigured):
        KeyFile.read(path)


@pytest.mark.embedded("the files of the database are looked through")
async def test_no_words_lie_readable_on_the_disk(house: House, tmp_path: Path) -> None:
    ash = await house.join("Ash")
    room = await house.room("Kitchen", (ash, "member"))
    message = await house.say(room, ash, CANARY)
    await house.case(room, ash, message, refused_text=CANARY)
    noted = frames.Post(
        type="post", room=room, client_id=new_id(), text="hello", content_note=CANARY
    )
    await house.do(lambda work: posting.post(work, ash, noted, calm()))
    page = await house.do(lambda work: rooms.history(work, ash, room, None))
    assert page.messages[-1].content_note == CANARY, "the guard: it can be read where it may be"
    connection = sqlite3.connect(tmp_path / "hearth.sqlite3")
    assert connection.execute("SELECT count(*) FROM message").fetchone() == (2,), (
        "the guard: it is there"
    )
    connection.close()
    assert not [name for name, content in contents(tmp_path) if CANARY.encode() in content]


def contents(folder: Path) -> list[tuple[str, bytes]]:
    return [(file.name, file.read_bytes()) for file in folder.iterdir()]
