"""The first start: a door for the first steward, and a key file that belongs."""

from functools import partial
from pathlib import Path

import pytest

from server.errors import Misconfigured
from server.services.founding import found
from server.settings import read_settings
from server.store.keys import KeyFile
from server.store.opening import open_key_file
from server.store.place import get_place
from server.store.tables import Place
from server.store.work import Work
from tests.server.live_server import LiveServer
from tests.server.store_fixture import House

opened = partial(found, open_to_all=True)


async def test_a_server_makes_its_key_and_its_database_where_there_is_nothing(
    tmp_path: Path,
) -> None:
    server = LiveServer(tmp_path / "hearth")
    server.from_nothing = True
    try:
        await server.start()
        assert "made a new key file" in server.log.read_text(encoding="utf-8")
        assert (await server.on_database(get_place)).sign_up == "open"
    finally:
        server.kill()


def forget(work: Work) -> None:
    work.session.delete(get_place(work))


async def test_each_start_opens_a_new_door_until_there_is_a_steward(house: House) -> None:
    await house.do(forget)
    first, second = await house.do(opened), await house.do(opened)
    assert first
    assert second
    assert first != second


@pytest.mark.parametrize(("open_to_all", "sign_up"), [(True, "open"), (False, "invited")])
async def test_a_place_that_others_reach_begins_with_invitations(
    house: House, open_to_all: bool, sign_up: str
) -> None:
    await house.do(forget)
    await house.do(partial(found, open_to_all=open_to_all))
    assert (await house.do(get_place)).sign_up == sign_up


async def test_a_community_sealed_with_another_key_is_not_opened(house: House) -> None:
    await house.do(forget)
    await house.do(opened)

    def other_key(work: Work) -> None:
        place: Place = get_place(work)
        place.key_file = "another"
        work.session.add(place)

    await house.do(other_key)
    with pytest.raises(Misconfigured) as refused:
        await house.do(opened)
    assert "HEARTH_KEY_FILE" in refused.value.detail


@pytest.mark.parametrize("left", ["hearth.sqlite3", "keys.sqlite3"])
def test_a_lost_key_is_never_replaced_in_silence(tmp_path: Path, left: str) -> None:
    settings = read_settings({}, data_dir=tmp_path)
    (tmp_path / left).touch()
    with pytest.raises(Misconfigured):
        open_key_file(settings)
    assert not settings.key_path.exists()


def test_the_first_start_makes_a_key_and_the_second_reads_it(tmp_path: Path) -> None:
    settings = read_settings({}, data_dir=tmp_path)
    assert open_key_file(settings).id == KeyFile.read(settings.key_path).id
